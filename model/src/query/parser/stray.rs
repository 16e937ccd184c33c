//! What people type or paste that the language does not have, and what they most likely mean.

use super::repair::{fault, quoted};
use super::scan::{Operator, Word};
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
            '|' => self.refuse_pipe(),
            '&' if run == 1 => fault("a single `&` joins nothing", self.span_of_next())
                .hint("write AND between clauses, or only a space")
                .replace(self.text, "AND")
                .fail(),
            '{' => self.refuse_braces(),
            '<' | '>' | '=' | '~' => fault(format!("`{sign}` has no field before it"), self.span_of_next())
                .hint("write field>value, or put the text in quotes to search for it")
                .replace_span(self.text, span, &quoted(&rest[..run]))
                .fail(),
            _ => Ok(()),
        }
    }

    fn refuse_braces<T>(&self) -> Result<T, QueryError> {
        let (before, rest) = (&self.text[..self.at], self.rest());
        let end = rest.find('}').unwrap_or(rest.len());
        let after = rest[end..].strip_prefix('}').unwrap_or_default().trim_start();
        let (sign, after) = after.strip_prefix("!=").map_or(("", after), |text| ("-", text.trim_start()));
        fault("braces stand only around the bounds of a range", self.span_of_next())
            .hint("write field:value; in place of a selector {app=\"x\"}, app=\"x\"")
            .suggest(format!("{before}{} {sign}{after}", &rest[1..end]))
            .fail()
    }

    fn refuse_pipe<T>(&self) -> Result<T, QueryError> {
        let rest = self.rest();
        let fault = fault("a single `|` joins nothing", self.span_of_next())
            .hint("write OR between clauses; in place of |= \"text\" write \"text\", other pipes are not part of the language");
        let before = &self.text[..self.at];
        match rest.strip_prefix("|=") {
            Some(after) => fault.suggest(format!("{before}{}", after.trim_start())),
            None => fault.suggest(before.to_owned()),
        }
        .fail()
    }

    /// Refuses the quotes that word processors and chats put in place of `"`.
    pub(super) fn refuse_curly_quotes(&self) -> Result<(), QueryError> {
        const CURLY: [char; 4] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}'];
        if !self.rest().starts_with(CURLY) {
            return Ok(());
        }
        fault("curly quotes do not delimit a phrase", self.span_of_next())
            .hint("use straight ones: \"")
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
        fault(format!("`{spelling}` is not an operator"), span)
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
                _ if known => format!("{field}:*"),
                _ => quoted(self.slice(span)),
            };
            return fault(format!("`{}` has no value", self.slice(span)), span)
                .hint(format!("write a value after it; {field}:* finds entries that have the field"))
                .replace(self.text, &meant)
                .fail();
        }
        if spaced && operator == Operator::Has && self.reads_as_text(name, written) {
            let place = Span { start: name.span.end, end: self.at };
            return fault(format!("`{}` is followed by a space", written.trim_end()), place)
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

    /// Refuses a list behind an operator other than the colon.
    pub(super) fn refuse_list_behind(&self, name: &Name, operator: Operator) -> Result<(), QueryError> {
        if self.peek() != Some('(') {
            return Ok(());
        }
        let fault = fault("a list can only follow a colon", self.span_of_next())
            .hint("write field:(a, b), or -field:(a, b) for none of them");
        let (before, field) = (&self.text[..name.span.start], self.slice(name.span));
        match operator {
            Operator::Equal => fault.suggest(format!("{before}{field}:{}", self.rest())),
            Operator::NotEqual => fault.suggest(format!("{before}-{field}:{}", self.rest())),
            _ => fault,
        }
        .fail()
    }

    /// Refuses a value with a comma behind it, which belongs to the value or to a list.
    pub(super) fn refuse_comma_behind(&self, word: &Word) -> Result<(), QueryError> {
        let text = self.slice(word.span);
        if !text.ends_with(',') || text.ends_with("\\,") {
            return Ok(());
        }
        let comma = Span { start: word.span.end - 1, end: word.span.end };
        let fault = fault("a comma follows the value", comma)
            .hint("values separated by commas stand in parentheses: level:(error, warn); a comma of the value itself needs quotes");
        let next = self.text.len() - self.rest().trim_start().len();
        if next == self.text.len() || self.field_at(next).is_some() || self.text[next..].starts_with('"') {
            return fault.replace(self.text, "").fail();
        }
        let run =
            self.text[next..].find(|c: char| c.is_whitespace() || c == ')').unwrap_or(self.text.len() - next);
        let list = Span { start: word.span.start, end: next + run };
        fault.replace_span(self.text, list, &format!("({})", self.slice(list))).fail()
    }

    /// Refuses the existence test of Lucene.
    pub(super) fn refuse_lucene_exists(&self, name: &Name) -> Result<(), QueryError> {
        let sign = match self.slice(name.span) {
            "_exists_" => "",
            "_missing_" => "-",
            _ => return Ok(()),
        };
        let run = self.rest().find(|c: char| c.is_whitespace() || c == ')').unwrap_or(self.rest().len());
        let span = Span { start: name.span.start, end: self.at + run };
        let field = &self.rest()[..run];
        fault(format!("`{}` is not a field", self.slice(name.span)), span)
            .hint("field:* finds entries that have the field, -field:* those that do not")
            .replace(self.text, &format!("{sign}{field}:*"))
            .fail()
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
