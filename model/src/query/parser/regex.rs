//! Regular expressions, and text that only begins like one.

use super::Parser;
use super::repair::{fault, quoted};
use super::scan::{Inside, Operator};
use super::value::{Literal, Value};
use crate::query::{Pattern, QueryError, Span};

/// What a slash begins.
enum Slash {
    Regex {
        source: Span,
        ignore_case: bool,
        end: usize,
    },
    UnknownFlags {
        flags: Span,
    },
    /// Text with slashes in it, such as a path.
    Text,
    Unclosed,
}

impl Parser<'_> {
    pub(super) fn regex_operand(&mut self, operator: Operator) -> Result<Value, QueryError> {
        let start = self.at;
        if self.peek() == Some('/') {
            let value = self.slashed(Inside::Query)?;
            if matches!(value, Value::Regex(_)) {
                return Ok(value);
            }
            self.at = start;
            if closing_slash(self.rest()).is_none() {
                return self.unclosed_regex();
            }
        }
        let source = match self.literal(operator, Inside::Query)? {
            Value::Literal(_, Literal::Phrase(phrase)) => phrase.text,
            _ => self.slice(self.span_from(start)).to_owned(),
        };
        fault("a regular expression stands between slashes", self.span_from(start))
            .hint("write field=~/expression/")
            .replace(self.text, &format!("/{}/", source.replace('/', "\\/")))
            .fail()
    }

    /// Reads a regular expression, or text that only begins like one.
    pub(super) fn slashed(&mut self, inside: Inside) -> Result<Value, QueryError> {
        match self.classify_slash(inside) {
            Slash::Regex { source, ignore_case, end } => {
                self.at = end;
                Ok(Value::Regex(self.pattern(source, ignore_case)?))
            }
            Slash::Text => self.literal(Operator::Has, inside),
            Slash::UnknownFlags { flags } => {
                fault(format!("unknown flag `{}` after a regular expression", self.slice(flags)), flags)
                    .hint("the only flag is i; for a path that begins with a slash, use quotes")
                    .replace(self.text, if self.slice(flags).contains('i') { "i" } else { "" })
                    .fail()
            }
            Slash::Unclosed => self.unclosed_regex(),
        }
    }

    fn unclosed_regex<T>(&self) -> Result<T, QueryError> {
        let start = self.at;
        let fault = fault("this regular expression is not closed", Span { start, end: self.text.len() })
            .hint("add a / where it ends, or put the text in quotes if it is a path");
        if closing_slash(self.rest()).is_none() {
            return fault.append(self.text, "/").fail();
        }
        let run = self.rest().split_whitespace().next().unwrap_or_default().trim_end_matches(')');
        fault.replace_span(self.text, Span { start, end: start + run.len() }, &quoted(run)).fail()
    }

    fn pattern(&mut self, source: Span, ignore_case: bool) -> Result<Pattern, QueryError> {
        self.regexes += 1;
        if self.regexes > super::REGEX_LIMIT {
            return fault(
                format!("the query holds more than {} regular expressions", super::REGEX_LIMIT),
                source,
            )
            .hint("join them with | into fewer")
            .fail();
        }
        Pattern::parse(self.slice(source), ignore_case).map_err(|mut error| {
            error.span = Span { start: source.start + error.span.start, end: source.start + error.span.end };
            error.suggestion = error.suggestion.map(|repaired| {
                format!("{}{repaired}{}", &self.text[..source.start], &self.text[source.end..])
            });
            error
        })
    }

    fn classify_slash(&self, inside: Inside) -> Slash {
        let rest = self.rest();
        let run = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if let Some(close) = closing_slash(rest) {
            let after = &rest[close + 1..];
            let flags = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let behind = after[flags..].chars().next();
            let ends = behind.is_none_or(|next| {
                next.is_whitespace() || next == ')' || inside == Inside::Set && next == ','
            }) || after[flags..].starts_with("||")
                || after[flags..].starts_with("&&");
            let end = self.at + close + 1 + flags;
            if ends && matches!(&after[..flags], "" | "i") {
                let source = Span { start: self.at + 1, end: self.at + close };
                return Slash::Regex { source, ignore_case: flags > 0, end };
            }
            if ends && flags <= 3 && after[..flags].chars().all(|flag| "gimsuxyU".contains(flag)) {
                return Slash::UnknownFlags { flags: Span { start: self.at + close + 1, end } };
            }
            if close < run {
                return Slash::Text;
            }
        } else if has_regex_signs(rest) {
            return Slash::Unclosed;
        }
        if is_plain_path(&rest[..run]) { Slash::Text } else { Slash::Unclosed }
    }
}

/// The first slash behind the one a text begins with that no backslash stands before.
fn closing_slash(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(offset, byte)| {
        let closes = byte == b'/' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes.then_some(offset)
    })
}

/// Whether text that begins with a slash reads as a path rather than as an expression.
fn is_plain_path(run: &str) -> bool {
    let run = run.trim_end_matches(')');
    !run.contains(".*")
        && run.chars().all(|character| character.is_alphanumeric() || "/_-.~%:@=&,#*".contains(character))
}

/// Whether text holds what only expressions do: an escape, or a repetition of any character.
fn has_regex_signs(text: &str) -> bool {
    let escape = text
        .split('\\')
        .skip(1)
        .any(|after| after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/'));
    escape || text.contains(".*") || text.contains(".+") || text.contains("[^")
}
