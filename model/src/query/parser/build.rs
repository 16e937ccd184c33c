//! What a clause means: the field decides what a value is.

use std::ops::Bound;

use super::repair::{fault, quoted};
use super::scan::Operator;
use super::value::{Literal, Name, Value};
use super::{CLAUSE_LIMIT, Parser};
use crate::document::KEYWORD_LIMIT;
use crate::level::normalise;
use crate::query::text::{cut, fold, tokens};
use crate::query::time::parse_literal;
use crate::query::wildcard::WILDCARD_LIMIT;
use crate::query::{Bounds, Clause, Expr, Field, QueryError, Span, Test, TimeRange, Wildcard, WildcardPart};
use crate::{Level, Number, Timestamp};

/// The text of a literal, `None` where it is a pattern.
fn plain(literal: &Literal) -> Option<&str> {
    match literal {
        Literal::Phrase(phrase) if phrase.prefix => None,
        Literal::Phrase(phrase) => Some(&phrase.text),
        Literal::Word(word) => word.pattern.as_literal(),
    }
}

/// A literal as a pattern; what stands in quotes holds no wildcards.
fn pattern(literal: &Literal) -> Wildcard {
    match literal {
        Literal::Word(word) => word.pattern.clone(),
        Literal::Phrase(phrase) => {
            let mut parts = Vec::new();
            if !phrase.text.is_empty() {
                parts.push(WildcardPart::Literal(phrase.text.clone()));
            }
            if phrase.prefix {
                parts.push(WildcardPart::AnyRun);
            }
            Wildcard(parts)
        }
    }
}

impl Parser<'_> {
    /// Makes the clause that begins at `start` and ends at this place.
    pub(super) fn build(&mut self, name: &Name, value: Value, start: usize) -> Result<Expr, QueryError> {
        let span = self.span_from(start);
        self.clauses += 1;
        if self.clauses > CLAUSE_LIMIT {
            return fault(format!("the query holds more than {CLAUSE_LIMIT} clauses"), span)
                .hint("split it into several queries")
                .fail();
        }
        let field = &name.field;
        if *field == Field::Metadata(String::new()) && !matches!(value, Value::Any) {
            return fault("metadata is not a value", name.span)
                .hint("name a key of it, such as metadata.host:db-1; metadata:* finds entries that have any")
                .fail();
        }
        let (test, negated) = match value {
            Value::Any => (Test::Exists, false),
            Value::Regex(pattern) if !is_time(field) => (Test::Regex(pattern), false),
            Value::Regex(_) => return self.refuse_pattern_of_time(name, span),
            Value::Range(Bound::Unbounded, Bound::Unbounded) => (Test::Exists, false),
            Value::Range(lower, upper) => (self.range_test(name, lower, upper, span)?, false),
            Value::Literal(operator, literal) => match operator {
                Operator::Has => (self.value_test(name, &literal, true)?, false),
                Operator::Equal => (self.value_test(name, &literal, false)?, false),
                Operator::NotEqual => (self.value_test(name, &literal, false)?, true),
                Operator::Greater => {
                    (self.range_test(name, Bound::Excluded(literal), Bound::Unbounded, span)?, false)
                }
                Operator::GreaterOrEqual => {
                    (self.range_test(name, Bound::Included(literal), Bound::Unbounded, span)?, false)
                }
                Operator::Less => {
                    (self.range_test(name, Bound::Unbounded, Bound::Excluded(literal), span)?, false)
                }
                Operator::LessOrEqual => {
                    (self.range_test(name, Bound::Unbounded, Bound::Included(literal), span)?, false)
                }
                Operator::Matches | Operator::MatchesNot => {
                    return fault("a regular expression stands between slashes", span)
                        .hint("write field=~/expression/")
                        .fail();
                }
            },
        };
        let clause = Expr::Clause(Clause { field: field.clone(), test, span });
        Ok(if negated { Expr::Not(Box::new(clause)) } else { clause })
    }

    /// The test of `:` with `fold`, of `=` without.
    fn value_test(&self, name: &Name, literal: &Literal, fold_case: bool) -> Result<Test, QueryError> {
        if is_time(&name.field) {
            return self
                .time(name, literal)
                .map(Test::Time)
                .map_err(|error| self.since(name, literal, error));
        }
        let Some(text) = plain(literal) else {
            return self.wildcard_test(name, literal, fold_case);
        };
        if name.field == Field::Message {
            if !fold_case || text.is_empty() {
                return Ok(Test::Equals { text: text.to_owned(), fold: fold_case, number: None });
            }
            return Ok(words(text, false));
        }
        let text = match name.field {
            Field::Level => normalise(text),
            _ => cut(text, KEYWORD_LIMIT).to_owned(),
        };
        let unquoted_metadata =
            matches!(name.field, Field::Metadata(_)) && matches!(literal, Literal::Word(_));
        let number = if unquoted_metadata { Number::parse(&text) } else { None };
        Ok(Test::Equals { text: if fold_case { fold(&text) } else { text }, fold: fold_case, number })
    }

    fn wildcard_test(&self, name: &Name, literal: &Literal, fold_case: bool) -> Result<Test, QueryError> {
        let wildcard = pattern(literal);
        if wildcard.is_any() {
            return Ok(Test::Exists);
        }
        if name.field == Field::Message
            && fold_case
            && let Literal::Phrase(phrase) = literal
        {
            return Ok(words(&phrase.text, true));
        }
        if wildcard.char_count() > WILDCARD_LIMIT {
            return fault(format!("the pattern is longer than {WILDCARD_LIMIT} characters"), literal.span())
                .hint("use a shorter one")
                .fail();
        }
        let pattern = if fold_case { wildcard.folded() } else { wildcard };
        Ok(match name.field {
            Field::Message if fold_case && !pattern.has_separators() => Test::TokenWildcard(pattern),
            Field::Message if fold_case => Test::Wildcard { pattern, fold: true, anchored: false },
            _ => Test::Wildcard { pattern, fold: fold_case, anchored: true },
        })
    }

    fn range_test(
        &self,
        name: &Name,
        lower: Bound<Literal>,
        upper: Bound<Literal>,
        span: Span,
    ) -> Result<Test, QueryError> {
        for bound in [&lower, &upper] {
            if let Bound::Included(literal) | Bound::Excluded(literal) = bound
                && plain(literal).is_none()
            {
                return fault("a bound cannot hold wildcards", literal.span())
                    .hint("write the bound out, or put it in quotes if it holds * or ? itself")
                    .replace(self.text, &quoted(self.slice(literal.span()).trim_matches('"')))
                    .fail();
            }
        }
        match &name.field {
            Field::Message => fault("messages are not ordered", span)
                .hint("search for words, a \"phrase\" or a /regular expression/; for a field, use its name")
                .replace(self.text, &quoted(self.slice(span)))
                .fail(),
            Field::Level => self.levels(&lower, &upper),
            Field::Timestamp | Field::ReceivedAt => Ok(Test::Time(self.time_range(name, &lower, &upper)?)),
            Field::Metadata(_) => Ok(numbers(&lower, &upper)),
            Field::Id | Field::ResourceId | Field::TraceId | Field::SpanId | Field::Commit => {
                let text = |literal: &Literal| plain(literal).unwrap_or_default().to_owned();
                Ok(Test::Text(Bounds { lower: lower.as_ref().map(text), upper: upper.as_ref().map(text) }))
            }
        }
    }

    fn levels(&self, lower: &Bound<Literal>, upper: &Bound<Literal>) -> Result<Test, QueryError> {
        let first = match lower {
            Bound::Unbounded => 0,
            Bound::Included(literal) => self.level(literal)? as usize,
            Bound::Excluded(literal) => self.level(literal)? as usize + 1,
        };
        let behind = match upper {
            Bound::Unbounded => Level::ALL.len(),
            Bound::Included(literal) => self.level(literal)? as usize + 1,
            Bound::Excluded(literal) => self.level(literal)? as usize,
        };
        Ok(match Level::ALL.get(first..behind) {
            Some([lowest, .., highest]) => Test::Levels { lowest: *lowest, highest: *highest },
            Some([only]) => Test::Levels { lowest: *only, highest: *only },
            _ => Test::Levels { lowest: Level::Fatal, highest: Level::Trace },
        })
    }

    fn level(&self, literal: &Literal) -> Result<Level, QueryError> {
        let text = plain(literal).unwrap_or_default();
        if let Some(level) = Level::recognise(text) {
            return Ok(level);
        }
        let fault = fault(format!("`{}` is not a known level", self.slice(literal.span())), literal.span())
            .hint("the known levels, in their order, are trace, debug, info, warn, error and fatal");
        match nearest_level(text) {
            Some(level) => fault.replace(self.text, level.as_str()),
            None => fault,
        }
        .fail()
    }

    fn time(&self, name: &Name, literal: &Literal) -> Result<TimeRange, QueryError> {
        let Some(text) = plain(literal) else {
            return self.refuse_pattern_of_time(name, literal.span());
        };
        if text.starts_with("now") {
            self.refuse_split_time(literal.span())?;
        }
        parse_literal(text, self.now).map_err(|error| {
            let span = literal.span();
            let meant = error.suggestion;
            // Escapes shift places, and are nowhere of use in a time.
            let inner = match literal {
                Literal::Word(word) if self.slice(word.span) == text => {
                    Span { start: span.start + error.span.start, end: span.start + error.span.end }
                }
                _ => span,
            };
            let fault = fault(error.message, inner).hint(error.hint);
            match meant {
                Some(meant) => fault.replace_span(self.text, span, &meant),
                None => fault,
            }
            .into_error()
        })
    }

    /// The error of `timestamp:5m`, which means the last five minutes.
    fn since(&self, name: &Name, literal: &Literal, mut error: QueryError) -> QueryError {
        let text = self.slice(literal.span());
        if text.starts_with(|c: char| c.is_ascii_digit())
            && parse_literal(&format!("now-{text}"), self.now).is_ok()
        {
            let (before, after) = (&self.text[..name.span.end], &self.text[literal.span().end..]);
            error.suggestion = Some(format!("{before}>=now-{text}{after}"));
        }
        error
    }

    /// Refuses `now - 15m` and `now -15m`: without quotes, a space ends a time.
    fn refuse_split_time(&self, word: Span) -> Result<(), QueryError> {
        let rest = &self.text[word.end..];
        let joined: String = rest.split_whitespace().take(2).collect();
        let direct = rest.split_whitespace().next().unwrap_or_default();
        for (terms, words) in [(direct, 1), (joined.as_str(), 2)] {
            if !rest.starts_with(char::is_whitespace)
                || !terms.starts_with(['-', '+'])
                || parse_literal(&format!("now{terms}"), self.now).is_err()
            {
                continue;
            }
            let mut end = word.end;
            for _ in 0..words {
                end += self.text[end..].len() - self.text[end..].trim_start().len();
                end += self.text[end..].find(char::is_whitespace).unwrap_or(self.text.len() - end);
            }
            let span = Span { start: word.start, end };
            return fault("a space splits this time", span)
                .hint("write it without spaces, such as now-15m")
                .replace(self.text, &format!("{}{terms}", self.slice(word)))
                .fail();
        }
        Ok(())
    }

    fn refuse_pattern_of_time<T>(&self, name: &Name, span: Span) -> Result<T, QueryError> {
        let field = self.slice(name.span);
        let text = self.slice(span);
        let value = text.strip_prefix(field).unwrap_or(text).trim_start_matches([':', '=']);
        let begun = value.split(['*', '?']).next().unwrap_or_default().trim_end_matches(['-', ':', 'T', '.']);
        let fault = fault("times are not matched by patterns", span)
            .hint("write the beginning of a time, such as 2023-09-15 for the whole day, or a range");
        match parse_literal(begun, self.now) {
            Ok(_) => {
                let start = span.end - value.len();
                fault.replace_span(self.text, Span { start, end: span.end }, begun)
            }
            Err(_) => fault,
        }
        .fail()
    }

    fn time_range(
        &self,
        name: &Name,
        lower: &Bound<Literal>,
        upper: &Bound<Literal>,
    ) -> Result<TimeRange, QueryError> {
        let nothing = TimeRange { first: Timestamp::MAX, last: Timestamp::MIN };
        let first = match lower {
            Bound::Unbounded => Timestamp::MIN,
            Bound::Included(literal) => self.time(name, literal)?.first,
            Bound::Excluded(literal) => match self.time(name, literal)?.last {
                Timestamp::MAX => return Ok(nothing),
                last => Timestamp::from_unix_nanos(last.unix_nanos() + 1),
            },
        };
        let last = match upper {
            Bound::Unbounded => Timestamp::MAX,
            Bound::Included(literal) => self.time(name, literal)?.last,
            Bound::Excluded(literal) => match self.time(name, literal)?.first {
                Timestamp::MIN => return Ok(nothing),
                first => Timestamp::from_unix_nanos(first.unix_nanos() - 1),
            },
        };
        Ok(TimeRange { first, last })
    }
}

fn is_time(field: &Field) -> bool {
    matches!(field, Field::Timestamp | Field::ReceivedAt)
}

/// Words of a message next to each other, or, where the text has none, the text itself.
fn words(text: &str, prefix: bool) -> Test {
    let found: Vec<_> = tokens(text).collect();
    if let Some(last) = found.last() {
        // Behind a separator the `*` adds nothing.
        let prefix = prefix && last.end == text.len();
        return Test::Phrase {
            tokens: found.iter().map(|token| token.folded().into_owned()).collect(),
            prefix,
        };
    }
    let parts = if text.is_empty() { vec![] } else { vec![WildcardPart::Literal(fold(text))] };
    Test::Wildcard { pattern: Wildcard(parts), fold: true, anchored: false }
}

fn numbers(lower: &Bound<Literal>, upper: &Bound<Literal>) -> Test {
    let number = |bound: &Bound<Literal>| match bound {
        Bound::Unbounded => Some(Bound::Unbounded),
        Bound::Included(literal) => Some(Bound::Included(Number::parse(plain(literal)?)?)),
        Bound::Excluded(literal) => Some(Bound::Excluded(Number::parse(plain(literal)?)?)),
    };
    // A bound that is no number lets nothing through.
    let nothing = || (Bound::Excluded(Number::from(0)), Bound::Excluded(Number::from(0)));
    let (lower, upper) = number(lower).zip(number(upper)).unwrap_or_else(nothing);
    Test::Number(Bounds { lower, upper })
}

/// The level that a misspelt word means, where it is one edit or two away from a single one.
fn nearest_level(text: &str) -> Option<Level> {
    let text = fold(text);
    (text.len() <= 12)
        .then(|| Level::ALL.into_iter().map(|level| (distance(&text, level.as_str()), level)).min())
        .flatten()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, level)| level)
}

/// The Levenshtein distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..right.len() {
            let substituted = diagonal + usize::from(right[column] != character);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
