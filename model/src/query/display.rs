//! A query written out again: canonical names, resolved times. Parsing the text gives the same query.

use std::fmt::{self, Display, Write};
use std::ops::Bound;

use super::parser::{is_plain_name, quoted};
use super::{Bounds, Clause, Expr, Field, Query, Test, TimeRange, Wildcard, WildcardPart};
use crate::{Level, Number, Timestamp};

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::And(parts) => join(f, parts, " "),
            Self::Or(parts) => join(f, parts, " OR "),
            Self::Not(part) => {
                f.write_str("-")?;
                operand(f, part)
            }
            Self::Clause(clause) => clause.fmt(f),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Expr], separator: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        operand(f, part)?;
    }
    Ok(())
}

fn operand(f: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::And(_) | Expr::Or(_) => write!(f, "({expr})"),
        Expr::All | Expr::Not(_) | Expr::Clause(_) => expr.fmt(f),
    }
}

impl Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = Name(&self.field);
        match &self.test {
            Test::Exists => write!(f, "{field}:*"),
            Test::Phrase { tokens, prefix } => {
                write!(f, "\"{}\"{}", tokens.join(" "), if *prefix { "*" } else { "" })
            }
            Test::TokenWildcard(pattern) => word(f, pattern),
            Test::Equals { text, number: Some(_), fold } => {
                write!(f, "{field}{}", equal(*fold))?;
                escaped(f, text)
            }
            Test::Equals { text, number: None, fold } => write!(f, "{field}{}{}", equal(*fold), quoted(text)),
            Test::Wildcard { pattern, fold, anchored } => match pattern.as_literal() {
                Some(text) if !anchored => f.write_str(&quoted(text)),
                _ => {
                    write!(f, "{field}{}", equal(*fold))?;
                    word(f, pattern)
                }
            },
            Test::Regex(pattern) => {
                if self.field != Field::Message {
                    write!(f, "{field}:")?;
                }
                write!(f, "/{}/{}", pattern.source(), if pattern.ignore_case() { "i" } else { "" })
            }
            Test::Text(bounds) => range(f, &field, bounds, |text| quoted(text)),
            Test::Number(bounds) => range(f, &field, bounds, |number| number_text(*number)),
            Test::Levels { lowest, highest: Level::Fatal } => write!(f, "{field}>={}", lowest.as_str()),
            Test::Levels { lowest, highest } => {
                write!(f, "{field}:[{} TO {}]", lowest.as_str(), highest.as_str())
            }
            Test::Time(TimeRange { first, last: Timestamp::MAX }) => write!(f, "{field}>={first}"),
            Test::Time(TimeRange { first: Timestamp::MIN, last }) => {
                write!(f, "{field}<={}", last_text(*last))
            }
            Test::Time(TimeRange { first, last }) => write!(f, "{field}:[{first} TO {}]", last_text(*last)),
        }
    }
}

/// A field's name as the language reads it, in quotes where it must be.
struct Name<'a>(&'a Field);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.to_string();
        if is_plain_name(&name) { f.write_str(&name) } else { f.write_str(&quoted(&name)) }
    }
}

fn equal(fold: bool) -> &'static str {
    if fold { ":" } else { "=" }
}

fn word(f: &mut fmt::Formatter<'_>, pattern: &Wildcard) -> fmt::Result {
    for part in &pattern.0 {
        match part {
            WildcardPart::Literal(text) => escaped(f, text)?,
            WildcardPart::AnyCharacter => f.write_char('?')?,
            WildcardPart::AnyRun => f.write_char('*')?,
        }
    }
    Ok(())
}

fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for character in text.chars() {
        let plain = character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
        let sign = character.is_ascii()
            || character.is_whitespace()
            || ('\u{201c}'..='\u{201f}').contains(&character);
        if sign && !plain {
            f.write_char('\\')?;
        }
        f.write_char(character)?;
    }
    Ok(())
}

fn range<T>(
    f: &mut fmt::Formatter<'_>,
    field: &Name<'_>,
    bounds: &Bounds<T>,
    text: impl Fn(&T) -> String,
) -> fmt::Result {
    match (&bounds.lower, &bounds.upper) {
        (Bound::Included(lower), Bound::Unbounded) => write!(f, "{field}>={}", text(lower)),
        (Bound::Excluded(lower), Bound::Unbounded) => write!(f, "{field}>{}", text(lower)),
        (Bound::Unbounded, Bound::Included(upper)) => write!(f, "{field}<={}", text(upper)),
        (Bound::Unbounded, Bound::Excluded(upper)) => write!(f, "{field}<{}", text(upper)),
        (lower, upper) => {
            let (open, lower) = match lower {
                Bound::Included(bound) => ('[', text(bound)),
                Bound::Excluded(bound) => ('{', text(bound)),
                Bound::Unbounded => ('[', "*".to_owned()),
            };
            let (upper, close) = match upper {
                Bound::Included(bound) => (text(bound), ']'),
                Bound::Excluded(bound) => (text(bound), '}'),
                Bound::Unbounded => ("*".to_owned(), ']'),
            };
            write!(f, "{field}:{open}{lower} TO {upper}{close}")
        }
    }
}

fn number_text(number: Number) -> String {
    match number.as_f64() {
        f64::INFINITY => "1e999".to_owned(),
        f64::NEG_INFINITY => "-1e999".to_owned(),
        whole if whole.fract() == 0.0 && whole.abs() < 1e15 => format!("{whole:.0}"),
        _ => serde_json::to_string(&number).unwrap_or_default(),
    }
}

/// An instant that is the last of what is written.
fn last_text(instant: Timestamp) -> String {
    let second = 1_000_000_000;
    let nanos = instant.unix_nanos().rem_euclid(second);
    let whole = Timestamp::from_unix_nanos(instant.unix_nanos() - nanos);
    if nanos == second - 1 {
        return whole.to_string();
    }
    format!("{}.{nanos:09}Z", whole.to_string().trim_end_matches('Z'))
}
