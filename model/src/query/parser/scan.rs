//! Characters to words, phrases, names and operators.

use super::repair::{fault, quoted};
use super::{Keyword, Parser};
use crate::query::{Field, QueryError, Span, Wildcard, WildcardPart};

/// Text in quotes.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    pub(super) text: String,
    /// Whether a `*` follows the closing quote.
    pub(super) prefix: bool,
    pub(super) span: Span,
}

/// Text without quotes.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) pattern: Wildcard,
    pub(super) span: Span,
}

/// What stands around a word and so ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Query,
    Set,
    Range,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Has,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Matches,
    MatchesNot,
}

impl Operator {
    const SPELLINGS: [(&'static str, Self); 9] = [
        ("=~", Self::Matches),
        ("!~", Self::MatchesNot),
        ("!=", Self::NotEqual),
        (">=", Self::GreaterOrEqual),
        ("<=", Self::LessOrEqual),
        (">", Self::Greater),
        ("<", Self::Less),
        ("=", Self::Equal),
        (":", Self::Has),
    ];
}

impl<'q> Parser<'q> {
    pub(super) fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn slice(&self, span: Span) -> &'q str {
        &self.text[span.start..span.end]
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    /// The next character, or the empty span at the end.
    pub(super) fn span_of_next(&self) -> Span {
        Span { start: self.at, end: self.at + self.peek().map_or(0, char::len_utf8) }
    }

    pub(super) fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Skips the + of Lucene, which requires what is required here anyway.
    pub(super) fn skip_plus(&mut self) {
        let Some(after) = self.rest().strip_prefix('+') else { return };
        if after.starts_with(['(', '"']) || self.field_at(self.at + 1).is_some() {
            self.at += 1;
        }
    }

    /// The operator at this place that joins or negates clauses.
    pub(super) fn keyword(&self) -> Option<(Keyword, Span)> {
        let rest = self.rest();
        let found = |keyword, length| Some((keyword, Span { start: self.at, end: self.at + length }));
        if rest.starts_with("||") {
            return found(Keyword::Or, 2);
        }
        if rest.starts_with("&&") {
            return found(Keyword::And, 2);
        }
        for (word, keyword) in [
            ("AND", Keyword::And),
            ("and", Keyword::And),
            ("OR", Keyword::Or),
            ("or", Keyword::Or),
            ("NOT", Keyword::Not),
            ("not", Keyword::Not),
        ] {
            let Some(after) = rest.strip_prefix(word) else { continue };
            let ends = after.chars().next().is_none_or(|next| next.is_whitespace() || "()\"".contains(next));
            if ends && (word != "not" || self.negates(after)) {
                return found(keyword, word.len());
            }
        }
        None
    }

    /// Whether lower-case "not" is an operator before this text rather than a word to search for.
    fn negates(&self, after: &str) -> bool {
        let start = self.text.len() - after.trim_start().len();
        self.text[start..].starts_with('(') || self.field_at(start).is_some()
    }

    /// The name of a field and the operator behind it, where such begin at `start`.
    pub(super) fn field_at(&self, start: usize) -> Option<(Span, Operator, usize)> {
        let end = start + name_length(&self.text[start..])?;
        let after = self.text[end..].trim_start();
        let (operator, length) = operator_at(after)?;
        let apart = end + after.len() < self.text.len();
        if apart && matches!(operator, Operator::Less | Operator::Greater) {
            // "expected <nil>" is text.
            let bracket = after[length..].starts_with(char::is_alphabetic);
            if bracket && matches!(Field::resolve(&self.text[start..end]), Field::Metadata(_)) {
                return None;
            }
        }
        Some((Span { start, end }, operator, self.text.len() - after.len() + length))
    }

    /// Reads a phrase; the place is at its opening quote.
    pub(super) fn phrase(&mut self) -> Result<Phrase, QueryError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((offset, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = start + offset + 1;
                    let prefix = self.rest().starts_with('*');
                    self.at += usize::from(prefix);
                    return Ok(Phrase { text, prefix, span: self.span_from(start) });
                }
                '\\' => match characters.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, next)) => push_escaped(next, |character| text.push(character)),
                    None => {}
                },
                other => text.push(other),
            }
        }
        let open = Span { start, end: self.text.len() };
        fault("this quote is not closed", open)
            .hint("add a \" where the phrase ends; a quote inside is written \\\"")
            .append(self.text, "\"")
            .fail()
    }

    /// Reads a word up to what ends it there; `Ok(None)` where nothing is left of it.
    pub(super) fn word(&mut self, inside: Inside) -> Result<Option<Word>, QueryError> {
        let start = self.at;
        let mut pattern = Wildcard(Vec::new());
        let mut characters = self.rest().char_indices();
        while let Some((offset, character)) = characters.next() {
            self.at = start + offset;
            if ends_word(character, inside) || self.rest().starts_with("||") || self.rest().starts_with("&&")
            {
                break;
            }
            match character {
                '*' => pattern.push_any_run(),
                '?' => pattern.0.push(WildcardPart::AnyCharacter),
                '\\' => match characters.next() {
                    Some((_, next)) => push_escaped(next, |character| pattern.push_char(character)),
                    None => pattern.push_char('\\'),
                },
                other => pattern.push_char(other),
            }
            self.at = self.text.len() - characters.as_str().len();
        }
        let span = self.span_from(start);
        if span.start == span.end {
            return Ok(None);
        }
        self.refuse_glued(span)?;
        Ok(Some(Word { pattern, span }))
    }

    /// Refuses text that another term follows without a space: pasted code, most likely.
    pub(super) fn refuse_glued(&self, before: Span) -> Result<(), QueryError> {
        let fault = match self.peek() {
            Some('"') => {
                fault("a quote follows without a space", self.span_of_next()).replace(self.text, " \"")
            }
            Some('(') => {
                let span = Span { start: before.start, end: before.start + self.glued_length(before.start) };
                fault("a `(` follows without a space", self.span_of_next()).replace_span(
                    self.text,
                    span,
                    &quoted(self.slice(span)),
                )
            }
            _ => return Ok(()),
        };
        fault.hint("add a space, or put the text in quotes to search for it").fail()
    }

    /// How far text reaches that has parentheses in it: to the space behind them.
    fn glued_length(&self, start: usize) -> usize {
        let text = &self.text[start..];
        let mut depth = 0;
        for (offset, character) in text.char_indices() {
            match character {
                '(' => depth += 1,
                ')' if depth == 0 => return offset,
                ')' => depth -= 1,
                space if space.is_whitespace() && depth == 0 => return offset,
                _ => {}
            }
        }
        let run = text.split_whitespace().next().unwrap_or(text).len();
        if depth == 0 { text.len() } else { run }
    }
}

/// A backslash takes any sign as it is; before a letter or a digit it is itself, as in `C:\temp`.
fn push_escaped(next: char, mut push: impl FnMut(char)) {
    if next.is_alphanumeric() {
        push('\\');
    }
    push(next);
}

fn ends_word(character: char, inside: Inside) -> bool {
    character.is_whitespace()
        || matches!(character, '(' | ')' | '"')
        || inside == Inside::Set && character == ','
        || inside == Inside::Range && matches!(character, ']' | '}')
}

/// The length of the name of a field at the start of a text.
fn name_length(text: &str) -> Option<usize> {
    let unprefixed = text.strip_prefix('@').unwrap_or(text);
    let length = unprefixed.len() - unprefixed.trim_start_matches(is_name_char).len();
    let name = &unprefixed[..length];
    let first = name.chars().next()?;
    let may_begin = first.is_alphabetic()
        || matches!(first, '_' | '$')
        || first.is_numeric() && unprefixed.len() < text.len();
    if !may_begin || name.ends_with(['-', '.', '/']) || name.contains("..") {
        return None;
    }
    Some(text.len() - unprefixed.len() + length)
}

/// Whether the name of a field needs no quotes.
pub(in crate::query) fn is_plain_name(name: &str) -> bool {
    name_length(name) == Some(name.len())
}

fn is_name_char(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '/' | '$')
}

/// The operator at the start of a text.
pub(super) fn operator_at(text: &str) -> Option<(Operator, usize)> {
    // What programs and addresses write: std::io and https://host.
    if text.starts_with("::") || text.starts_with("://") {
        return None;
    }
    Operator::SPELLINGS
        .into_iter()
        .find(|(spelling, _)| text.starts_with(spelling))
        .map(|(spelling, operator)| (operator, spelling.len()))
}
