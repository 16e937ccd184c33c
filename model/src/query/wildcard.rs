//! Patterns of `*` and `?`.

use regex::{Regex, RegexBuilder};
use serde::Serialize;

use super::prefilter::Prefilter;
use super::text::{fold, is_token_char};

/// A wildcard pattern may have this many characters.
pub const WILDCARD_LIMIT: usize = 1_000;

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
        let parts = if anchored { &self.0[..] } else { self.inner() };
        let mut regex = String::from(if anchored { r"(?s)\A" } else { "(?s)" });
        push_regex(parts, ".", &mut regex);
        if anchored {
            regex.push_str(r"\z");
        }
        regex
    }

    /// [`Self::to_regex`], compiled; a search takes time linear in the text. Fails on patterns far longer
    /// than the language allows.
    pub fn regex(&self, anchored: bool) -> Result<Regex, regex::Error> {
        compile(&self.to_regex(anchored))
    }

    /// What the tokens of every text have in common in which the folded pattern is found anywhere.
    pub fn prefilter(&self) -> Prefilter {
        Prefilter::of_wildcard(self)
    }

    /// The text, where the pattern is nothing else.
    pub fn as_literal(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [WildcardPart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_any(&self) -> bool {
        self.0 == [WildcardPart::AnyRun]
    }

    pub(super) fn folded(&self) -> Self {
        let fold = |part: &WildcardPart| match part {
            WildcardPart::Literal(text) => WildcardPart::Literal(fold(text)),
            other => other.clone(),
        };
        Self(self.0.iter().map(fold).collect())
    }

    pub(super) fn has_separators(&self) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, WildcardPart::Literal(text) if !text.chars().all(is_token_char)))
    }

    pub(super) fn char_count(&self) -> usize {
        let count = |part: &WildcardPart| match part {
            WildcardPart::Literal(text) => text.chars().count(),
            WildcardPart::AnyCharacter | WildcardPart::AnyRun => 1,
        };
        self.0.iter().map(count).sum()
    }

    pub(super) fn push_char(&mut self, character: char) {
        if let Some(WildcardPart::Literal(text)) = self.0.last_mut() {
            text.push(character);
        } else {
            self.0.push(WildcardPart::Literal(character.to_string()));
        }
    }

    pub(super) fn push_any_run(&mut self) {
        if self.0.last() != Some(&WildcardPart::AnyRun) {
            self.0.push(WildcardPart::AnyRun);
        }
    }

    /// Without the `*` at the ends, which say nothing where the pattern may match anywhere.
    fn inner(&self) -> &[WildcardPart] {
        let mut parts = &self.0[..];
        while let [WildcardPart::AnyRun, rest @ ..] | [rest @ .., WildcardPart::AnyRun] = parts {
            parts = rest;
        }
        parts
    }
}

/// Appends the pattern with `any` as what stands for one character.
pub(super) fn push_regex(parts: &[WildcardPart], any: &str, regex: &mut String) {
    for part in parts {
        match part {
            WildcardPart::Literal(text) => regex.push_str(&regex_syntax::escape(text)),
            WildcardPart::AnyCharacter => regex.push_str(any),
            WildcardPart::AnyRun => {
                regex.push_str(any);
                regex.push('*');
            }
        }
    }
}

pub(super) fn compile(regex: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(regex).size_limit(64 << 20).build()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use WildcardPart::{AnyCharacter, AnyRun, Literal};

    fn literal(text: &str) -> WildcardPart {
        Literal(text.to_owned())
    }

    #[test]
    fn any_run_and_any_character_match_line_breaks_and_letters_beyond_ascii() {
        let pattern = Wildcard(vec![literal("a"), AnyCharacter, literal("c"), AnyRun]).regex(true).unwrap();
        for text in ["abc", "a\nc", "aéc\nmore", "a\u{1f600}c"] {
            assert!(pattern.is_match(text), "{text:?}");
        }
        for text in ["ac", "abbc", "xabc", ""] {
            assert!(!pattern.is_match(text), "{text:?}");
        }
    }

    #[test]
    fn special_characters_of_regexes_are_literals() {
        let pattern = Wildcard(vec![literal("a.b|(c)[d]$^"), AnyRun]).regex(true).unwrap();
        assert!(pattern.is_match("a.b|(c)[d]$^x"));
        assert!(!pattern.is_match("axb|(c)[d]$^x"));
    }

    #[test]
    fn without_anchors_a_pattern_is_found_anywhere() {
        let pattern = Wildcard(vec![AnyRun, literal("x-"), AnyCharacter, AnyRun]);
        assert_eq!(pattern.to_regex(false), r"(?s)x\-.");
        assert!(pattern.regex(false).unwrap().is_match("before x-1 after"));
        assert!(!pattern.regex(false).unwrap().is_match("ends with x-"));
    }

    #[test]
    fn matching_takes_linear_time() {
        let mut parts = vec![AnyRun];
        for _ in 0..400 {
            parts.extend([literal("a"), AnyCharacter]);
        }
        parts.push(literal("b"));
        let pattern = Wildcard(parts).regex(true).unwrap();
        let text = "a".repeat(100_000);
        let start = Instant::now();
        assert!(!pattern.is_match(&text));
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    }
}
