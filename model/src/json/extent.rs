//! Where values end, by quotes and brackets alone: for text that may not be JSON, to find what follows.

/// What ends an element of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    /// A comma at this offset.
    Comma(usize),
    /// The bracket that closes the array, at this offset.
    Close(usize),
    /// The end of the text.
    End,
}

/// What ends the element that begins at `at`. White space may stand before and behind it.
pub(crate) fn element_end(bytes: &[u8], mut at: usize) -> Element {
    let mut depth = 0usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => return Element::End,
            },
            b'{' | b'[' => depth += 1,
            b',' if depth == 0 => return Element::Comma(at),
            b']' if depth == 0 => return Element::Close(at),
            // One brace too many is left to the element.
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Element::End
}

/// Behind the object or array that begins at `at`; `None` where it does not end.
pub(crate) fn container_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Behind the closing quote of the string whose opening one is at `at`. Raw control bytes are passed
/// over: senders that forget to escape line breaks still close their strings.
#[inline]
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_ends_at_its_own_level_only() {
        let text = br#"{"a":[1,2],"b":"],}\""} , 2 ]"#;
        assert_eq!(element_end(text, 0), Element::Comma(text.len() - 5));
        assert_eq!(element_end(text, text.len() - 4), Element::Close(text.len() - 1));
        assert_eq!(element_end(b"{\"a\":1}}, 2", 0), Element::Comma(8));
        assert_eq!(element_end(b" {} ", 0), Element::End);
        assert_eq!(element_end(b"{\"a\":[1}", 0), Element::End);
        assert_eq!(element_end(b"\"a]", 0), Element::End);
        assert_eq!(element_end(b"\"a\\", 0), Element::End);
    }

    #[test]
    fn a_container_ends_with_its_last_bracket() {
        assert_eq!(container_end(br#"{"a":{"}":[]}} {}"#, 0), Some(14));
        assert_eq!(container_end(b"{\"a\":\"\n\"}", 0), Some(9));
        assert_eq!(container_end(b"{\"a\"", 0), None);
        assert_eq!(container_end(b"{\"", 0), None);
    }
}
