//! Patterns of `*` and `?`.

use serde::Serialize;

/// A wildcard pattern: literals, `?` for one character, `*` for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wildcard(pub Vec<WildcardPart>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WildcardPart {
    Literal(String),
    AnyCharacter,
    AnyRun,
}

impl Wildcard {
    /// A regular expression in the syntax of the `regex` crate that finds what the pattern matches: in
    /// the whole text with `anchored`, otherwise anywhere. `?` and `*` match line breaks too.
    pub fn to_regex(&self, anchored: bool) -> String {
        let mut regex = String::from(if anchored { r"(?s)\A" } else { "(?s)" });
        for part in &self.0 {
            match part {
                WildcardPart::Literal(text) => regex.push_str(&regex_syntax::escape(text)),
                WildcardPart::AnyCharacter => regex.push('.'),
                WildcardPart::AnyRun => regex.push_str(".*"),
            }
        }
        if anchored {
            regex.push_str(r"\z");
        }
        regex
    }
}
