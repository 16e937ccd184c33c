//! Text to [`Query`].

mod build;
mod list;
mod regex;
mod repair;
mod scan;
mod stray;
mod value;

use self::repair::fault;
pub(super) use self::repair::quoted;
pub(super) use self::scan::is_plain_name;
use super::{Expr, Query, QueryError, Span, text};
use crate::Timestamp;

/// A query may take this many bytes.
pub const QUERY_LIMIT: usize = 64 * 1024;
/// A query may hold this many clauses.
pub const CLAUSE_LIMIT: usize = 1_024;
/// Parentheses and negations may be nested this deep.
pub const DEPTH_LIMIT: usize = 64;
/// A query may hold this many regular expressions.
pub const REGEX_LIMIT: usize = 32;

impl Query {
    /// Parses a query. `now` is what the word `now` in it means. An empty query finds everything. The
    /// error's suggestion, where there is one, is a query that parses.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, QueryError> {
        Parser::run(text, now).map_err(|mut error| {
            error.suggestion = error.suggestion.and_then(|candidate| repair::settle(text, candidate, now));
            error
        })
    }
}

/// What a keyword or its sign stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyword {
    And,
    Or,
    Not,
}

struct Parser<'q> {
    text: &'q str,
    at: usize,
    now: Timestamp,
    depth: usize,
    clauses: usize,
    regexes: usize,
}

impl<'q> Parser<'q> {
    /// Parses; the suggestion of an error is a candidate that may hold another error.
    fn run(text: &'q str, now: Timestamp) -> Result<Query, QueryError> {
        if text.len() > QUERY_LIMIT {
            let end = text::cut(text, QUERY_LIMIT).len();
            return fault(
                format!("the query is longer than {QUERY_LIMIT} bytes"),
                Span { start: end, end: text.len() },
            )
            .hint("split it into several queries")
            .fail();
        }
        let mut parser = Self { text, at: 0, now, depth: 0, clauses: 0, regexes: 0 };
        parser.skip_space();
        if parser.at_end() {
            return Ok(Query { expr: Expr::All });
        }
        let expr = parser.or()?;
        if parser.at_end() {
            return Ok(Query { expr });
        }
        // Only a closing parenthesis ends an expression early.
        fault("this `)` closes nothing", parser.span_of_next())
            .hint("remove it, or put the text in quotes to search for it")
            .replace(text, "")
            .fail()
    }

    fn or(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.and()?];
        while let Some((Keyword::Or, span)) = self.keyword() {
            self.at = span.end;
            self.operand_after(span)?;
            parts.push(self.and()?);
        }
        Ok(flatten(parts, Expr::Or, |expr| match expr {
            Expr::Or(parts) => Ok(parts),
            other => Err(other),
        }))
    }

    fn and(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.not()?];
        loop {
            self.skip_space();
            if self.at_end() || self.peek() == Some(')') {
                break;
            }
            match self.keyword() {
                Some((Keyword::Or, _)) => break,
                Some((Keyword::And, span)) => {
                    self.at = span.end;
                    self.operand_after(span)?;
                }
                Some((Keyword::Not, _)) | None => {}
            }
            parts.push(self.not()?);
        }
        Ok(flatten(parts, Expr::And, |expr| match expr {
            Expr::And(parts) => Ok(parts),
            other => Err(other),
        }))
    }

    fn not(&mut self) -> Result<Expr, QueryError> {
        self.skip_space();
        let Some(span) = self.negation()? else {
            return self.primary();
        };
        self.at = span.end;
        self.operand_after(span)?;
        self.enter(span)?;
        let inner = self.not()?;
        self.depth -= 1;
        Ok(Expr::Not(Box::new(inner)))
    }

    /// The sign or word of a negation at this place.
    fn negation(&self) -> Result<Option<Span>, QueryError> {
        let sign = Span { start: self.at, end: self.at + 1 };
        match self.peek() {
            Some('!') => Ok(Some(sign)),
            Some('-') => {
                let rest = &self.text[sign.end..];
                let Some(space) = rest.chars().next().filter(|next| next.is_whitespace()) else {
                    return Ok(Some(sign));
                };
                let gap = rest.len() - rest.trim_start().len();
                fault("this `-` stands alone", sign)
                    .hint("write it directly before what is to be excluded, or put the text in quotes")
                    .replace_span(
                        self.text,
                        Span { start: sign.end, end: sign.end + gap.max(space.len_utf8()) },
                        "",
                    )
                    .fail()
            }
            _ => match self.keyword() {
                Some((Keyword::Not, span)) => Ok(Some(span)),
                _ => Ok(None),
            },
        }
    }

    fn primary(&mut self) -> Result<Expr, QueryError> {
        self.skip_plus();
        if let Some((_, span)) = self.keyword() {
            return fault(format!("`{}` has nothing before it", self.slice(span)), span)
                .hint("remove it, or put the word in quotes to search for it")
                .replace(self.text, "")
                .fail();
        }
        match self.peek() {
            Some('(') => self.group(),
            Some(_) => self.clause(),
            None => {
                fault("a search term is missing", self.span_of_next()).hint("add a word or a field").fail()
            }
        }
    }

    fn group(&mut self) -> Result<Expr, QueryError> {
        let open = self.span_of_next();
        self.at = open.end;
        self.skip_space();
        if self.peek() == Some(')') {
            let span = Span { start: open.start, end: self.at + 1 };
            return fault("there is nothing between these parentheses", span)
                .hint("remove them, or put the text in quotes to search for it")
                .replace(self.text, "")
                .fail();
        }
        self.enter(open)?;
        if self.at_end() {
            return self.unclosed(open);
        }
        let expr = self.or()?;
        if self.peek() != Some(')') {
            return self.unclosed(open);
        }
        self.at += 1;
        self.depth -= 1;
        Ok(expr)
    }

    fn unclosed<T>(&self, open: Span) -> Result<T, QueryError> {
        let fault = fault("this `(` is not closed", open).hint("add a `)` where the group ends");
        let body = self.text[open.end..].trim();
        if body.is_empty() {
            fault.replace(self.text, "").fail()
        } else {
            fault.append(self.text, ")").fail()
        }
    }

    /// Requires something to follow an operator.
    fn operand_after(&mut self, operator: Span) -> Result<(), QueryError> {
        self.skip_space();
        let next = match self.keyword() {
            Some((Keyword::Not, _)) | None => self.peek(),
            Some((_, span)) => {
                return fault(
                    format!("`{}` cannot follow `{}`", self.slice(span), self.slice(operator)),
                    span,
                )
                .hint("remove one of them, or put the word in quotes to search for it")
                .replace(self.text, "")
                .fail();
            }
        };
        match next {
            Some(')') | None => fault(format!("`{}` has nothing after it", self.slice(operator)), operator)
                .hint("remove it, or put it in quotes to search for it")
                .replace(self.text, "")
                .fail(),
            Some(_) => Ok(()),
        }
    }

    fn enter(&mut self, span: Span) -> Result<(), QueryError> {
        self.depth += 1;
        if self.depth <= DEPTH_LIMIT {
            return Ok(());
        }
        fault(format!("the query is nested deeper than {DEPTH_LIMIT} levels"), span)
            .hint("remove parentheses and negations that are not needed")
            .fail()
    }
}

/// Joins parts, those that are joined alike themselves included.
fn flatten(
    mut parts: Vec<Expr>,
    join: impl FnOnce(Vec<Expr>) -> Expr,
    unjoin: impl Fn(Expr) -> Result<Vec<Expr>, Expr>,
) -> Expr {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match unjoin(part) {
            Ok(inner) => flat.extend(inner),
            Err(other) => flat.push(other),
        }
    }
    join(flat)
}
