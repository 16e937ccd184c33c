//! Levels in free text.

use logpipeline_model::Level;

/// A level among the first words of `text`, and what follows it where it is the first word.
pub(super) fn find(text: &str) -> Option<(Level, Option<&str>)> {
    let mut rest = text;
    for position in 0..5 {
        rest = rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if let Some(level) = of_word(word) {
            let following = (position == 0).then(|| after.trim_start_matches([' ', '\t', ':', '-', '|']));
            return Some((level, following.filter(|text| !text.is_empty())));
        }
        rest = after;
    }
    None
}

/// A word that is a level: in capitals (`ERROR`), or marked as one (`[error]`, `error:`, `<warn>`).
fn of_word(word: &str) -> Option<Level> {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    if bare.len() < 3 || !bare.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let capitals = bare.bytes().all(|byte| byte.is_ascii_uppercase());
    let marked = word.starts_with(['[', '<', '(']) || word.ends_with([':', '|', ']']);
    if !capitals && !marked {
        return None;
    }
    match bare {
        // PostgreSQL's name for ordinary messages.
        "LOG" if word.ends_with(':') => Some(Level::Info),
        "FINE" | "fine" | "fine:" => None,
        _ => Level::recognise(bare),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_where_logs_put_them() {
        for (text, level, rest) in [
            ("ERROR com.shop.A - failed", Level::Error, Some("com.shop.A - failed")),
            ("[main] WARN  c.s.A: slow", Level::Warn, None),
            ("[error] 12#12: *1 open() failed", Level::Error, Some("12#12: *1 open() failed")),
            ("INFO: started", Level::Info, Some("started")),
            ("[123] LOG:  database system is ready", Level::Info, None),
            ("error: no such file", Level::Error, Some("no such file")),
            ("<warning> disk", Level::Warn, Some("disk")),
            ("DEBUG", Level::Debug, None),
        ] {
            assert_eq!(find(text), Some((level, rest)), "{text}");
        }
    }

    #[test]
    fn ordinary_words_are_no_levels() {
        for text in [
            "an error occurred",
            "status installed libc6",
            "information desk",
            "",
            "to be fine: ok",
            "3 items",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
