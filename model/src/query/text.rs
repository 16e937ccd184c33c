//! How text becomes tokens, the same for every evaluator.

/// A token longer than this many characters is cut.
pub const TOKEN_LIMIT: usize = 255;

/// Folds text for comparison without regard to case: the simple lower-case mapping of each character,
/// so that the number of characters stays the same.
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
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
