//! A document with what its clauses need more than once.

use std::cell::OnceCell;

use crate::Document;
use crate::query::text::{fold, tokens};

/// Stands between tokens; it is none of a token's characters.
pub(super) const BETWEEN: char = '\0';

pub(super) struct Prepared<'a> {
    pub(super) document: &'a Document<'a>,
    tokens: OnceCell<String>,
    folded: OnceCell<String>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(document: &'a Document<'a>) -> Self {
        Self { document, tokens: OnceCell::new(), folded: OnceCell::new() }
    }

    /// The tokens of the message, each with [`BETWEEN`] before and behind it.
    pub(super) fn tokens(&self) -> &str {
        self.tokens.get_or_init(|| {
            let mut joined = String::with_capacity(self.document.message.len() + 2);
            joined.push(BETWEEN);
            for token in tokens(&self.document.message) {
                token.fold_into(&mut joined);
                joined.push(BETWEEN);
            }
            joined
        })
    }

    pub(super) fn folded_message(&self) -> &str {
        self.folded.get_or_init(|| fold(&self.document.message))
    }
}
