use std::borrow::Cow;

use crate::entry::{Limits, Members, Rejection};
use crate::json::{Fault, Kind};
use crate::wire::cursor::Cursor;
use crate::wire::otlp::any::{Any, Container};

/// The text of an `arrayValue` or a `kvlistValue`.
#[derive(Debug)]
pub(super) struct Composite<'a> {
    keyed: bool,
    text: &'a str,
}

impl Container for Composite<'_> {
    fn write(self, members: &mut Members, limits: &Limits) -> Result<(), Rejection> {
        write_list(&mut Cursor::new(self.text), self.keyed, members, limits)
    }
}

/// Hands on the keys of an array of keys and values, and the texts of their values.
pub(super) fn key_values<'a>(
    cursor: &mut Cursor<'a>,
    mut take: impl FnMut(Cow<'a, str>, &'a str) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    if !cursor.enter(Kind::Array)? {
        return Ok(());
    }
    while cursor.element()? {
        if !cursor.enter(Kind::Object)? {
            continue;
        }
        let (mut key, mut value) = (Cow::Borrowed(""), "");
        while let Some(name) = cursor.key()? {
            match &*name {
                "key" => key = cursor.text()?,
                "value" => value = cursor.skip()?,
                _ => drop(cursor.skip()?),
            }
        }
        take(key, value)?;
    }
    Ok(())
}

/// An `AnyValue`, given its text. A bare string, number or boolean is taken for what it is.
pub(super) fn any<'a>(text: &'a str) -> Result<Any<'a, Composite<'a>>, Fault> {
    if text.is_empty() {
        return Ok(Any::Empty);
    }
    let mut cursor = Cursor::new(text);
    let (kind, bare) = cursor.scalar()?;
    if kind != Kind::Object {
        return Ok(bare_scalar(kind, bare));
    }
    cursor.enter(Kind::Object)?;
    let mut value = Any::Empty;
    while let Some(name) = cursor.key()? {
        let found = match &*name {
            "arrayValue" | "array_value" => Any::Container(Composite { keyed: false, text: cursor.skip()? }),
            "kvlistValue" | "kvlist_value" => Any::Container(Composite { keyed: true, text: cursor.skip()? }),
            name => leaf(name, &mut cursor)?,
        };
        if matches!(value, Any::Empty) {
            value = found;
        }
    }
    Ok(value)
}

/// The value of a member of an `AnyValue` that is no container.
fn leaf<'a, C>(name: &str, cursor: &mut Cursor<'a>) -> Result<Any<'a, C>, Fault> {
    let number = match name {
        "stringValue" | "string_value" | "bytesValue" | "bytes_value" => false,
        "boolValue" | "bool_value" | "intValue" | "int_value" | "doubleValue" | "double_value" => true,
        _ => {
            cursor.skip()?;
            return Ok(Any::Empty);
        }
    };
    let (kind, text) = cursor.scalar()?;
    Ok(match kind {
        Kind::Object | Kind::Array => {
            cursor.skip()?;
            Any::Empty
        }
        // Integers of 64 bits come as strings, since not every reader of JSON keeps them.
        Kind::String if number => match text {
            Cow::Borrowed(text) if is_integer(text) => Any::Number(text),
            text => Any::Text(text),
        },
        kind => bare_scalar(kind, text),
    })
}

fn bare_scalar<'a, C>(kind: Kind, text: Cow<'a, str>) -> Any<'a, C> {
    match (kind, text) {
        (Kind::String, text) => Any::Text(text),
        (Kind::Number, Cow::Borrowed(text)) => Any::Number(text),
        (Kind::True, _) => Any::Boolean(true),
        (Kind::False, _) => Any::Boolean(false),
        _ => Any::Empty,
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits == "0" || !digits.starts_with('0');
    plain && (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes the `values` of the object that comes next as an array, or as an object of their keys.
fn write_list(
    cursor: &mut Cursor<'_>,
    keyed: bool,
    members: &mut Members,
    limits: &Limits,
) -> Result<(), Rejection> {
    if keyed {
        members.push_object()
    } else {
        members.push_array()
    }
    if cursor.enter(Kind::Object)? {
        while let Some(name) = cursor.key()? {
            if name != "values" {
                cursor.skip()?;
            } else if cursor.enter(Kind::Array)? {
                while cursor.element()? {
                    if keyed {
                        write_pair(cursor, members, limits)?;
                    } else {
                        write_any(cursor, members, limits)?;
                    }
                }
            }
        }
    }
    members.close();
    Ok(())
}

fn write_pair(cursor: &mut Cursor<'_>, members: &mut Members, limits: &Limits) -> Result<(), Rejection> {
    if !cursor.enter(Kind::Object)? {
        return Ok(());
    }
    let (mut key, mut early, mut written) = (None, "", false);
    while let Some(name) = cursor.key()? {
        match (&*name, &key) {
            ("key", None) => key = Some(cursor.text()?),
            // Written as it is read, so that no depth is gone through again and again.
            ("value", Some(key)) if !written => {
                members.key(key);
                write_any(cursor, members, limits)?;
                written = true;
            }
            ("value", None) => early = cursor.skip()?,
            _ => drop(cursor.skip()?),
        }
    }
    if !written {
        members.key(&key.unwrap_or_default());
        any(early)?.write(members, limits)?;
    }
    Ok(())
}

/// Writes the `AnyValue` that comes next.
fn write_any(cursor: &mut Cursor<'_>, members: &mut Members, limits: &Limits) -> Result<(), Rejection> {
    let (kind, bare) = cursor.scalar()?;
    if kind != Kind::Object {
        if kind == Kind::Array {
            cursor.skip()?;
        }
        return bare_scalar::<Composite<'_>>(kind, bare).write(members, limits);
    }
    cursor.enter(Kind::Object)?;
    let mut written = false;
    while let Some(name) = cursor.key()? {
        match &*name {
            _ if written => drop(cursor.skip()?),
            "arrayValue" | "array_value" | "kvlistValue" | "kvlist_value" => {
                limits.check_depth(members.depth() + 1)?;
                write_list(cursor, name.starts_with('k'), members, limits)?;
                written = true;
            }
            name => {
                let value = leaf::<Composite<'_>>(name, cursor)?;
                written = !matches!(value, Any::Empty);
                if written {
                    value.write(members, limits)?;
                }
            }
        }
    }
    if !written {
        members.push_null();
    }
    Ok(())
}
