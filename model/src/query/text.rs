//! How text becomes tokens, the same for every evaluator.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// A token longer than this many characters is cut.
pub const TOKEN_LIMIT: usize = 255;

/// The tokens of a text: its runs of letters, numbers and marks (`[\p{L}\p{N}\p{M}]`). A run of more
/// than [`TOKEN_LIMIT`] characters gives one token, of its first ones.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// One token where it stands in its text, as it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// `text[start..end]`, not folded yet.
    pub raw: &'a str,
    /// The first byte of the token.
    pub start: usize,
    /// The byte behind its last one; where the token is cut, behind the last one kept.
    pub end: usize,
    /// Whether the run of characters goes on behind the token.
    pub cut: bool,
}

impl<'a> Token<'a> {
    /// The token as it is indexed and compared. Allocates only where folding changes it.
    pub fn folded(&self) -> Cow<'a, str> {
        if self.raw.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            return Cow::Borrowed(self.raw);
        }
        let mut folded = String::with_capacity(self.raw.len());
        self.fold_into(&mut folded);
        Cow::Owned(folded)
    }

    /// Appends the token as it is indexed and compared.
    pub fn fold_into(&self, out: &mut String) {
        fold_into(self.raw, out);
    }
}

/// The iterator of [`tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let start = loop {
            let (character, length) = self.peek()?;
            if is_token_char(character) {
                break self.at;
            }
            self.at += length;
        };
        let mut kept = 0;
        let mut end = start;
        while let Some((character, length)) = self.peek()
            && is_token_char(character)
        {
            self.at += length;
            kept += 1;
            if kept <= TOKEN_LIMIT {
                end = self.at;
            }
        }
        Some(Token { raw: &self.text[start..end], start, end, cut: end < self.at })
    }
}

impl Tokens<'_> {
    fn peek(&self) -> Option<(char, usize)> {
        let first = *self.text.as_bytes().get(self.at)?;
        if first.is_ascii() {
            return Some((char::from(first), 1));
        }
        let character = self.text[self.at..].chars().next()?;
        Some((character, character.len_utf8()))
    }
}

/// Whether a character belongs to a token: a letter, a number or a mark.
pub fn is_token_char(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    // A letter newer than the tables is one by its lower-case form, which tokens have.
    TOKEN_CHARS.contains(character) || TOKEN_CHARS.contains(fold_char(character))
}

/// Folds text for comparison without regard to case: the simple lower-case mapping of each character,
/// so that the number of characters stays the same.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded text.
pub fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else {
        out.extend(text.chars().map(fold_char));
    }
}

pub fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        // Only U+0130 has a longer full mapping; its simple one is "i".
        _ => 'i',
    }
}

/// At most the first `limit` bytes of a text, cut at a character.
pub fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Membership of characters: a bit each for the Basic Multilingual Plane, ranges beyond it.
struct CharSet {
    bits: Vec<u64>,
    beyond: Vec<(u32, u32)>,
}

impl CharSet {
    fn contains(&self, character: char) -> bool {
        let character = u32::from(character);
        match self.bits.get((character >> 6) as usize) {
            Some(word) => word >> (character & 63) & 1 == 1,
            None => {
                let at = self.beyond.partition_point(|&(_, last)| last < character);
                self.beyond.get(at).is_some_and(|&(first, _)| first <= character)
            }
        }
    }
}

static TOKEN_CHARS: LazyLock<CharSet> = LazyLock::new(|| {
    let mut set = CharSet { bits: vec![0; 0x1_0000 / 64], beyond: Vec::new() };
    if let Ok(hir) = regex_syntax::parse(r"[\p{L}\p{N}\p{M}]")
        && let HirKind::Class(Class::Unicode(class)) = hir.kind()
    {
        for range in class.ranges() {
            let (first, last) = (u32::from(range.start()), u32::from(range.end()));
            for character in first..=last.min(0xffff) {
                set.bits[(character >> 6) as usize] |= 1 << (character & 63);
            }
            if last > 0xffff {
                set.beyond.push((first.max(0x1_0000), last));
            }
        }
    }
    set
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> Vec<String> {
        tokens(text).map(|token| token.folded().into_owned()).collect()
    }

    #[test]
    fn tokens_are_lower_cased_runs_of_letters_numbers_and_marks() {
        assert_eq!(folded("Failed to connect: DB-7 (50%)"), ["failed", "to", "connect", "db", "7", "50"]);
        assert_eq!(folded("java.lang.NullPointerException"), ["java", "lang", "nullpointerexception"]);
        assert_eq!(folded("snake_case"), ["snake", "case"]);
        assert_eq!(folded("Größe ÉCOLE Ω९ 東京"), ["größe", "école", "ω९", "東京"]);
        assert_eq!(folded("e\u{301}te\u{301}"), ["e\u{301}te\u{301}"]);
        assert_eq!(folded("--- ** \u{1f600} \0"), [""; 0]);
    }

    #[test]
    fn a_long_run_gives_one_token_of_255_characters() {
        let text = format!("{} end", "Ä".repeat(300));
        let found: Vec<_> = tokens(&text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].start, found[0].end, found[0].cut), (0, 2 * TOKEN_LIMIT, true));
        assert_eq!(found[0].folded(), "ä".repeat(TOKEN_LIMIT));
        assert_eq!((found[1].raw, found[1].start, found[1].cut), ("end", 601, false));
        let exact = "a".repeat(TOKEN_LIMIT);
        assert_eq!(
            tokens(&exact).map(|token| (token.raw.len(), token.cut)).collect::<Vec<_>>(),
            [(255, false)]
        );
    }

    #[test]
    fn the_table_is_the_unicode_classes_of_the_regex_crate() {
        let class = regex::Regex::new(r"\A[\p{L}\p{N}\p{M}]\z").unwrap();
        let mut buffer = [0; 4];
        for character in '\0'..=char::MAX {
            let expected = class.is_match(character.encode_utf8(&mut buffer))
                || class.is_match(fold_char(character).encode_utf8(&mut buffer));
            assert_eq!(is_token_char(character), expected, "{character:?}");
        }
    }

    #[test]
    fn folding_is_idempotent_and_keeps_token_characters_apart_from_separators() {
        for character in '\0'..=char::MAX {
            let folded = fold_char(character);
            assert_eq!(fold_char(folded), folded, "{character:?}");
            assert_eq!(is_token_char(folded), is_token_char(character), "{character:?}");
        }
        assert_eq!(fold("İSTANBUL ΣΑΣ ẞ \u{212a}"), "istanbul σασ ß k");
    }

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("aé", 99), "aé");
    }

    proptest! {
        #[test]
        fn offsets_point_at_the_token(text in any::<String>()) {
            for token in tokens(&text) {
                prop_assert_eq!(&text[token.start..token.end], token.raw);
                prop_assert!(!token.raw.is_empty() && token.raw.chars().all(is_token_char));
            }
        }

        #[test]
        fn tokens_of_folded_text_are_the_folded_tokens(text in any::<String>()) {
            prop_assert_eq!(folded(&fold(&text)), folded(&text));
        }
    }
}
