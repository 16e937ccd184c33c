use std::sync::Arc;

use logpipeline_model::query::Field;
use logpipeline_model::{EntryId, Timestamp};

use super::directory::{Directory, TimeRange};
use super::layout::{self, BEGINNING};
use super::summary::{FieldSummary, Span};
use crate::Source;
use crate::column::{Entries, Kept, Plan};
use crate::entry::{Place, Spelling};
use crate::error::{Error, Result};
use crate::filter::{self, Filter};
use crate::frame::{Cache, Frames, Pieces};
use crate::json;
use crate::read::Reader;
use crate::wire::Input;

/// Bytes of a directory, and of all that its frames hold, that a block of this program never exceeds.
const MOST_BYTES: usize = 256 << 20;

/// A block, opened: its directory is read, its frames are inflated as they are needed.
#[derive(Debug)]
pub struct Block {
    pub(crate) directory: Directory,
    pub(crate) frames: Frames,
}

impl Block {
    /// Opens a block. Frames are inflated into `cache`.
    pub fn open(source: impl Source + 'static, cache: Arc<Cache>) -> Result<Self> {
        Self::open_within(source, cache, MOST_BYTES)
    }

    /// Opens a block of which nobody knows who wrote it: a directory of more than `most` bytes is refused, and so are
    /// frames of more in all.
    pub fn open_within(source: impl Source + 'static, cache: Arc<Cache>, most: usize) -> Result<Self> {
        let (bytes, end) = layout::directory(&source, most)?;
        let mut input = Input::new(&bytes);
        let mut pieces = Pieces::default();
        let directory = Directory::take(&mut input, &mut pieces)?;
        let values: usize = directory.columns.iter().map(|(_, count)| count).sum();
        let variables: usize =
            directory.templates.iter().map(|one| one.rows as usize * one.template.variables()).sum();
        if pieces.ends().iter().sum::<usize>() > most || (values + variables).saturating_mul(8) > most {
            return Err(Error::Damaged("it holds more than a block may"));
        }
        let range = BEGINNING.len() as u64..end;
        let frames = Frames::open(Box::new(source), cache, &mut input, pieces.ends(), range)?;
        if !input.is_empty() {
            return Err(Error::Damaged("the directory goes on behind its end"));
        }
        Ok(Self { directory, frames })
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.directory.rows
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// First and last `timestamp`.
    pub fn timestamps(&self) -> Span {
        span(self.directory.timestamps)
    }

    /// First and last `receivedAt`.
    pub fn receipts(&self) -> Span {
        span(self.directory.receipts)
    }

    /// Lowest and highest id.
    pub fn ids(&self) -> (EntryId, EntryId) {
        self.directory.ids
    }

    /// The columns that queries reach, by what the directory says about them; the message is none of them.
    pub fn fields(&self) -> impl Iterator<Item = FieldSummary> {
        let directory = &self.directory;
        directory.keys.iter().zip(&directory.columns).filter_map(|(key, (plan, rows))| match &key.place {
            Place::Field(field) if *field != Field::Message && *rows > 0 => Some(FieldSummary {
                field: field.clone(),
                rows: *rows,
                distinct: plan.distinct(),
                values: values(plan, *rows, key.spelling),
            }),
            _ => None,
        })
    }

    /// Checks every frame. Everything else was checked when the block was opened.
    pub fn verify(&self) -> Result<()> {
        (0..self.frames.len()).try_for_each(|number| self.frames.frame(number).map(drop))
    }

    /// Begins to read entries or to search them; what it decodes is kept until it is dropped.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }

    pub(crate) fn filter(&self) -> Result<Filter> {
        self.directory.filter.read(&self.frames)
    }

    /// Whether an entry of this id can be here; `false` is certain.
    pub fn may_have_id(&self, id: EntryId) -> Result<bool> {
        let (low, high) = self.ids();
        if self.is_empty() || id < low || id > high {
            return Ok(false);
        }
        Ok(self.filter()?.admits(u128::from_be_bytes(id.0) >> 32, filter::Kind::IdPrefix))
    }

    /// Whether a value of these 128 bits, written as 32 hexadecimal digits with or without hyphens, can be here; `false`
    /// is certain but for values inside of longer ones, of messages, and of entries that are kept as they are.
    pub fn may_have_value(&self, value: u128) -> Result<bool> {
        Ok(self.filter()?.admits(value, filter::Kind::Value))
    }
}

fn span(range: TimeRange) -> Span {
    let time = |offset: i64| Timestamp::from_unix_nanos(range.base.saturating_add(i128::from(offset)));
    Span { first: time(range.first), last: time(range.last) }
}

fn values(plan: &Plan, rows: usize, spelling: Spelling) -> Option<Vec<(String, usize)>> {
    let text = |value: &[u8]| json::text(value, spelling).into_owned();
    match plan {
        Plan::Constant(value) => Some(vec![(text(value), rows)]),
        Plan::Dictionary { entries: Entries { kept: Kept::Inline(entries), .. }, .. }
        | Plan::Function { entries: Entries { kept: Kept::Inline(entries), .. }, .. } => {
            Some(entries.iter().map(|(value, count)| (text(value), *count as usize)).collect())
        }
        _ => None,
    }
}
