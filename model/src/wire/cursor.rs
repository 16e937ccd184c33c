use std::borrow::Cow;

use crate::json::{Escapes, Fault, Kind, Reader, Token, string};

/// Goes through a JSON text value by value.
///
/// Before a value stands either the start, [`Self::key`] or [`Self::element`]; each value is then taken by exactly one of the
/// other methods.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    reader: Reader<'a>,
    /// The first token of an element.
    first: Option<Token>,
}

impl<'a> Cursor<'a> {
    /// However deep the text is nested: what goes deeper into it has bounds of its own.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, reader: Reader::new(text.as_bytes(), usize::MAX), first: None }
    }

    fn token(&mut self) -> Result<Option<Token>, Fault> {
        match self.first.take() {
            Some(token) => Ok(Some(token)),
            None => self.reader.token(),
        }
    }

    /// Enters a value of this kind, an object or an array; any other value is skipped.
    pub(crate) fn enter(&mut self, kind: Kind) -> Result<bool, Fault> {
        let Some(token) = self.token()? else { return Ok(false) };
        if token.kind == kind {
            return Ok(true);
        }
        self.skip_behind(token)?;
        Ok(false)
    }

    /// The next key of the object; `None` where it ends.
    pub(crate) fn key(&mut self) -> Result<Option<Cow<'a, str>>, Fault> {
        let token = self.reader.token()?.filter(|token| token.kind == Kind::Key);
        Ok(token.map(|token| match token.escapes {
            Escapes::None => Cow::Borrowed(token.inner(self.text)),
            _ => string::unescape(token.inner(self.text)),
        }))
    }

    /// Whether the array has another element.
    pub(crate) fn element(&mut self) -> Result<bool, Fault> {
        self.first = self.reader.token()?.filter(|token| token.kind != Kind::ArrayEnd);
        Ok(self.first.is_some())
    }

    /// A string's text, or a number or boolean as it is written; empty for anything else.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        let Some(token) = self.token()? else { return Ok(Cow::Borrowed("")) };
        Ok(match token.kind {
            Kind::String if token.escapes == Escapes::None => Cow::Borrowed(token.inner(self.text)),
            Kind::String => string::unescape(token.inner(self.text)),
            Kind::Number | Kind::True | Kind::False => {
                Cow::Borrowed(self.text.get(token.start..token.end).unwrap_or_default())
            }
            _ => {
                self.skip_behind(token)?;
                Cow::Borrowed("")
            }
        })
    }

    /// A string's text, or any other value as it is written.
    pub(crate) fn text_or_json(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.first = self.token()?;
        match self.first {
            Some(Token { kind: Kind::String, .. }) => self.text(),
            _ => self.skip().map(Cow::Borrowed),
        }
    }

    /// A count, as a number or a string; 0 for anything else.
    pub(crate) fn count(&mut self) -> Result<u64, Fault> {
        Ok(self.text()?.parse().unwrap_or_default())
    }

    /// The kind of the next value, and its text where it is no container.
    pub(crate) fn scalar(&mut self) -> Result<(Kind, Cow<'a, str>), Fault> {
        let token = self.token()?;
        self.first = token;
        let kind = token.map_or(Kind::Null, |token| token.kind);
        match kind {
            Kind::Object | Kind::Array => Ok((kind, Cow::Borrowed(""))),
            _ => Ok((kind, self.text()?)),
        }
    }

    /// The whole value as it is written.
    pub(crate) fn skip(&mut self) -> Result<&'a str, Fault> {
        let Some(token) = self.token()? else { return Ok("") };
        let end = self.skip_behind(token)?;
        Ok(self.text.get(token.start..end).unwrap_or_default())
    }

    fn skip_behind(&mut self, first: Token) -> Result<usize, Fault> {
        if !matches!(first.kind, Kind::Object | Kind::Array) {
            return Ok(first.end);
        }
        let outside = self.reader.depth() - 1;
        while self.reader.depth() > outside {
            if self.reader.token()?.is_none() {
                break;
            }
        }
        Ok(self.reader.position())
    }

    /// Checks that nothing follows the value.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.reader.finish()
    }
}
