//! A column as the directory describes it.

use super::hex::HexPlan;
use super::number::NumbersPlan;
use super::text::TextsPlan;
use super::{Form, Packed};
use crate::error::{Error, Result};
use crate::frame::Pieces;
use crate::message::Template;
use crate::wire::Input;

/// A dictionary of no more entries and bytes stands in the directory.
pub(super) const INLINE_ENTRIES: usize = 256;
pub(super) const INLINE_BYTES: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Constant,
    Numbers,
    Hex,
    Dictionary,
    Function,
    Same,
    Text,
    Templates,
    Token,
}

impl Tag {
    const ALL: [Self; 9] = [
        Self::Constant,
        Self::Numbers,
        Self::Hex,
        Self::Dictionary,
        Self::Function,
        Self::Same,
        Self::Text,
        Self::Templates,
        Self::Token,
    ];

    pub(super) fn put(self, head: &mut Vec<u8>) {
        head.push(self as u8);
    }

    fn take(input: &mut Input<'_>) -> Result<Self> {
        let tag = Self::ALL.get(usize::from(input.byte()?));
        tag.copied().ok_or(Error::Damaged("a column has no encoding"))
    }
}

#[derive(Debug)]
pub(crate) enum Plan {
    Constant(Box<[u8]>),
    Numbers(NumbersPlan),
    Hex(HexPlan),
    Dictionary {
        entries: Entries,
        codes: Packed,
    },
    /// The codes are those of the column `of`, each replaced by `map`.
    Function {
        entries: Entries,
        of: u32,
        map: Packed,
    },
    Same(u32),
    Text(TextsPlan),
    Templates(Box<TemplatesPlan>),
    Token {
        of: u32,
        token: u32,
    },
}

#[derive(Debug)]
pub(crate) struct Entries {
    pub(crate) length: usize,
    pub(crate) kept: Kept,
}

#[derive(Debug)]
pub(crate) enum Kept {
    /// In the directory, each with how many rows have it.
    Inline(Vec<(Box<[u8]>, u32)>),
    Column(Box<Plan>),
}

#[derive(Debug)]
pub(crate) struct TemplatesPlan {
    pub(crate) numbers: Packed,
    pub(crate) texts: (usize, TextsPlan),
    /// Each with how many rows have it.
    pub(crate) templates: Vec<(Template, usize, Vec<Plan>)>,
}

/// What else the directory holds, as far as columns refer to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The columns before this one, with the number of their values.
    pub(crate) columns: &'a [(Plan, usize)],
    /// In how many other columns it lies.
    pub(crate) depth: u8,
}

const NESTED: Error = Error::Damaged("a column has too many columns inside");

impl Plan {
    /// Reads how a column of `count` values is encoded.
    pub(crate) fn take(
        input: &mut Input<'_>,
        pieces: &mut Pieces,
        count: usize,
        context: Context<'_>,
    ) -> Result<Self> {
        let tag = Tag::take(input)?;
        let inside = Context { depth: context.depth + 1, ..context };
        let plain = matches!(tag, Tag::Constant | Tag::Numbers | Tag::Hex | Tag::Text);
        if !plain && (context.depth > 1 || context.depth == 1 && tag != Tag::Dictionary) {
            return Err(NESTED);
        }
        let other = |input: &mut Input<'_>| -> Result<(u32, &(Plan, usize))> {
            let of = input.up_to(u32::MAX as usize)?;
            let plan = context.columns.get(of).ok_or(Error::Damaged("a column refers to none before it"))?;
            Ok((of as u32, plan))
        };
        Ok(match tag {
            Tag::Constant => Self::Constant(input.bytes()?.into()),
            Tag::Numbers => Self::Numbers(NumbersPlan {
                form: Form::take(input)?,
                packed: Packed::take(input, pieces, count)?,
            }),
            Tag::Hex => Self::Hex(HexPlan::take(input, pieces, count)?),
            Tag::Dictionary => {
                let entries = Entries::take(input, pieces, count, inside)?;
                Self::Dictionary { entries, codes: Packed::take(input, pieces, count)? }
            }
            Tag::Function => {
                let entries = Entries::take(input, pieces, count, inside)?;
                let (of, (source, source_count)) = other(input)?;
                let length = match source {
                    Self::Dictionary { entries, .. } if *source_count == count => entries.length,
                    _ => return Err(Error::Damaged("a column is a function of one that is no dictionary")),
                };
                Self::Function { entries, of, map: Packed::take(input, pieces, length)? }
            }
            Tag::Same => match other(input)? {
                (_, (Self::Same(_) | Self::Token { .. }, _)) => return Err(NESTED),
                (of, (_, source_count)) if *source_count == count => Self::Same(of),
                _ => return Err(Error::Damaged("a column is the same as a longer one")),
            },
            Tag::Text => Self::Text(TextsPlan::take(input, pieces, count)?),
            Tag::Templates => Self::Templates(Box::new(TemplatesPlan::take(input, pieces, count, inside)?)),
            Tag::Token => Self::Token { of: other(input)?.0, token: input.up_to(u32::MAX as usize)? as u32 },
        })
    }

    /// How many different values there are, where the directory says it.
    pub(crate) fn distinct(&self) -> Option<usize> {
        match self {
            Self::Constant(_) => Some(1),
            Self::Dictionary { entries, .. } | Self::Function { entries, .. } => Some(entries.length),
            _ => None,
        }
    }
}

impl Entries {
    fn take(input: &mut Input<'_>, pieces: &mut Pieces, count: usize, context: Context<'_>) -> Result<Self> {
        let length = input.up_to(count)?;
        let kept = match input.byte()? {
            0 => Kept::Column(Box::new(Plan::take(input, pieces, length, context)?)),
            _ if length > INLINE_ENTRIES => {
                return Err(Error::Damaged("a dictionary of the directory is long"));
            }
            _ => {
                let entries: Result<_> = (0..length)
                    .map(|_| Ok((Box::from(input.bytes()?), input.up_to(count)? as u32)))
                    .collect();
                Kept::Inline(entries?)
            }
        };
        Ok(Self { length, kept })
    }
}

impl TemplatesPlan {
    fn take(input: &mut Input<'_>, pieces: &mut Pieces, count: usize, inside: Context<'_>) -> Result<Self> {
        let length = input.count(count)?;
        let numbers = Packed::take(input, pieces, count)?;
        let texts = input.up_to(count)?;
        let texts = (texts, TextsPlan::take(input, pieces, texts)?);
        let mut left = count - texts.0;
        let mut templates = Vec::with_capacity(length);
        for _ in 0..length {
            let template = Template::take(input)?;
            let rows = input.up_to(left)?;
            left -= rows;
            let variables: Result<_> =
                (0..template.variables()).map(|_| Plan::take(input, pieces, rows, inside)).collect();
            templates.push((template, rows, variables?));
        }
        if left > 0 {
            return Err(Error::Damaged("texts of a column have no template"));
        }
        Ok(Self { numbers, texts, templates })
    }
}
