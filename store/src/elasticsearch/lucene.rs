//! Patterns as Lucene's regular expressions, which match a whole value and have no anchors, flags or
//! classes of their own.

use std::collections::HashMap;
use std::sync::LazyLock;

use logpipeline_model::elasticsearch::REGEX_LIMIT;
use logpipeline_model::query::text::fold_char;
use logpipeline_model::query::{Pattern, Wildcard, WildcardPart};
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// An expression for values in which the pattern is found anywhere. `None` where Lucene has no words for
/// it: anchors amid a pattern, and what would be too long.
pub(super) fn of_regex(pattern: &Pattern) -> Option<String> {
    let hir = regex_syntax::parse(pattern.normalised()).ok()?;
    let mut out = String::new();
    unanchored(&hir, &mut out)?;
    fits(out)
}

/// An expression for values that the pattern matches: as a whole, or with `anchored` false in part.
pub(super) fn of_wildcard(wildcard: &Wildcard, anchored: bool) -> Option<String> {
    translate_wildcard(wildcard, anchored, |text, out| {
        text.chars().for_each(|character| push_char(character, out));
    })
}

fn translate_wildcard(
    wildcard: &Wildcard,
    anchored: bool,
    literal: impl Fn(&str, &mut String),
) -> Option<String> {
    let mut out = String::new();
    if !anchored {
        out.push_str(ANY_RUN);
    }
    for part in &wildcard.0 {
        match part {
            WildcardPart::Literal(text) => literal(text, &mut out),
            WildcardPart::AnyCharacter => out.push('.'),
            WildcardPart::AnyRun => out.push_str(ANY_RUN),
        }
    }
    if !anchored {
        out.push_str(ANY_RUN);
    }
    fits(out)
}

/// As [`of_wildcard`], for values that match once they are folded. The pattern is folded.
pub(super) fn of_folded_wildcard(wildcard: &Wildcard, anchored: bool) -> Option<String> {
    translate_wildcard(wildcard, anchored, |text, out| out.push_str(&folded_to(text)))
}

/// The text as an expression that matches it alone.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| push_char(character, &mut out));
    out
}

/// An expression for the texts that folding turns into `folded`.
pub(super) fn folded_to(folded: &str) -> String {
    let mut out = String::with_capacity(4 * folded.len());
    for character in folded.chars() {
        match UNFOLDED.get(&character) {
            Some(others) => {
                out.push('[');
                push_char(character, &mut out);
                others.iter().for_each(|other| push_char(*other, &mut out));
                out.push(']');
            }
            None => push_char(character, &mut out),
        }
    }
    out
}

/// The other characters that fold to one.
static UNFOLDED: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut unfolded: HashMap<char, Vec<char>> = HashMap::new();
    for character in '\0'..=char::MAX {
        let folded = fold_char(character);
        if folded != character {
            unfolded.entry(folded).or_default().push(character);
        }
    }
    unfolded
});

const ANY_RUN: &str = ".*";

/// `None` where servers don't take an expression of that length.
pub(super) fn fits(expression: String) -> Option<String> {
    (expression.encode_utf16().count() <= REGEX_LIMIT).then_some(expression)
}

/// Anchors are understood at both ends of each alternative at the top.
fn unanchored(hir: &Hir, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Alternation(parts) => alternatives(parts, out, unanchored),
        HirKind::Capture(capture) => {
            out.push('(');
            unanchored(&capture.sub, out)?;
            out.push(')');
            Some(())
        }
        HirKind::Concat(parts) => {
            let (mut first, mut rest) = (false, &parts[..]);
            while let [head, tail @ ..] = rest
                && *head.kind() == HirKind::Look(Look::Start)
            {
                (first, rest) = (true, tail);
            }
            let mut last = false;
            while let [head @ .., tail] = rest
                && *tail.kind() == HirKind::Look(Look::End)
            {
                (last, rest) = (true, head);
            }
            // A group of alternatives, each with anchors of its own, stands for the whole.
            if let [one] = rest
                && !first
                && !last
            {
                return unanchored(one, out);
            }
            if !first {
                out.push_str(ANY_RUN);
            }
            for part in rest {
                push(part, out)?;
            }
            if !last {
                out.push_str(ANY_RUN);
            }
            Some(())
        }
        HirKind::Look(Look::Start | Look::End) => {
            out.push_str(ANY_RUN);
            Some(())
        }
        _ => {
            out.push_str(ANY_RUN);
            push(hir, out)?;
            out.push_str(ANY_RUN);
            Some(())
        }
    }
}

fn alternatives(
    parts: &[Hir],
    out: &mut String,
    each: impl Fn(&Hir, &mut String) -> Option<()>,
) -> Option<()> {
    out.push('(');
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push('|');
        }
        each(part, out)?;
    }
    out.push(')');
    Some(())
}

fn push(hir: &Hir, out: &mut String) -> Option<()> {
    if out.len() > 4 * REGEX_LIMIT {
        return None;
    }
    match hir.kind() {
        // Lucene wants something on each side of a bar.
        HirKind::Empty => out.push_str("()"),
        HirKind::Literal(literal) => {
            str::from_utf8(&literal.0).ok()?.chars().for_each(|character| push_char(character, out));
        }
        HirKind::Class(class) => push_class(class, out)?,
        HirKind::Look(_) => return None,
        HirKind::Repetition(repetition) => push_repetition(repetition, out)?,
        HirKind::Capture(capture) => {
            out.push('(');
            push(&capture.sub, out)?;
            out.push(')');
        }
        HirKind::Concat(parts) => {
            for part in parts {
                push(part, out)?;
            }
        }
        HirKind::Alternation(parts) => alternatives(parts, out, push)?,
    }
    Some(())
}

fn push_repetition(repetition: &Repetition, out: &mut String) -> Option<()> {
    out.push('(');
    push(&repetition.sub, out)?;
    out.push(')');
    match (repetition.min, repetition.max) {
        (0, None) => out.push('*'),
        (1, None) => out.push('+'),
        (0, Some(1)) => out.push('?'),
        (min, None) => out.push_str(&format!("{{{min},}}")),
        (min, Some(max)) => out.push_str(&format!("{{{min},{max}}}")),
    }
    Some(())
}

fn push_class(class: &Class, out: &mut String) -> Option<()> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    // Lucene has no empty class; "#", without its flag, is an ordinary character.
    if ranges.is_empty() {
        return None;
    }
    if ranges == [('\0', char::MAX)] {
        out.push('.');
        return Some(());
    }
    let outside = complement(&ranges);
    let (sign, ranges) = if outside.len() < ranges.len() { ("^", &outside) } else { ("", &ranges) };
    out.push('[');
    out.push_str(sign);
    for (start, end) in ranges {
        push_char(*start, out);
        if start != end {
            out.push('-');
            push_char(*end, out);
        }
    }
    out.push(']');
    Some(())
}

/// The other characters, of which surrogates are none.
fn complement(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut outside = Vec::new();
    let mut next = Some('\0');
    for (start, end) in ranges {
        if let Some(next) = next
            && next < *start
            && let Some(before) = before(*start)
        {
            outside.push((next, before));
        }
        next = after(*end);
    }
    if let Some(next) = next {
        outside.push((next, char::MAX));
    }
    outside
}

fn before(character: char) -> Option<char> {
    match character {
        '\u{e000}' => Some('\u{d7ff}'),
        other => char::from_u32(u32::from(other).checked_sub(1)?),
    }
}

fn after(character: char) -> Option<char> {
    match character {
        '\u{d7ff}' => Some('\u{e000}'),
        other => char::from_u32(u32::from(other) + 1),
    }
}

fn push_char(character: char, out: &mut String) {
    if character.is_ascii_punctuation() || character == ' ' {
        out.push('\\');
    }
    out.push(character);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(source: &str) -> Option<String> {
        of_regex(&Pattern::parse(source, false).unwrap())
    }

    #[test]
    fn a_pattern_is_found_anywhere_unless_it_is_anchored() {
        assert_eq!(translated("abc").unwrap(), ".*abc.*");
        assert_eq!(translated("^abc").unwrap(), "abc.*");
        assert_eq!(translated("abc$").unwrap(), ".*abc");
        assert_eq!(translated("^abc$").unwrap(), "abc");
        assert_eq!(translated("^a|b$").unwrap(), "(a.*|.*b)");
        assert_eq!(translated("^(a|b)$").unwrap(), "([a-b])");
        assert_eq!(translated("(^a|b)").unwrap(), "((a.*|.*b.*))");
    }

    #[test]
    fn what_lucene_reads_otherwise_is_escaped() {
        assert_eq!(translated(r#"a\.b"c~d#e@f&g<h>"#).unwrap(), r#".*a\.b\"c\~d\#e\@f\&g\<h\>.*"#);
        assert_eq!(translated(r"[\]\-^]").unwrap(), r".*[\-\]-\^].*");
    }

    #[test]
    fn a_dot_is_anything_but_a_line_break() {
        assert_eq!(translated("a.b").unwrap(), ".*a[^\n]b.*");
        assert_eq!(translated("(?s)a.b").unwrap(), ".*a.b.*");
    }

    #[test]
    fn case_is_folded_by_classes() {
        assert_eq!(translated("(?i)ok").unwrap(), ".*[Oo][Kk\u{212a}].*");
    }

    #[test]
    fn repetitions_keep_their_counts() {
        assert_eq!(translated(r"x{2,5}\d+?y*").unwrap(), ".*(x){2,5}([0-9])+(y)*.*");
    }

    #[test]
    fn anchors_amid_a_pattern_and_of_lines_have_no_words() {
        for source in ["a(^b|c)", "(?m)^a", "a$b", "(^a)+"] {
            assert_eq!(translated(source), None, "{source}");
        }
    }

    #[test]
    fn the_other_characters_are_those_left() {
        assert_eq!(complement(&[('\0', '`'), ('{', char::MAX)]), [('a', 'z')]);
        assert_eq!(complement(&[('a', '\u{d7ff}')]), [('\0', '`'), ('\u{e000}', char::MAX)]);
        assert_eq!(complement(&[('\u{e000}', char::MAX)]), [('\0', '\u{d7ff}')]);
    }
}
