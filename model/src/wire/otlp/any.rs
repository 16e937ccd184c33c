use std::borrow::Cow;

use crate::entry::{Limits, Members, Rejection};

/// What an `AnyValue` holds.
#[derive(Debug)]
pub(super) enum Any<'a, C> {
    /// Nothing was set.
    Empty,
    Text(Cow<'a, str>),
    Boolean(bool),
    Integer(i64),
    Double(f64),
    /// A number as JSON spells it.
    Number(&'a str),
    Bytes(&'a [u8]),
    /// An array or a list of keys and values.
    Container(C),
}

/// An array or a list of keys and values, as the request's encoding holds it.
pub(super) trait Container {
    /// Writes it as an array or object of JSON, as the value of a key or an element of an array.
    fn write(self, members: &mut Members, limits: &Limits) -> Result<(), Rejection>;
}

impl<C: Container> Any<'_, C> {
    /// Writes it as the value of a key or an element of an array.
    pub(super) fn write(self, members: &mut Members, limits: &Limits) -> Result<(), Rejection> {
        match self {
            Self::Empty => members.push_null(),
            Self::Text(text) => members.push_string(&text),
            Self::Boolean(value) => members.push_boolean(value),
            Self::Integer(value) => members.push_integer(value),
            Self::Double(value) => members.push_float(value),
            Self::Number(literal) => members.push_number(literal),
            Self::Bytes(bytes) => members.push_base64(bytes),
            Self::Container(container) => {
                limits.check_depth(members.depth() + 1)?;
                container.write(members, limits)?;
            }
        }
        Ok(())
    }
}
