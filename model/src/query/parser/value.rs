//! Clauses: a field, an operator and what stands behind it.

use std::ops::Bound;

use super::Parser;
use super::repair::fault;
use super::scan::{Inside, Operator, Phrase, Word, operator_at};
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
                self.refuse_text_behind(phrase.span, Inside::Query)?;
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
        self.refuse_lucene_exists(name)?;
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
                self.refuse_list_behind(name, operator)?;
                let value = self.literal(operator, Inside::Query)?;
                self.build(name, value, start)
            }
        }
    }

    /// Reads what may stand behind a colon.
    pub(super) fn values(&mut self, name: &Name, inside: Inside, start: usize) -> Result<Expr, QueryError> {
        let value = match self.peek() {
            Some('(') => return self.set(name),
            Some('[' | '{') => self.range(inside)?,
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

    /// Reads a word or a phrase.
    pub(super) fn literal(&mut self, operator: Operator, inside: Inside) -> Result<Value, QueryError> {
        self.refuse_curly_quotes()?;
        if self.peek() == Some('"') {
            let phrase = self.phrase()?;
            self.refuse_text_behind(phrase.span, inside)?;
            return Ok(Value::Literal(operator, Literal::Phrase(phrase)));
        }
        match self.word(inside)? {
            Some(word) if word.pattern.is_any() && operator == Operator::Has => Ok(Value::Any),
            Some(word) => {
                if inside == Inside::Query {
                    self.refuse_comma_behind(&word)?;
                }
                Ok(Value::Literal(operator, Literal::Word(word)))
            }
            None => fault("a value is missing", self.span_of_next())
                .hint("write a word, a \"phrase\", or a list in parentheses after a colon")
                .fail(),
        }
    }

    /// Requires text to end where a phrase, or a range, does.
    pub(super) fn refuse_text_behind(&self, before: Span, inside: Inside) -> Result<(), QueryError> {
        let Some(next) = self.peek() else { return Ok(()) };
        let rest = self.rest();
        if next.is_whitespace() || next == ')' || rest.starts_with("||") || rest.starts_with("&&") {
            return Ok(());
        }
        if next == ',' && inside == Inside::Set {
            return Ok(());
        }
        let place = Span { start: before.end, end: before.end };
        let fault = fault(format!("`{next}` follows without a space"), self.span_of_next());
        if next == ',' {
            return fault
                .hint("terms are separated by spaces; a list of values stands in parentheses after a colon")
                .replace(self.text, " ")
                .fail();
        }
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
