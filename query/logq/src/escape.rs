//! Text of strangers on a terminal: nothing in it may move the cursor, change colours or reorder what is read.

use std::borrow::Cow;
use std::fmt::Write;

/// One line of text with every control character spelled out, tabs as four spaces.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replace(text, |c, out| {
        _ = match c {
            '\t' => write!(out, "    "),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            c if c.is_ascii() => write!(out, "\\x{:02x}", u32::from(c)),
            c => write!(out, "\\u{{{:x}}}", u32::from(c)),
        };
    })
}

/// JSON as another spelling of the same JSON.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    replace(text, |c, out| {
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn replace(text: &str, spell: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_harmful(c) {
            true => spell(c, &mut out),
            false => out.push(c),
        }
    }
    out.into()
}

/// Controls (C0, DEL, C1), and the marks that turn the direction of text around.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_are_spelled_out() {
        assert_eq!(line("a\u{1b}[2Jb\u{7}\u{7f}\t."), "a\\x1b[2Jb\\x07\\x7f    .");
        assert_eq!(line("\u{9b}31m \u{202e}gnp.exe"), "\\u{9b}31m \\u{202e}gnp.exe");
        assert!(matches!(line("plain é 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_means_the_same() {
        let text = "{\"m\":\"a\u{9b}b\u{202e}\u{7f}\"}";
        let escaped = json(text);
        assert_eq!(escaped, r#"{"m":"a\u009bb\u202e\u007f"}"#);
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parsed(&escaped), parsed(text));
    }
}
