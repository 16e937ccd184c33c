//! What people type or paste that the language does not have, and what they most likely mean.

use super::repair::{fault, quoted};
use super::scan::Operator;
use super::value::Name;
use super::{Keyword, Parser};
use crate::query::{Field, QueryError, Span};

impl Parser<'_> {
    /// Refuses signs that begin no clause.
    pub(super) fn refuse_stray_signs(&self) -> Result<(), QueryError> {
        self.refuse_curly_quotes()?;
        let rest = self.rest();
        let run = rest.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(rest.len());
        let span = Span { start: self.at, end: self.at + run };
        let Some(sign) = self.peek() else { return Ok(()) };
        match sign {
            '|' => fault("a single | joins nothing", self.span_of_next())
                .hint("write OR between clauses; pipes are not part of the language")
                .suggest(self.text[..self.at].to_owned())
                .fail(),
            '&' if run == 1 => fault("a single & joins nothing", self.span_of_next())
                .hint("write AND between clauses, or only a space")
                .replace(self.text, "AND")
                .fail(),
            '{' => {
                let inside = rest[1..].trim_end().strip_suffix('}').unwrap_or(&rest[1..]);
                fault("braces stand only around the bounds of a range", self.span_of_next())
                    .hint("write field:value; in place of a selector {app=\"x\"}, app=\"x\"")
                    .suggest(format!("{}{inside}", &self.text[..self.at]))
                    .fail()
            }
            '<' | '>' | '=' | '~' => fault(format!("{sign} has no field before it"), self.span_of_next())
                .hint("write field>value, or put the text in quotes to search for it")
                .replace_span(self.text, span, &quoted(&rest[..run]))
                .fail(),
            _ => Ok(()),
        }
    }

    /// Refuses the quotes that word processors and chats put in place of `"`.
    pub(super) fn refuse_curly_quotes(&self) -> Result<(), QueryError> {
        const CURLY: [char; 4] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}'];
        if !self.rest().starts_with(CURLY) {
            return Ok(());
        }
        fault("curly quotes do not delimit a phrase", self.span_of_next())
            .hint("use straight quotes: \"")
            .suggest(self.text.replace(CURLY, "\""))
            .fail()
    }

    /// Refuses operators of other languages; the place is behind the operator that was read.
    pub(super) fn refuse_unknown_operator(&self, operator: Operator) -> Result<(), QueryError> {
        let rest = self.rest();
        let (spelling, meant) = match operator {
            Operator::Equal if rest.starts_with('=') => ("==", "="),
            Operator::Equal if rest.starts_with('>') => ("=>", ">="),
            Operator::Equal if rest.starts_with('<') => ("=<", "<="),
            Operator::Less if rest.starts_with('>') => ("<>", "!="),
            Operator::NotEqual if rest.starts_with('=') => ("!==", "!="),
            _ => return Ok(()),
        };
        let span = Span { start: self.at + 1 - spelling.len(), end: self.at + 1 };
        fault(format!("{spelling} is not an operator"), span)
            .hint("the operators are : = != > >= < <= =~ and !~")
            .replace(self.text, meant)
            .fail()
    }

    /// Requires a value behind an operator; `spaced` tells whether space was skipped.
    pub(super) fn require_value(
        &self,
        name: &Name,
        operator: Operator,
        spaced: bool,
    ) -> Result<(), QueryError> {
        let written = &self.text[name.span.start..self.at];
        let keyword = self
            .keyword()
            .filter(|(keyword, _)| spaced || *keyword == Keyword::Or && self.rest().starts_with('|'));
        let known = !matches!(name.field, Field::Metadata(_));
        let next_field = spaced.then(|| self.field_at(self.at)).flatten().is_some_and(|(next, ..)| {
            known && !matches!(Field::resolve(self.slice(next)), Field::Metadata(_))
        });
        if self.at_end() || matches!(self.peek(), Some(')')) || keyword.is_some() || next_field {
            let end = name.span.start + written.trim_end().len();
            let span = Span { start: name.span.start, end };
            let field = self.slice(name.span);
            let meant = match operator {
                Operator::Has if known => format!("{field}:*"),
                _ => quoted(self.slice(span)),
            };
            return fault(format!("{field} has no value"), span)
                .hint(format!("write a value behind it; {field}:* finds entries that have the field"))
                .replace(self.text, &meant)
                .fail();
        }
        if spaced && operator == Operator::Has && self.reads_as_text(name, written) {
            let place = Span { start: name.span.end, end: self.at };
            return fault(format!("{} is followed by a space", written.trim_end()), place)
                .hint("for the field, leave the space out; for the text, put it in quotes")
                .replace(self.text, ":")
                .fail();
        }
        Ok(())
    }

    /// Whether "error: connection refused" may be a message rather than a field and its value.
    fn reads_as_text(&self, name: &Name, written: &str) -> bool {
        let direct = written.as_bytes().get(name.span.end - name.span.start) == Some(&b':');
        let bare = !self.slice(name.span).contains(['.', '@', '"']);
        let word = self.peek().is_some_and(char::is_alphanumeric);
        direct && bare && word && matches!(name.field, Field::Metadata(_))
    }

    /// Refuses a negation behind the colon.
    pub(super) fn refuse_negated_value(&self, name: &Name, start: usize) -> Result<(), QueryError> {
        let rest = self.rest();
        let Some(value) = rest.strip_prefix('!').or_else(|| rest.strip_prefix("NOT ")) else { return Ok(()) };
        let sign = Span { start: self.at, end: self.text.len() - value.len() };
        let fault = fault("a negation stands before the field", sign)
            .hint(format!("write -{}:value", self.slice(name.span)));
        if start != name.span.start {
            return fault.fail();
        }
        fault.suggest(format!("{}-{}{value}", &self.text[..start], &self.text[start..self.at])).fail()
    }
}
