//! Lists of values and ranges.

use std::ops::Bound;

use super::repair::{fault, quoted};
use super::scan::Inside;
use super::value::{Literal, Name, Value};
use super::{Keyword, Parser, flatten};
use crate::query::{Expr, QueryError, Span};

impl Parser<'_> {
    pub(super) fn set(&mut self, name: &Name) -> Result<Expr, QueryError> {
        let open = self.span_of_next();
        self.enter(open)?;
        self.at = open.end;
        let mut parts = Vec::new();
        loop {
            self.skip_space();
            if self.at_end() {
                return self.unclosed(open);
            }
            if matches!(self.peek(), Some(')' | ',')) || matches!(self.keyword(), Some((Keyword::Or, _))) {
                let span = Span { start: open.start, end: self.span_of_next().end };
                return fault("a value is missing in this list", span)
                    .hint("separate values with a comma or OR, such as (error, warn)")
                    .suggest(tidy_list(self.text, open))
                    .fail();
            }
            if let Some((keyword, span)) = self.keyword() {
                return self.refuse_in_set(name, keyword, span, open);
            }
            parts.push(self.values(name, Inside::Set, self.at)?);
            self.skip_space();
            let separator = match (self.peek(), self.keyword()) {
                (Some(')'), _) => break,
                (Some(','), _) => 1,
                (_, Some((Keyword::Or, span))) => span.end - span.start,
                (None, _) => return self.unclosed(open),
                (_, Some((keyword, span))) => return self.refuse_in_set(name, keyword, span, open),
                (Some(_), None) => {
                    return fault("a list of values needs a comma or OR between them", self.span_of_next())
                        .hint("write (error, warn) or (error OR warn); a value with spaces needs quotes")
                        .suggest(format!("{}, {}", self.text[..self.at].trim_end(), self.rest()))
                        .fail();
                }
            };
            self.at += separator;
        }
        self.at += 1;
        self.depth -= 1;
        Ok(flatten(parts, Expr::Or, |expr| match expr {
            Expr::Or(parts) => Ok(parts),
            other => Err(other),
        }))
    }

    fn refuse_in_set<T>(
        &self,
        name: &Name,
        keyword: Keyword,
        span: Span,
        open: Span,
    ) -> Result<T, QueryError> {
        let field = self.slice(name.span);
        let fault = fault(format!("`{}` cannot stand in a list of values", self.slice(span)), span).hint(
            format!("a list finds any of its values; join clauses instead: {field}:… AND NOT {field}:…"),
        );
        let before = self.text[open.end..span.start].trim();
        let after = self.text[span.end..].trim_start();
        match keyword {
            Keyword::And => fault
                .suggest(format!("{}({field}:{before} AND {field}:{after}", &self.text[..name.span.start])),
            Keyword::Not if before.is_empty() => {
                fault.suggest(format!("{}NOT {field}:({after}", &self.text[..name.span.start]))
            }
            Keyword::Not | Keyword::Or => fault,
        }
        .fail()
    }

    pub(super) fn range(&mut self, inside: Inside) -> Result<Value, QueryError> {
        let open = self.span_of_next();
        let includes_lower = self.peek() == Some('[');
        self.at = open.end;
        let lower = self.bound(open)?;
        self.skip_space();
        let to = self.rest();
        let separated = ["TO", "to"]
            .into_iter()
            .any(|word| to.strip_prefix(word).is_some_and(|after| after.starts_with(char::is_whitespace)));
        if !separated {
            return fault("a range needs TO between its bounds", self.span_of_next())
                .hint("write [lower TO upper]; { and } leave the bound itself out, * is an open bound")
                .suggest(repaired_range(self.text, open))
                .fail();
        }
        self.at += "TO".len();
        let upper = self.bound(open)?;
        self.skip_space();
        let includes_upper = match self.peek() {
            Some(']') => true,
            Some('}') => false,
            Some(_) => {
                return fault("a range has two bounds", self.span_of_next())
                    .hint("close it with ] or }; a bound with spaces needs quotes")
                    .suggest(repaired_range(self.text, open))
                    .fail();
            }
            None => {
                return fault("this range is not closed", open)
                    .hint("add ] to include the upper bound or } to leave it out")
                    .append(self.text, "]")
                    .fail();
            }
        };
        self.at += 1;
        let span = self.span_from(open.start);
        self.refuse_text_behind(span, inside)?;
        let close = |literal: Option<Literal>, included| match literal {
            None => Bound::Unbounded,
            Some(literal) if included => Bound::Included(literal),
            Some(literal) => Bound::Excluded(literal),
        };
        Ok(Value::Range(close(lower, includes_lower), close(upper, includes_upper)))
    }

    /// One bound of a range, `None` for `*`.
    fn bound(&mut self, open: Span) -> Result<Option<Literal>, QueryError> {
        self.skip_space();
        if self.at_end() {
            return fault("this range is not closed", open)
                .hint("write [lower TO upper]")
                .suggest(format!("{}*", &self.text[..open.start]))
                .fail();
        }
        if self.peek() == Some('"') {
            return Ok(Some(Literal::Phrase(self.phrase()?)));
        }
        match self.word(Inside::Range)? {
            Some(word) if word.pattern.is_any() => Ok(None),
            Some(word) => Ok(Some(Literal::Word(word))),
            None => fault("a bound of this range is missing", self.span_of_next())
                .hint("write [lower TO upper]; * is an open bound")
                .replace_span(self.text, Span { start: self.at, end: self.at }, "*")
                .fail(),
        }
    }
}

/// A list with what is missing left out.
fn tidy_list(query: &str, open: Span) -> String {
    let end = query[open.end..].find(')').map_or(query.len(), |close| open.end + close);
    let values: Vec<_> = query[open.end..end]
        .split([',', ' '])
        .filter(|part| !part.is_empty() && !matches!(*part, "OR" | "or" | "||"))
        .collect();
    if values.is_empty() {
        return format!("{}*{}", &query[..open.start], query[end..].strip_prefix(')').unwrap_or_default());
    }
    format!(
        "{}({}{}",
        &query[..open.start],
        values.join(", "),
        if end < query.len() { &query[end..] } else { ")" }
    )
}

/// A range with TO between its bounds, and quotes around those with spaces.
fn repaired_range(query: &str, open: Span) -> String {
    let end = query[open.end..].find([']', '}']).map_or(query.len(), |close| open.end + close);
    let inside = query[open.end..end].trim();
    let (lower, upper) = [" TO ", " to ", "..", ",", " - ", " "]
        .into_iter()
        .find_map(|separator| inside.split_once(separator))
        .or_else(|| inside.split_once('-').filter(|(lower, _)| !lower.is_empty()))
        .unwrap_or((inside, "*"));
    let upper = if upper == "TO" { "" } else { upper };
    let lower = if lower == "TO" { "" } else { lower };
    let bound = |bound: &str| match bound.trim() {
        "" => "*".to_owned(),
        bound if bound.contains(char::is_whitespace) && !bound.contains('"') => quoted(bound),
        bound => bound.to_owned(),
    };
    let close = if end < query.len() { &query[end..] } else { "]" };
    format!("{}{} TO {}{close}", &query[..open.end], bound(lower), bound(upper))
}
