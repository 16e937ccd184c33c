//! Structured data: `[ID NAME="VALUE" …]…`, as an object of objects.

use std::borrow::Cow;

use crate::entry::Members;

/// Parameters of one message up to which they keep their order.
const FEW: usize = 32;

/// The length of the structured data at the front, `-` included; `None` where it is not well-formed.
pub(super) fn extent(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix('-') {
        return (rest.is_empty() || rest.starts_with(' ')).then_some(1);
    }
    let mut rest = text;
    while rest.starts_with('[') {
        (_, rest) = element(rest, |_, _| {})?;
    }
    Some(text.len() - rest.len()).filter(|length| *length > 0)
}

/// Writes the elements under `structuredData`. A name that comes several times has an array of its values.
pub(super) fn write(text: &str, members: &mut Members) {
    let mut parameters: Vec<(&str, Option<(&str, &str)>)> = Vec::new();
    let mut rest = text;
    while rest.starts_with('[') {
        let first = parameters.len();
        let Some((id, after)) = element(rest, |name, value| parameters.push(("", Some((name, value)))))
        else {
            break;
        };
        if parameters.len() == first {
            parameters.push((id, None));
        }
        parameters.iter_mut().skip(first).for_each(|parameter| parameter.0 = id);
        rest = after;
    }
    group(&mut parameters);
    members.open_object("structuredData");
    for element in parameters.chunk_by(|one, other| one.0 == other.0) {
        let Some((id, _)) = element.first() else { continue };
        members.open_object(id);
        let named = element.iter().filter_map(|(_, parameter)| *parameter);
        let named: Vec<_> = named.collect();
        for values in named.chunk_by(|one, other| one.0 == other.0) {
            match values {
                [(name, value)] => members.string(name, &unescaped(value)),
                [(name, _), ..] => {
                    members.open_array(name);
                    values.iter().for_each(|(_, value)| members.push_string(&unescaped(value)));
                    members.close();
                }
                [] => {}
            }
        }
        members.close();
    }
    members.close();
}

/// Puts parameters of one name behind each other.
fn group(parameters: &mut [(&str, Option<(&str, &str)>)]) {
    let key = |parameter: &(&str, Option<(&str, &str)>)| {
        (parameter.0.to_owned(), parameter.1.map(|p| p.0.to_owned()))
    };
    if parameters.len() > FEW {
        parameters.sort_by_cached_key(key);
        return;
    }
    let known: Vec<_> = parameters.iter().map(|(id, parameter)| (*id, parameter.map(|p| p.0))).collect();
    let place = |id: &str, name: Option<&str>| {
        let element = known.iter().position(|other| other.0 == id);
        (element, known.iter().position(|other| other.0 == id && other.1 == name))
    };
    parameters.sort_by_key(|(id, parameter)| place(id, parameter.map(|p| p.0)));
}

/// Reads the element at the front: its id, its parameters as they are written, and what follows.
fn element<'a>(text: &'a str, mut take: impl FnMut(&'a str, &'a str)) -> Option<(&'a str, &'a str)> {
    let text = text.strip_prefix('[')?;
    let end = text.bytes().position(|byte| matches!(byte, b' ' | b']' | b'=' | b'"'))?;
    let (id, mut rest) = text.split_at_checked(end)?;
    if id.is_empty() {
        return None;
    }
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix(']') {
            return Some((id, after));
        }
        let end = rest.bytes().position(|byte| matches!(byte, b' ' | b']' | b'=' | b'"'))?;
        let (name, after) = rest.split_at_checked(end)?;
        let value = after.strip_prefix("=\"").filter(|_| !name.is_empty())?;
        let length = value_length(value)?;
        take(name, value.get(..length)?);
        rest = value.get(length + 1..)?;
    }
}

/// Where the value's closing quote is.
fn value_length(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.as_bytes().get(at..)?)?;
        match text.as_bytes().get(at)? {
            b'"' => return Some(at),
            _ => at += 2,
        }
    }
}

/// A backslash escapes `"`, `\` and `]`; before anything else it is itself.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some(next @ ('"' | '\\' | ']'))) => {
                text.push(*next);
                characters.next();
            }
            _ => text.push(c),
        }
    }
    Cow::Owned(text)
}
