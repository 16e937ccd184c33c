use std::sync::Arc;

use super::dictionary::Dictionary;
use super::plan::{Entries, Kept, TemplatesPlan};
use super::{Hex, Numbers, Plan, Templated, Texts};
use crate::error::{Error, Result};
use crate::frame::Frames;
use crate::message::nth_token;

/// The values of a column, ready to be looked at one by one.
#[derive(Debug)]
pub(crate) enum Column {
    Constant(Box<[u8]>),
    Numbers(Numbers),
    Hex(Hex),
    Dictionary(Box<Dictionary>),
    Texts(Texts),
    Templated(Box<Templated>),
    /// The entries of a dictionary of the directory.
    Entries(Vec<Box<[u8]>>),
    /// A token of each value of another column, which the rows have in the same order from `start` on.
    Token {
        of: Arc<Column>,
        token: u32,
        starts: Vec<(u32, u32)>,
    },
}

impl Column {
    /// Appends the value of a row.
    #[inline]
    pub(crate) fn write(&self, index: usize, out: &mut Vec<u8>) {
        match self {
            Self::Constant(value) => out.extend_from_slice(value),
            Self::Numbers(numbers) => {
                if let Some(value) = numbers.values.get(index) {
                    numbers.form.write(*value, out);
                }
            }
            Self::Hex(hex) => hex.write(index, out),
            Self::Dictionary(dictionary) => {
                if let Some(code) = dictionary.codes.get(index) {
                    dictionary.entries.write(*code as usize, out);
                }
            }
            Self::Texts(texts) => out.extend_from_slice(texts.get(index)),
            Self::Templated(templated) => templated.write(index, out),
            Self::Entries(entries) => {
                if let Some(entry) = entries.get(index) {
                    out.extend_from_slice(entry);
                }
            }
            Self::Token { of, token, starts } => {
                let mut value = Vec::new();
                of.write(position(starts, index), &mut value);
                out.extend_from_slice(nth_token(&value, *token as usize));
            }
        }
    }

    /// The value of a row, written to `scratch` where it does not lie anywhere.
    #[inline]
    pub(crate) fn get<'a>(&'a self, index: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match self {
            Self::Constant(value) => value,
            Self::Texts(texts) => texts.get(index),
            Self::Entries(entries) => entries.get(index).map(|entry| &**entry).unwrap_or_default(),
            Self::Dictionary(dictionary) => match dictionary.codes.get(index) {
                Some(code) => dictionary.entries.get(*code as usize, scratch),
                None => &[],
            },
            _ => {
                scratch.clear();
                self.write(index, scratch);
                scratch
            }
        }
    }
}

/// The position in another column of the value that stands at `index` here; `starts` has for each run of rows its first
/// index here and there.
fn position(starts: &[(u32, u32)], index: usize) -> usize {
    let run = starts.partition_point(|(here, _)| *here as usize <= index);
    let (here, there) = run.checked_sub(1).and_then(|at| starts.get(at)).copied().unwrap_or((0, 0));
    there as usize + (index - here as usize)
}

/// Reads columns of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoder<'a> {
    pub(crate) frames: &'a Frames,
}

impl Decoder<'_> {
    /// Reads a column of `count` values; `other` reads the columns that it refers to.
    pub(crate) fn read(
        &self,
        plan: &Plan,
        count: usize,
        other: &mut dyn FnMut(u32) -> Result<Arc<Column>>,
    ) -> Result<Arc<Column>> {
        match plan {
            Plan::Same(of) => other(*of),
            Plan::Function { entries, of, map } => {
                let source = other(*of)?;
                let Column::Dictionary(source) = &*source else {
                    return Err(Error::Damaged("a column is a function of one that is no dictionary"));
                };
                let map = map.read_codes(self.frames, source.length, entries.length)?;
                let codes = source.codes.iter().map(|code| map[*code as usize]).collect();
                self.dictionary(entries, codes).map(Arc::new)
            }
            plan => self.plain(plan, count).map(Arc::new),
        }
    }

    /// Reads a column that refers to no other.
    fn plain(&self, plan: &Plan, count: usize) -> Result<Column> {
        Ok(match plan {
            Plan::Constant(value) => Column::Constant(value.clone()),
            Plan::Numbers(numbers) => Column::Numbers(Numbers {
                form: numbers.form,
                values: numbers.packed.read(self.frames, count)?,
            }),
            Plan::Hex(hex) => {
                Column::Hex(Hex { form: hex.form, digits: hex.digits, bytes: self.frames.read(hex.piece)? })
            }
            Plan::Dictionary { entries, codes } => {
                self.dictionary(entries, codes.read_codes(self.frames, count, entries.length)?)?
            }
            Plan::Text(texts) => Column::Texts(texts.read(self.frames, count)?),
            Plan::Templates(templates) => self.templates(templates, count)?,
            Plan::Function { .. } | Plan::Same(_) | Plan::Token { .. } => {
                return Err(Error::Damaged("a column refers to another where it cannot"));
            }
        })
    }

    fn dictionary(&self, entries: &Entries, codes: Vec<u32>) -> Result<Column> {
        let length = entries.length;
        let entries = match &entries.kept {
            Kept::Inline(entries) => {
                Column::Entries(entries.iter().map(|(entry, _)| entry.clone()).collect())
            }
            Kept::Column(plan) => self.plain(plan, length)?,
        };
        Ok(Column::Dictionary(Box::new(Dictionary { entries, length, codes })))
    }

    fn templates(&self, plan: &TemplatesPlan, count: usize) -> Result<Column> {
        let numbers = plan.numbers.read_codes(self.frames, count, plan.templates.len() + 1)?;
        let mut counts = vec![0; plan.templates.len() + 1];
        numbers.iter().for_each(|number| counts[*number as usize] += 1);
        let expected = std::iter::once(plan.texts.0).chain(plan.templates.iter().map(|(_, rows, _)| *rows));
        if !expected.eq(counts) {
            return Err(Error::Damaged("a column's templates have other rows than it says"));
        }
        let texts = plan.texts.1.read(self.frames, plan.texts.0)?;
        let variables: Result<_> = plan
            .templates
            .iter()
            .map(|(_, rows, plans)| {
                plans.iter().map(|plan| self.plain(plan, *rows)).collect::<Result<Vec<_>>>()
            })
            .collect();
        let templates = plan.templates.iter().map(|(template, _, _)| template.clone()).collect();
        Ok(Column::Templated(Box::new(Templated::new(templates, numbers, texts, variables?))))
    }
}
