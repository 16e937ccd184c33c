//! One clause, compiled.

use memchr::memmem::Finder;
use regex::Regex;

use super::prepared::{BETWEEN, Prepared};
use crate::document::{KEYWORD_LIMIT, Leaf, Numeral};
use crate::query::text::{cut, fold};
use crate::query::wildcard::{compile, push_regex};
use crate::query::{Bounds, Clause, Field, Test, TimeRange};
use crate::{Document, Level, Number, Timestamp};

#[derive(Debug)]
pub(super) struct CompiledClause {
    field: Field,
    test: CompiledTest,
}

#[derive(Debug)]
enum CompiledTest {
    Exists,
    /// On the joined tokens.
    Phrase(Finder<'static>),
    /// On the joined tokens.
    TokenWildcard(Regex),
    Equals {
        text: String,
        fold: bool,
        number: Option<Number>,
    },
    Substring {
        finder: Finder<'static>,
        fold: bool,
    },
    Regex {
        regex: Regex,
        fold: bool,
    },
    Text(Bounds<String>),
    Levels {
        lowest: Level,
        highest: Level,
    },
    Time(TimeRange),
    Number(Bounds<Number>),
    /// A pattern too large to compile, which the parser lets nobody write.
    Never,
}

impl CompiledClause {
    pub(super) fn new(clause: &Clause) -> Self {
        Self { field: clause.field.clone(), test: CompiledTest::new(&clause.test) }
    }

    pub(super) fn matches(&self, prepared: &Prepared<'_>) -> bool {
        let document = prepared.document;
        match &self.test {
            CompiledTest::Exists => exists(document, &self.field),
            CompiledTest::Never => false,
            CompiledTest::Phrase(finder) => finder.find(prepared.tokens().as_bytes()).is_some(),
            CompiledTest::TokenWildcard(regex) => regex.is_match(prepared.tokens()),
            CompiledTest::Time(range) => {
                time(document, &self.field).is_some_and(|instant| range.contains(instant))
            }
            CompiledTest::Levels { lowest, highest } => document.level.as_deref().is_some_and(|text| {
                Level::ALL
                    .into_iter()
                    .any(|level| level.as_str() == text && (*lowest..=*highest).contains(&level))
            }),
            CompiledTest::Number(bounds) => leaves(document, &self.field)
                .any(|leaf| leaf.number.is_some_and(|number| bounds.contain(&number.value()))),
            test => self.matches_text(test, prepared),
        }
    }

    fn matches_text(&self, test: &CompiledTest, prepared: &Prepared<'_>) -> bool {
        let document = prepared.document;
        match &self.field {
            Field::Message => match test {
                CompiledTest::Substring { finder, fold: true } => {
                    finder.find(prepared.folded_message().as_bytes()).is_some()
                }
                CompiledTest::Regex { regex, fold: true } => regex.is_match(prepared.folded_message()),
                test => test.matches_value(&document.message, None),
            },
            Field::Id => {
                let text = document.id.to_text();
                test.matches_value(str::from_utf8(&text).unwrap_or_default(), None)
            }
            Field::Metadata(_) => leaves(document, &self.field)
                .any(|leaf| test.matches_value(cut(&leaf.text, KEYWORD_LIMIT), leaf.number)),
            field => keyword(document, field)
                .is_some_and(|value| test.matches_value(cut(value, KEYWORD_LIMIT), None)),
        }
    }
}

impl CompiledTest {
    fn new(test: &Test) -> Self {
        match test.clone() {
            Test::Exists => Self::Exists,
            Test::Phrase { tokens, prefix } => {
                let mut joined = String::from(BETWEEN);
                for token in &tokens {
                    joined.push_str(token);
                    joined.push(BETWEEN);
                }
                if prefix {
                    joined.pop();
                }
                Self::Phrase(Finder::new(&joined).into_owned())
            }
            Test::TokenWildcard(pattern) => {
                let mut regex = String::from(r"\x00");
                push_regex(&pattern.0, r"[^\x00]", &mut regex);
                regex.push_str(r"\x00");
                compile(&regex).map_or(Self::Never, Self::TokenWildcard)
            }
            Test::Equals { text, fold, number } => Self::Equals { text, fold, number },
            Test::Wildcard { pattern, fold, anchored } => match pattern.as_literal() {
                Some(text) if !anchored => Self::Substring { finder: Finder::new(text).into_owned(), fold },
                _ => pattern.regex(anchored).map_or(Self::Never, |regex| Self::Regex { regex, fold }),
            },
            Test::Regex(pattern) => {
                pattern.regex().map_or(Self::Never, |regex| Self::Regex { regex, fold: false })
            }
            Test::Text(bounds) => Self::Text(bounds),
            Test::Levels { lowest, highest } => Self::Levels { lowest, highest },
            Test::Time(range) => Self::Time(range),
            Test::Number(bounds) => Self::Number(bounds),
        }
    }

    fn matches_value(&self, value: &str, numeral: Option<Numeral>) -> bool {
        match self {
            Self::Equals { text, fold: folded, number } => {
                number.is_some() && *number == numeral.and_then(Numeral::equal_by_value)
                    || if *folded { equals_folded(value, text) } else { value == text }
            }
            Self::Substring { finder, fold: false } => finder.find(value.as_bytes()).is_some(),
            Self::Substring { finder, fold: true } => finder.find(fold(value).as_bytes()).is_some(),
            Self::Regex { regex, fold: false } => regex.is_match(value),
            Self::Regex { regex, fold: true } => regex.is_match(&fold(value)),
            Self::Text(bounds) => bounds.contain_text(value),
            _ => false,
        }
    }
}

impl Bounds<String> {
    fn contain_text(&self, value: &str) -> bool {
        let bounds = Bounds {
            lower: self.lower.as_ref().map(String::as_str),
            upper: self.upper.as_ref().map(String::as_str),
        };
        bounds.contain(&value)
    }
}

/// Whether the value, folded, is the text, which is folded already.
fn equals_folded(value: &str, text: &str) -> bool {
    if value.is_ascii() { value.eq_ignore_ascii_case(text) } else { fold(value) == text }
}

fn exists(document: &Document<'_>, field: &Field) -> bool {
    match field {
        Field::Id | Field::Message | Field::Timestamp | Field::ReceivedAt => true,
        Field::Metadata(path) => document.metadata.iter().any(|leaf| {
            path.is_empty()
                || leaf
                    .path
                    .strip_prefix(path.as_str())
                    .is_some_and(|below| below.is_empty() || below.starts_with('.'))
        }),
        field => keyword(document, field).is_some(),
    }
}

fn time(document: &Document<'_>, field: &Field) -> Option<Timestamp> {
    match field {
        Field::Timestamp => Some(document.timestamp),
        Field::ReceivedAt => Some(document.received_at),
        _ => None,
    }
}

fn keyword<'a>(document: &'a Document<'_>, field: &Field) -> Option<&'a str> {
    match field {
        Field::Level => document.level.as_deref(),
        Field::ResourceId => document.resource_id.as_deref(),
        Field::TraceId => document.trace_id.as_deref(),
        Field::SpanId => document.span_id.as_deref(),
        Field::Commit => document.commit.as_deref(),
        _ => None,
    }
}

fn leaves<'a>(document: &'a Document<'_>, field: &'a Field) -> impl Iterator<Item = &'a Leaf<'a>> {
    let path = match field {
        Field::Metadata(path) => Some(path.as_str()),
        _ => None,
    };
    document.metadata.iter().filter(move |leaf| path == Some(&*leaf.path))
}
