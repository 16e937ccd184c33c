//! Searches of messages: a template answers for all of its rows, or leaves the question to its variables.

use logpipeline_model::query::{Clause, Expr, Field, Matcher, Prefilter, Query, Test};

use super::Bitmap;
use super::evaluate::Found;
use super::tokens::{TokenTest, any_token, has_phrase};
use crate::column::Column;
use crate::entry::{Place, Spelling};
use crate::error::Result;
use crate::json;
use crate::message::Part;
use crate::read::Reader;

impl Reader<'_> {
    pub(super) fn message(&self, clause: &Clause) -> Result<Found> {
        match &clause.test {
            Test::Phrase { tokens, prefix } => match (tokens.as_slice(), prefix) {
                ([token], false) => self.token(&TokenTest::Is(token)),
                ([token], true) => self.token(&TokenTest::StartsWith(token)),
                (tokens, prefix) => self.phrase(tokens, *prefix),
            },
            Test::TokenWildcard(wildcard) => self.token(&TokenTest::Matches(wildcard)),
            Test::Wildcard { pattern, .. } => self.candidates(clause, &pattern.prefilter()),
            Test::Regex(pattern) => self.candidates(clause, &pattern.prefilter()),
            Test::Equals { text, .. } => {
                let mut conditions = Prefilter::default();
                // Folding changes no token but to the one that it is compared as.
                let found = logpipeline_model::query::text::tokens(text);
                conditions.tokens = found.map(|token| token.folded().into_owned()).collect();
                self.candidates(clause, &conditions)
            }
            _ => self.texts(clause, Bitmap::all(self.rows())),
        }
    }

    /// Rows whose message has a token that passes.
    fn token(&self, test: &TokenTest<'_>) -> Result<Found> {
        let ready = test.ready();
        let mut sure = Bitmap::none(self.rows());
        for (number, one) in self.block.directory.templates.iter().enumerate() {
            let (start, rows) = (one.start as usize, one.rows as usize);
            let parts = one.template.parts();
            if parts.iter().any(|part| matches!(part, Part::Word(word) if ready(word))) {
                sure.add_range(start, start + rows);
                continue;
            }
            for variable in 0..one.template.variables() {
                if test.forbids_digit() && !one.template.has_words(variable) {
                    continue;
                }
                let column = self.variable(number, variable)?;
                scan_token(column, rows, test, &ready, &mut |index| sure.add(start + index));
            }
        }
        self.untemplated(&mut sure, &mut |text| any_token(text, test, &ready))?;
        Ok(Found::sure(sure, self.rows()))
    }

    /// Rows whose message has these tokens next to each other.
    fn phrase(&self, phrase: &[String], prefix: bool) -> Result<Found> {
        let tests: Vec<TokenTest<'_>> = phrase
            .iter()
            .enumerate()
            .map(|(at, token)| {
                if prefix && at + 1 == phrase.len() {
                    TokenTest::StartsWith(token)
                } else {
                    TokenTest::Is(token)
                }
            })
            .collect();
        let ready: Vec<_> = tests.iter().map(TokenTest::ready).collect();
        let mut sure = Bitmap::none(self.rows());
        for (number, one) in self.block.directory.templates.iter().enumerate() {
            let (start, rows) = (one.start as usize, one.rows as usize);
            for window in one.template.parts().windows(phrase.len()) {
                let possible =
                    window.iter().zip(&tests).zip(&ready).all(|((part, test), ready)| match part {
                        Part::Word(word) => ready(word),
                        Part::Variable(variable) => {
                            !test.forbids_digit() || one.template.has_words(*variable)
                        }
                    });
                if !possible {
                    continue;
                }
                let mut matching = Bitmap::all(rows);
                for ((part, test), ready) in window.iter().zip(&tests).zip(&ready) {
                    let Part::Variable(variable) = part else { continue };
                    let mut hits = Bitmap::none(rows);
                    let column = self.variable(number, *variable)?;
                    scan_token(column, rows, test, ready, &mut |index| hits.add(index));
                    matching.intersect(&hits);
                    if matching.is_empty() {
                        break;
                    }
                }
                matching.iter().for_each(|index| sure.add(start + index));
            }
        }
        self.untemplated(&mut sure, &mut |text| has_phrase(text, phrase, prefix))?;
        Ok(Found::sure(sure, self.rows()))
    }

    /// Rows that the conditions leave; messages without a template are tested at once.
    fn candidates(&self, clause: &Clause, conditions: &Prefilter) -> Result<Found> {
        let mut possible = Found::sure(Bitmap::all(self.rows()), self.rows());
        self.narrow(conditions, &mut possible.sure)?;
        self.texts(clause, possible.sure)
    }

    /// Takes away the rows for which the conditions do not hold.
    fn narrow(&self, conditions: &Prefilter, rows: &mut Bitmap) -> Result<()> {
        let tokens = conditions.tokens.iter().map(|text| TokenTest::Is(text));
        let prefixes = conditions.prefixes.iter().map(|text| TokenTest::StartsWith(text));
        let fragments = conditions.fragments.iter().map(|text| TokenTest::Contains(text));
        for test in tokens.chain(prefixes).chain(fragments) {
            rows.intersect(&self.token(&test)?.sure);
            if rows.is_empty() {
                return Ok(());
            }
        }
        for group in &conditions.any_of {
            let mut some = Bitmap::none(self.rows());
            for one in group {
                let mut left = rows.clone();
                self.narrow(one, &mut left)?;
                some.unite(&left);
            }
            rows.intersect(&some);
        }
        Ok(())
    }

    /// Of `possible` rows, those with a template are candidates; the messages of others are tested.
    fn texts(&self, clause: &Clause, mut possible: Bitmap) -> Result<Found> {
        let matcher = Matcher::new(&Query { expr: Expr::Clause(clause.clone()) });
        let mut all = Bitmap::none(self.rows());
        let mut sure = Bitmap::none(self.rows());
        let mut document = super::values::empty_document();
        self.each_untemplated(&mut |row, text| {
            all.add(row);
            if possible.contains(row) {
                document.message = text.to_owned().into();
                if matcher.matches(&document) {
                    sure.add(row);
                }
            }
        })?;
        possible.subtract(&all);
        Ok(Found { sure, maybe: possible })
    }

    /// Adds the rows whose message has no template and passes a test.
    fn untemplated(&self, rows: &mut Bitmap, test: &mut dyn FnMut(&str) -> bool) -> Result<()> {
        self.each_untemplated(&mut |row, text| {
            if test(text) {
                rows.add(row);
            }
        })
    }

    fn each_untemplated(&self, each: &mut dyn FnMut(usize, &str)) -> Result<()> {
        let directory = &self.block.directory;
        let mut scratch = Vec::new();
        let (start, rows, _) = &directory.text;
        if *rows > 0 {
            let texts = self.text()?;
            for index in 0..*rows as usize {
                let text = texts.get(index, &mut scratch);
                each(*start as usize + index, &json::text(text, Spelling::Text));
            }
        }
        for (number, key) in (0..).zip(&directory.keys) {
            if key.place == Place::Field(Field::Message) {
                let column = self.column(number)?;
                for (row, index) in self.rows_of(number).flatten() {
                    each(row, &json::text(column.get(index, &mut scratch), key.spelling));
                }
            }
        }
        Ok(())
    }
}

/// Scans a variable, each of whose values is one token.
fn scan_token(
    column: &Column,
    rows: usize,
    test: &TokenTest<'_>,
    ready: &dyn Fn(&str) -> bool,
    hit: &mut dyn FnMut(usize),
) {
    match (test, column) {
        (TokenTest::Is(text), Column::Numbers(_)) => column.scan_equal(rows, text.as_bytes(), hit),
        (TokenTest::Is(text), Column::Hex(hex)) if hex.form == crate::column::HexForm::Lower => {
            column.scan_equal(rows, text.as_bytes(), hit);
        }
        _ => column.scan(rows, &mut |value| str::from_utf8(value).is_ok_and(ready), hit),
    }
}
