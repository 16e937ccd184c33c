//! The labels of a stream as its protobuf writes them: `{app="shop", path="C:\\logs"}`.

use std::borrow::Cow;

/// Hands on every label; `None` where the text is not written so.
pub(super) fn read<'a>(text: &'a str, mut take: impl FnMut(&'a str, Cow<'a, str>)) -> Option<()> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('`') {
            Some(raw) => raw.split_once('`').map(|(value, after)| (Cow::Borrowed(value), after))?,
            None => quoted(after.strip_prefix('"')?)?,
        };
        take(name.trim().trim_matches('"'), value);
        rest = match after.trim_start().strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.trim().is_empty() => "",
            None => return None,
        };
    }
    Some(())
}

/// A string of Go behind its opening quote, and what follows its closing one.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let bytes = text.as_bytes();
    let first = memchr::memchr2(b'"', b'\\', bytes)?;
    if bytes[first] == b'"' {
        return Some((Cow::Borrowed(&text[..first]), &text[first + 1..]));
    }
    // Escapes may spell bytes of which several make a character.
    let mut value = bytes[..first].to_vec();
    let mut at = first;
    loop {
        match bytes.get(at)? {
            b'"' => break,
            b'\\' => at += unescape(bytes.get(at + 1..)?, &mut value)? + 1,
            _ => {
                let plain = memchr::memchr2(b'"', b'\\', &bytes[at..])?;
                value.extend_from_slice(&bytes[at..at + plain]);
                at += plain;
            }
        }
    }
    let value = match String::from_utf8(value) {
        Ok(value) => value,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    Some((Cow::Owned(value), text.get(at + 1..)?))
}

/// Appends what the escape behind a backslash stands for, and returns its length.
fn unescape(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let code = |digits: &[u8], radix| u32::from_str_radix(str::from_utf8(digits).ok()?, radix).ok();
    let byte = match escape.first()? {
        b'a' => 0x7,
        b'b' => 0x8,
        b'f' => 0xc,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0xb,
        byte @ (b'"' | b'\\' | b'\'') => *byte,
        b'x' => {
            out.push(u8::try_from(code(escape.get(1..3)?, 16)?).ok()?);
            return Some(3);
        }
        b'0'..=b'7' => {
            out.push(u8::try_from(code(escape.get(..3)?, 8)?).ok()?);
            return Some(3);
        }
        kind @ (b'u' | b'U') => {
            let length = if *kind == b'u' { 5 } else { 9 };
            let character =
                char::from_u32(code(escape.get(1..length)?, 16)?).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(length);
        }
        _ => return None,
    };
    out.push(byte);
    Some(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(text: &str) -> Option<Vec<(String, String)>> {
        let mut labels = Vec::new();
        read(text, |name, value| labels.push((name.to_owned(), value.into_owned()))).map(|()| labels)
    }

    #[test]
    fn labels_are_read_with_their_escapes() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (text, expected) in [
            ("{}", vec![]),
            (r#"{level="info",app="shop"}"#, vec![pair("level", "info"), pair("app", "shop")]),
            (r#" { a = "1" , b="2", } "#, vec![pair("a", "1"), pair("b", "2")]),
            (r#"{a="q\"\\\n\tx", b="}, c=\"d\""}"#, vec![pair("a", "q\"\\\n\tx"), pair("b", "}, c=\"d\"")]),
            (
                r#"{a="\x41\101\u00e9\U0001f600", "k.l"=`raw\n`}"#,
                vec![pair("a", "AAé😀"), pair("k.l", "raw\\n")],
            ),
            (r#"{a="\xc3\xa9\xff"}"#, vec![pair("a", "é\u{fffd}")]),
            (r#"{a="größe"}"#, vec![pair("a", "größe")]),
        ] {
            assert_eq!(labels(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "app=\"shop\"",
            "{a}",
            "{a=1}",
            r#"{a="1""#,
            r#"{a="1" b="2"}"#,
            r#"{a="\q"}"#,
            r#"{a="\x4"}"#,
            r#"{a="\400"}"#,
        ] {
            assert_eq!(labels(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_labels_end(text in r#"\{?[a-z="\\`,xuU0-9é{} ]{0,40}\}?"#) {
            labels(&text);
        }
    }
}
