//! Clauses: a field, an operator and what stands behind it.

use std::ops::Bound;

use super::repair::{fault, quoted};
use super::scan::{Inside, Operator, Phrase, Word, operator_at};
use super::{Keyword, Parser};
use crate::query::time::parse_literal;
use crate::query::{Expr, Field, Pattern, QueryError, Span};

/// A field as the query names it.
pub(super) struct Name {
    pub(super) field: Field,
    pub(super) span: Span,
}

pub(super) enum Literal {
    Word(Word),
    Phrase(Phrase),
}

impl Literal {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Word(word) => word.span,
            Self::Phrase(phrase) => phrase.span,
        }
    }
}

/// What a field is compared with.
pub(super) enum Value {
    /// A `*` alone.
    Any,
    Literal(Operator, Literal),
    Regex(Pattern),
    Range(Bound<Literal>, Bound<Literal>),
}

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
    /// Reads a clause, with or without a field; something is left to read.
    pub(super) fn clause(&mut self) -> Result<Expr, QueryError> {
        let start = self.at;
        if let Some((name, operator, end)) = self.field_at(start) {
            self.at = end;
            let field = Field::resolve(self.slice(name));
            return self.field_clause(&Name { field, span: name }, operator);
        }
        self.refuse_stray_signs()?;
        let message = Name { field: Field::Message, span: Span { start, end: start } };
        match self.peek() {
            Some('"') => {
                let phrase = self.phrase()?;
                if !phrase.prefix
                    && let Some((operator, length)) = operator_at(self.rest())
                {
                    self.at += length;
                    let name = Name { field: Field::resolve(&phrase.text), span: phrase.span };
                    if phrase.text.is_empty() {
                        return fault("the name of a field is empty", phrase.span)
                            .hint("put a name between the quotes, such as \"http.status\":500")
                            .fail();
                    }
                    return self.field_clause(&name, operator);
                }
                self.refuse_text_behind(phrase.span)?;
                if phrase.text.is_empty() {
                    return fault("the phrase is empty", phrase.span)
                        .hint("remove it; message=\"\" finds entries with an empty message")
                        .replace(self.text, "")
                        .fail();
                }
                self.build(&message, Value::Literal(Operator::Has, Literal::Phrase(phrase)), start)
            }
            Some('/') => {
                let value = self.slashed(Inside::Query)?;
                self.build(&message, value, start)
            }
            _ => self.bare_word(&message),
        }
    }

    fn bare_word(&mut self, message: &Name) -> Result<Expr, QueryError> {
        let start = self.at;
        let Some(word) = self.word(Inside::Query)? else {
            return fault("a search term is missing", self.span_of_next())
                .hint("add a word or a field")
                .fail();
        };
        let text = self.slice(word.span);
        if text == "*:*" || word.pattern.is_any() {
            return Ok(Expr::All);
        }
        if let Some((name, _)) = text.split_once(':') {
            if text.len() >= "2023-09-15T08:00".len() && parse_literal(text, self.now).is_ok() {
                return fault("a time needs the field that it belongs to", word.span)
                    .hint(
                        "write timestamp:… to find entries of that time, or quotes to search messages for it",
                    )
                    .replace(self.text, &format!("timestamp:{text}"))
                    .fail();
            }
            if name.contains('*') && name.chars().all(|c| c.is_alphanumeric() || "@_-.*".contains(c)) {
                return fault("the name of a field cannot hold *", Span { start, end: start + name.len() })
                    .hint("name one field, or search messages by leaving the name out")
                    .replace_span(self.text, Span { start, end: start + name.len() + 1 }, "")
                    .fail();
            }
        }
        self.build(message, Value::Literal(Operator::Has, Literal::Word(word)), start)
    }

    fn field_clause(&mut self, name: &Name, operator: Operator) -> Result<Expr, QueryError> {
        let start = name.span.start;
        self.refuse_unknown_operator(operator)?;
        let gap = self.at;
        self.skip_space();
        self.require_value(name, operator, gap < self.at)?;
        match operator {
            Operator::Has => self.values(name, Inside::Query, start),
            Operator::Matches | Operator::MatchesNot => {
                let regex = self.regex_operand(operator)?;
                let expr = self.build(name, regex, start)?;
                Ok(if operator == Operator::MatchesNot { Expr::Not(Box::new(expr)) } else { expr })
            }
            _ => {
                let value = self.literal(operator, Inside::Query)?;
                self.build(name, value, start)
            }
        }
    }

    /// Reads what may stand behind a colon.
    fn values(&mut self, name: &Name, inside: Inside, start: usize) -> Result<Expr, QueryError> {
        let value = match self.peek() {
            Some('(') => return self.set(name),
            Some('[' | '{') => self.range()?,
            Some('/') => self.slashed(inside)?,
            _ => match operator_at(self.rest()) {
                Some((Operator::Matches | Operator::MatchesNot | Operator::Has, _)) | None => {
                    self.refuse_negated_value(name, start)?;
                    self.literal(Operator::Has, inside)?
                }
                Some((operator, length)) => {
                    self.at += length;
                    self.refuse_unknown_operator(operator)?;
                    self.skip_space();
                    self.require_value(name, operator, false)?;
                    self.literal(operator, inside)?
                }
            },
        };
        self.build(name, value, start)
    }

    fn set(&mut self, name: &Name) -> Result<Expr, QueryError> {
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
        Ok(super::flatten(parts, Expr::Or, |expr| match expr {
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
        let fault = fault(format!("{} cannot stand in a list of values", self.slice(span)), span).hint(
            format!("a list finds any of its values; join clauses instead: {field}:… AND NOT {field}:…"),
        );
        let before = self.text[open.end..span.start].trim();
        let after = self.rest_behind(span);
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

    fn rest_behind(&self, span: Span) -> &str {
        self.text[span.end..].trim_start()
    }

    fn range(&mut self) -> Result<Value, QueryError> {
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
                    .replace_span(self.text, Span { start: self.at, end: self.at }, "] ")
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
        self.refuse_text_behind(span)?;
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
                .suggest(self.text[..open.start].trim_end_matches([':', ' ']).to_owned())
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
                .replace_span(self.text, Span { start: self.at, end: self.at }, " * ")
                .fail(),
        }
    }

    /// Reads a word or a phrase.
    fn literal(&mut self, operator: Operator, inside: Inside) -> Result<Value, QueryError> {
        self.refuse_curly_quotes()?;
        if self.peek() == Some('"') {
            let phrase = self.phrase()?;
            if !(inside == Inside::Set && self.rest().starts_with(',')) {
                self.refuse_text_behind(phrase.span)?;
            }
            return Ok(Value::Literal(operator, Literal::Phrase(phrase)));
        }
        match self.word(inside)? {
            Some(word) if word.pattern.is_any() && operator == Operator::Has => Ok(Value::Any),
            Some(word) => Ok(Value::Literal(operator, Literal::Word(word))),
            None => fault("a value is missing", self.span_of_next())
                .hint("write a word, a \"phrase\", or a list in parentheses behind a colon")
                .fail(),
        }
    }

    fn regex_operand(&mut self, operator: Operator) -> Result<Value, QueryError> {
        let start = self.at;
        if self.peek() == Some('/')
            && let Value::Regex(pattern) = self.slashed(Inside::Query)?
        {
            return Ok(Value::Regex(pattern));
        }
        self.at = start;
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
    fn slashed(&mut self, inside: Inside) -> Result<Value, QueryError> {
        let start = self.at;
        match self.classify_slash(inside) {
            Slash::Regex { source, ignore_case, end } => {
                self.at = end;
                Ok(Value::Regex(self.pattern(source, ignore_case)?))
            }
            Slash::Text => self.literal(Operator::Has, inside),
            Slash::UnknownFlags { flags } => {
                fault(format!("unknown flag {} behind a regular expression", self.slice(flags)), flags)
                    .hint("the only flag is i; for a path that begins with a slash, use quotes")
                    .replace(self.text, if self.slice(flags).contains('i') { "i" } else { "" })
                    .fail()
            }
            Slash::Unclosed => {
                let run = self.rest().split_whitespace().next().unwrap_or_default();
                let run = run.trim_end_matches(')');
                let span = Span { start, end: start + run.len() };
                fault("this regular expression is not closed", Span { start, end: self.text.len() })
                    .hint("add a / where it ends, or put the text in quotes if it is a path")
                    .replace_span(self.text, span, &quoted(run))
                    .fail()
            }
        }
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
        }
        if is_plain_path(&rest[..run]) { Slash::Text } else { Slash::Unclosed }
    }

    /// Requires text to end where a phrase, or a range, does.
    fn refuse_text_behind(&self, before: Span) -> Result<(), QueryError> {
        let Some(next) = self.peek() else { return Ok(()) };
        let rest = self.rest();
        if next.is_whitespace() || next == ')' || rest.starts_with("||") || rest.starts_with("&&") {
            return Ok(());
        }
        let place = Span { start: before.end, end: before.end };
        let fault = fault(format!("{next} follows without a space"), self.span_of_next());
        if next == '~' || next == '^' {
            let run = rest.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(rest.len());
            return fault
                .hint("proximity (~) and boosts (^) are not part of the language")
                .replace_span(self.text, Span { start: self.at, end: self.at + run }, "")
                .fail();
        }
        fault
            .hint("add a space; a quote inside a phrase is written \\\"")
            .replace_span(self.text, place, " ")
            .fail()
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

/// A range whose bounds are separated otherwise, with TO between them.
fn repaired_range(query: &str, open: Span) -> String {
    let end = query[open.end..].find([']', '}']).map_or(query.len(), |close| open.end + close);
    let inside = &query[open.end..end];
    let (lower, upper) = ["..", ",", " - ", " "]
        .into_iter()
        .find_map(|separator| inside.split_once(separator))
        .or_else(|| inside.split_once('-').filter(|(lower, _)| !lower.is_empty()))
        .unwrap_or((inside, "*"));
    let (lower, upper) = (lower.trim(), upper.trim().trim_start_matches("TO").trim());
    let or_open = |bound: &'_ str| if bound.is_empty() { "*".to_owned() } else { bound.to_owned() };
    let close = if end < query.len() { &query[end..] } else { "]" };
    format!("{}{} TO {}{close}", &query[..open.end], or_open(lower), or_open(upper))
}
