use logpipeline_model::query::Field;

use crate::error::{Error, Result};
use crate::wire::{Input, put_bytes, put_number};

/// What tells the columns of a block apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) spelling: Spelling,
    /// Elements of an array share its path: the first is 0.
    pub(crate) occurrence: u32,
}

/// Where in an entry a value stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// The whole entry, which was not split.
    Whole,
    Field(Field),
    /// A value that no query reaches.
    Other(String),
}

/// How a value is written in its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Spelling {
    /// A string, escaped no more than JSON asks for; the column has the text that it stands for.
    Text,
    /// A number, `true` or `false`.
    Bare,
    /// A string with other escapes; the column has what stands between its quotes.
    Escaped,
}

impl Spelling {
    pub(crate) const ALL: [Self; 3] = [Self::Text, Self::Bare, Self::Escaped];

    /// What stands for such a value in a skeleton. No JSON holds these bytes outside of its values.
    pub(crate) fn mark(self) -> u8 {
        self as u8
    }
}

const FIELDS: [Field; 6] =
    [Field::Level, Field::Message, Field::ResourceId, Field::TraceId, Field::SpanId, Field::Commit];
const METADATA: u8 = 6;
const OTHER: u8 = 7;
const WHOLE: u8 = 8;

impl Key {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let (place, path) = match &self.place {
            Place::Field(Field::Metadata(path)) => (METADATA, path.as_str()),
            Place::Field(field) => (FIELDS.iter().position(|one| one == field).unwrap_or_default() as u8, ""),
            Place::Other(path) => (OTHER, path.as_str()),
            Place::Whole => (WHOLE, ""),
        };
        out.push(place << 2 | self.spelling.mark());
        if matches!(place, METADATA | OTHER) {
            put_bytes(path.as_bytes(), out);
        }
        put_number(u64::from(self.occurrence), out);
    }

    pub(crate) fn take(input: &mut Input<'_>) -> Result<Self> {
        let code = input.byte()?;
        let spelling = Spelling::ALL.get(usize::from(code & 3)).copied();
        let spelling = spelling.ok_or(Error::Damaged("a column has no spelling"))?;
        let place = match code >> 2 {
            METADATA => Place::Field(Field::Metadata(input.text()?.to_owned())),
            OTHER => Place::Other(input.text()?.to_owned()),
            WHOLE => Place::Whole,
            field => match FIELDS.get(usize::from(field)) {
                Some(field) => Place::Field(field.clone()),
                None => return Err(Error::Damaged("a column has no place")),
            },
        };
        Ok(Self { place, spelling, occurrence: input.up_to(u32::MAX as usize)? as u32 })
    }
}
