use super::scan::{self, MARK};
use crate::error::{Error, Result};
use crate::wire::{Input, put_bytes, put_number};

/// What messages have in common, each variable a [`MARK`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    text: Box<[u8]>,
    /// Of each variable, whether its values can be tokens without a digit.
    words: Box<[bool]>,
}

/// A token of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Word(&'a str),
    Variable(usize),
}

impl Template {
    pub(super) fn new(text: Box<[u8]>, words: Box<[bool]>) -> Self {
        Self { text, words }
    }

    pub(crate) fn variables(&self) -> usize {
        self.words.len()
    }

    /// Whether the values of a variable can be tokens without a digit.
    pub(crate) fn has_words(&self, variable: usize) -> bool {
        self.words.get(variable).copied().unwrap_or(true)
    }

    /// The text before each variable; the last one has none behind it.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|byte| *byte == MARK)
    }

    /// The tokens in order.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        for (variable, literal) in self.literals().enumerate() {
            if variable > 0 {
                parts.push(Part::Variable(variable - 1));
            }
            for (start, end, _) in scan::tokens(literal) {
                parts.push(Part::Word(str::from_utf8(&literal[start..end]).unwrap_or_default()));
            }
        }
        parts
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_bytes(&self.text, out);
        for words in self.words.chunks(8) {
            let bits = words.iter().rev().fold(0, |bits, word| bits << 1 | u64::from(*word));
            put_number(bits, out);
        }
    }

    pub(crate) fn take(input: &mut Input<'_>) -> Result<Self> {
        let text: Box<[u8]> = input.text()?.as_bytes().into();
        let count = memchr::memchr_iter(MARK, &text).count();
        let mut words = Vec::with_capacity(count);
        while words.len() < count {
            let bits = input.up_to(0xff)?;
            let left = (count - words.len()).min(8);
            words.extend((0..left).map(|bit| bits >> bit & 1 == 1));
        }
        let template = Self { text, words: words.into() };
        if template.borders() {
            return Err(Error::Damaged("a variable of a template is not a whole token"));
        }
        Ok(template)
    }

    /// Whether a variable stands next to a character of a token, so that its values would not be whole tokens.
    fn borders(&self) -> bool {
        let mut literals = self.literals().enumerate().peekable();
        while let Some((index, literal)) = literals.next() {
            let last = literals.peek().is_none();
            let mut tokens = scan::tokens(literal);
            let first = tokens.next();
            let begins = first.is_some_and(|(start, _, _)| start == 0);
            let ends = tokens.last().or(first).is_some_and(|(_, end, _)| end == literal.len());
            let between = index > 0 && !last;
            if index > 0 && begins || !last && ends || between && literal.is_empty() {
                return true;
            }
        }
        false
    }
}
