//! The first line of a pair: `{"create":{"_index":"logs","_id":"7"}}`.

use std::borrow::Cow;

use crate::json::{Kind, Reader, Token, string};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Index,
    Create,
    Update,
    Delete,
}

impl Operation {
    pub(super) const ALL: [Self; 4] = [Self::Index, Self::Create, Self::Update, Self::Delete];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Action<'a> {
    pub(super) operation: Operation,
    pub(super) index: Option<Cow<'a, str>>,
    pub(super) id: Option<Cow<'a, str>>,
}

/// Clients add parameters of their own, some of them nested.
const DEPTH: usize = 16;
const EXPECTED: &str = r#"an action such as {"create":{"_index":"logs"}}"#;

impl<'a> Action<'a> {
    /// Reads a line. The error says what was expected.
    pub(super) fn read(line: &'a [u8]) -> Result<Self, String> {
        let text = str::from_utf8(line).map_err(|_| format!("expected {EXPECTED}, found invalid UTF-8"))?;
        let mut reader = Reader::new(line, DEPTH);
        let mut next = || reader.token().map_err(|fault| format!("expected {EXPECTED}: {fault}"));
        let (Some(Token { kind: Kind::Object, .. }), Some(name)) = (next()?, next()?) else {
            return Err(format!("expected {EXPECTED}"));
        };
        let operation = Operation::ALL.into_iter().find(|operation| operation.name() == name.inner(text));
        let Some(operation) = operation.filter(|_| name.kind == Kind::Key) else {
            return Err(format!("expected {EXPECTED}; the actions are index, create, update and delete"));
        };
        let (mut index, mut id) = (None, None);
        match next()? {
            Some(Token { kind: Kind::Object, .. }) => {}
            _ => return Err(format!("expected {EXPECTED}: behind {:?} stands an object", operation.name())),
        }
        let mut key = None;
        while let Some(token) = reader.token().map_err(|fault| format!("expected {EXPECTED}: {fault}"))? {
            match token.kind {
                Kind::Key => key = Some(token.inner(text)).filter(|_| reader.depth() == 2),
                Kind::String | Kind::Number => {
                    let value = || match token.kind {
                        Kind::String => string::unescape(token.inner(text)),
                        _ => Cow::Borrowed(text.get(token.start..token.end).unwrap_or_default()),
                    };
                    match key.take() {
                        Some("_index") => index = Some(value()).filter(|name| !name.is_empty()),
                        Some("_id") => id = Some(value()).filter(|id| !id.is_empty()),
                        _ => {}
                    }
                }
                _ => key = None,
            }
        }
        reader.finish().map_err(|fault| format!("expected {EXPECTED}: {fault}"))?;
        Ok(Self { operation, index, id })
    }

    /// What tells the document from others: its index and its id.
    pub(super) fn key<'k>(&self, index: Option<&str>, key: &'k mut Vec<u8>) -> Option<&'k [u8]> {
        let id = self.id.as_ref()?;
        key.clear();
        key.extend_from_slice(index.unwrap_or_default().as_bytes());
        key.push(0);
        key.extend_from_slice(id.as_bytes());
        Some(key)
    }
}
