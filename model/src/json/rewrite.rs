use std::borrow::Cow;

use super::{Escapes, Fault, Kind, Reader, string};

/// Writes the value that is all of `text` on one line without white space, each key of an object once
/// with the value given last, and U+FFFD for halves of surrogate pairs. Numbers stay as they were written.
pub(crate) fn rewrite(text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let dropped = overridden_members(text)?;
    let mut dropped = dropped.iter().copied().peekable();
    let mut reader = Reader::new(text.as_bytes(), usize::MAX);
    let (mut skip_to, start) = (0, out.len());
    while let Some(token) = reader.token()? {
        while let Some((_, end)) = dropped.next_if(|(start, _)| *start <= token.start) {
            skip_to = skip_to.max(end);
        }
        if token.start < skip_to {
            continue;
        }
        let closing = matches!(token.kind, Kind::ObjectEnd | Kind::ArrayEnd);
        // No token but these three ends in such a byte: strings end in a quote.
        let first = out.len() == start || matches!(out.last(), Some(b'{' | b'[' | b':'));
        if !closing && !first {
            out.push(b',');
        }
        match token.kind {
            Kind::Key => {
                string::write(&string::unescape(token.inner(text)), out);
                out.push(b':');
            }
            Kind::String if token.escapes == Escapes::LoneSurrogate => {
                string::write(&string::unescape(token.inner(text)), out);
            }
            _ => out.extend_from_slice(text.get(token.start..token.end).unwrap_or_default().as_bytes()),
        }
    }
    Ok(())
}

/// A key, and where its member begins and ends.
struct Member<'a> {
    key: Cow<'a, str>,
    start: usize,
    end: usize,
}

/// The spans of the members whose key is given again later in the same object, by start.
fn overridden_members(text: &str) -> Result<Vec<(usize, usize)>, Fault> {
    let mut overridden = Vec::new();
    let mut members: Vec<Member<'_>> = Vec::new();
    // For each open container where its members begin.
    let mut open: Vec<usize> = Vec::new();
    let mut reader = Reader::new(text.as_bytes(), usize::MAX);
    while let Some(token) = reader.token()? {
        match token.kind {
            Kind::Key => {
                let key = string::unescape(token.inner(text));
                members.push(Member { key, start: token.start, end: token.end });
                continue;
            }
            Kind::Object | Kind::Array => open.push(members.len()),
            Kind::ObjectEnd | Kind::ArrayEnd => {
                let first = open.pop().unwrap_or_default();
                let own = members.get_mut(first..).unwrap_or_default();
                own.sort_by(|one, other| one.key.cmp(&other.key));
                let earlier = own.windows(2).filter(|pair| pair[0].key == pair[1].key);
                overridden.extend(earlier.map(|pair| (pair[0].start, pair[0].end)));
                members.truncate(first);
            }
            _ => {}
        }
        if let Some(member) = members.last_mut() {
            member.end = token.end;
        }
    }
    overridden.sort_unstable();
    Ok(overridden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        let mut out = Vec::new();
        rewrite(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn white_space_goes_and_numbers_stay() {
        assert_eq!(
            rewritten(" {\n \"a\" : [ 1 , -0.10e+5 , { } , [ ] , \"b , c\" ] ,\r\n\t\"d\" : null } "),
            r#"{"a":[1,-0.10e+5,{},[],"b , c"],"d":null}"#
        );
        assert_eq!(rewritten(" 1e999 "), "1e999");
        assert_eq!(rewritten("[true,false]"), "[true,false]");
    }

    #[test]
    fn the_last_of_equal_keys_wins_at_every_level() {
        for (text, expected) in [
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2,"a":3}"#),
            (r#"{"a":{"x":1,"x":2},"a":{"y":1,"y":[{"z":1,"z":2}]}}"#, r#"{"a":{"y":[{"z":2}]}}"#),
            (r#"[{"a":1,"a":2},{"a":3},"a"]"#, r#"[{"a":2},{"a":3},"a"]"#),
            (r#"{"a":1,"\u0061":2,"A":3}"#, r#"{"a":2,"A":3}"#),
            (r#"{"a":[1,{"b":2}],"a":[],"a":{},"c":"d"}"#, r#"{"a":{},"c":"d"}"#),
            (r#"{"\ud800":1,"\udfff":2}"#, "{\"\u{fffd}\":2}"),
        ] {
            assert_eq!(rewritten(text), expected, "{text}");
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_are_replaced_and_other_escapes_kept() {
        assert_eq!(
            rewritten(r#"{"a":"\ud800!","b":"\u00e9\ud83d\ude00"}"#),
            "{\"a\":\"\u{fffd}!\",\"b\":\"\\u00e9\\ud83d\\ude00\"}"
        );
    }

    #[test]
    fn rewriting_twice_changes_nothing_more() {
        for text in [r#"{"a":1,"a":{"\n":"\ud800","k":[1,{}]}}"#, "[\n1,\n2]", r#"{"\"":"\/"}"#] {
            let once = rewritten(text);
            assert_eq!(rewritten(&once), once);
        }
    }
}
