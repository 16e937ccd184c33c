use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use logpipeline_model::{EntryId, Timestamp};

use crate::block::{Block, Group, TEXT};
use crate::column::{Column, Decoder, Plan};
use crate::error::{Error, Result};

/// Reads entries of one block, and searches them. What has been decoded stays until the reader is dropped.
///
/// Rows are numbered in the order in which the block keeps them; [`Reader::arrivals`] tells when each arrived.
#[derive(Debug)]
pub struct Reader<'b> {
    pub(crate) block: &'b Block,
    columns: Vec<OnceCell<Arc<Column>>>,
    variables: Vec<Vec<OnceCell<Arc<Column>>>>,
    text: OnceCell<Arc<Column>>,
    pub(super) starts: OnceCell<super::rows::Starts>,
    arrivals: OnceCell<Vec<u32>>,
    timestamps: OnceCell<Vec<i64>>,
    receipts: OnceCell<Vec<i64>>,
    ids: OnceCell<Vec<EntryId>>,
    pub(super) scratch: RefCell<Vec<u8>>,
}

/// Reads a cell, and fills it where it is empty.
fn cached<T>(cell: &OnceCell<T>, fill: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = fill()?;
    Ok(cell.get_or_init(|| value))
}

impl<'b> Reader<'b> {
    pub(crate) fn new(block: &'b Block) -> Self {
        let directory = &block.directory;
        Self {
            block,
            columns: vec![OnceCell::new(); directory.columns.len()],
            variables: directory
                .templates
                .iter()
                .map(|one| vec![OnceCell::new(); one.variables.len()])
                .collect(),
            text: OnceCell::new(),
            starts: OnceCell::new(),
            arrivals: OnceCell::new(),
            timestamps: OnceCell::new(),
            receipts: OnceCell::new(),
            ids: OnceCell::new(),
            scratch: RefCell::default(),
        }
    }

    fn decoder(&self) -> Decoder<'b> {
        Decoder { frames: &self.block.frames }
    }

    pub(crate) fn column(&self, number: u32) -> Result<&Arc<Column>> {
        let number = number as usize;
        let missing = Error::Damaged("a column is missing");
        let (cell, (plan, count)) = match (self.columns.get(number), self.block.directory.columns.get(number))
        {
            (Some(cell), Some(column)) => (cell, column),
            _ => return Err(missing),
        };
        // Columns refer to earlier ones only, and those to none that refers again.
        cached(cell, || self.decoder().read(plan, *count, &mut |other| self.column(other).cloned()))
    }

    /// The messages that have no template.
    pub(crate) fn text(&self) -> Result<&Arc<Column>> {
        let (_, count, plan) = &self.block.directory.text;
        cached(&self.text, || {
            self.decoder().read(plan, *count as usize, &mut |other| self.column(other).cloned())
        })
    }

    /// The values of a variable of a template, by their numbers in the directory.
    pub(crate) fn variable(&self, template: usize, variable: usize) -> Result<&Arc<Column>> {
        let missing = || Error::Damaged("a variable is missing");
        let cell = self.variables.get(template).and_then(|variables| variables.get(variable));
        let rows = self.block.directory.templates.get(template).ok_or_else(missing)?;
        let plan = rows.variables.get(variable).ok_or_else(missing)?;
        cached(cell.ok_or_else(missing)?, || match plan {
            Plan::Token { of, token } => {
                let starts = self.positions(*of, template as u32 + TEXT + 1)?;
                Ok(Arc::new(Column::Token { of: Arc::clone(self.column(*of)?), token: *token, starts }))
            }
            plan => self.decoder().read(plan, rows.rows as usize, &mut |other| self.column(other).cloned()),
        })
    }

    /// Where the rows of a template have their values in a column: for each group its first row, from the template's
    /// first one, and the position there.
    fn positions(&self, column: u32, template: u32) -> Result<Vec<(u32, u32)>> {
        let mut positions = Vec::new();
        let (mut here, mut there) = (0, 0);
        for group in &self.block.directory.groups {
            let has = self.has(group, column);
            if group.template == template {
                if !has {
                    return Err(Error::Damaged("a variable is part of a value that is not there"));
                }
                positions.push((here, there));
                here += group.rows;
            }
            there += if has { group.rows } else { 0 };
        }
        Ok(positions)
    }

    pub(crate) fn has(&self, group: &Group, column: u32) -> bool {
        let skeleton = self.block.directory.skeletons.get(group.skeleton as usize);
        skeleton.is_some_and(|skeleton| skeleton.columns().any(|one| one == column))
    }

    /// For each row, when it arrived: 0 for the first of the block.
    pub fn arrivals(&self) -> Result<&[u32]> {
        cached(&self.arrivals, || {
            let directory = &self.block.directory;
            let codes = directory.group_codes.read_codes(
                &self.block.frames,
                directory.rows,
                directory.groups.len(),
            )?;
            let mut next: Vec<u32> = directory.groups.iter().map(|group| group.start).collect();
            let mut arrivals = vec![u32::MAX; directory.rows];
            for (arrival, code) in codes.into_iter().enumerate() {
                let row = &mut next[code as usize];
                let slot = arrivals.get_mut(*row as usize).filter(|slot| **slot == u32::MAX);
                *slot.ok_or(Error::Damaged("two entries have one row"))? = arrival as u32;
                *row += 1;
            }
            Ok(arrivals)
        })
        .map(Vec::as_slice)
    }

    /// The `timestamp` of each row in order of arrival, as nanoseconds from the base.
    pub(crate) fn timestamp_offsets(&self) -> Result<&[i64]> {
        let directory = &self.block.directory;
        cached(&self.timestamps, || directory.timestamp_offsets.read(&self.block.frames, directory.rows))
            .map(Vec::as_slice)
    }

    pub(crate) fn receipt_offsets(&self) -> Result<&[i64]> {
        let directory = &self.block.directory;
        cached(&self.receipts, || directory.receipt_offsets.read(&self.block.frames, directory.rows))
            .map(Vec::as_slice)
    }

    /// The `timestamp` of an entry, given when it arrived.
    pub fn timestamp(&self, arrival: u32) -> Result<Timestamp> {
        time(self.block.directory.timestamps.base, self.timestamp_offsets()?, arrival)
    }

    /// The `receivedAt` of an entry, given when it arrived.
    pub fn received_at(&self, arrival: u32) -> Result<Timestamp> {
        time(self.block.directory.receipts.base, self.receipt_offsets()?, arrival)
    }

    /// The ids of all entries in order of arrival.
    pub fn ids(&self) -> Result<&[EntryId]> {
        cached(&self.ids, || self.block.directory.id_column.read(&self.block.frames)).map(Vec::as_slice)
    }
}

fn time(base: i128, offsets: &[i64], arrival: u32) -> Result<Timestamp> {
    let offset = offsets.get(arrival as usize).ok_or(Error::Damaged("an entry has no time"))?;
    Ok(Timestamp::from_unix_nanos(base.saturating_add(i128::from(*offset))))
}
