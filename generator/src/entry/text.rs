//! JSON strings with the fewest escapes: quote, backslash and control characters.

/// Appends `text` as a JSON string, quotes included.
pub fn push_string_bytes(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0..=0x1f => 0,
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain_from..index]);
        plain_from = index + 1;
        if short == 0 {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 0xf)]);
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
    }
    out.extend_from_slice(&bytes[plain_from..]);
    out.push(b'"');
}

/// As [`push_string_bytes`], onto text.
pub fn push_string(text: &str, out: &mut String) {
    let mut bytes = std::mem::take(out).into_bytes();
    push_string_bytes(text, &mut bytes);
    // Only whole characters of valid text and ASCII were appended, so nothing is ever replaced here.
    *out = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back_by_a_json_parser() {
        let every_control: String = (0..0x20u8).map(char::from).collect();
        for text in ["", "plain", "\"\\/", "naïve 日本 🚀 \u{2028}\u{7f}", every_control.as_str()] {
            let mut out = "before".to_owned();
            push_string(text, &mut out);
            let json = out.strip_prefix("before").unwrap();
            assert_eq!(serde_json::from_str::<String>(json).unwrap(), text);
            assert_eq!(json, serde_json::to_string(text).unwrap());
        }
    }
}
