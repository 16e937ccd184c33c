use super::Reader;
use crate::block::{Group, TEXT};
use crate::entry::{Slot, Spelling, append_value};
use crate::error::{Error, Result};

/// A longer entry is the work of damage.
const LONGEST: usize = 256 << 20;
const MISSING: Error = Error::Damaged("an entry has no row");

/// Where the values of each group begin in the columns of its slots.
#[derive(Debug)]
pub(super) struct Starts {
    /// For each group, its first position.
    first: Vec<usize>,
    positions: Vec<u32>,
}

impl Reader<'_> {
    /// Appends the stored form of a row to `out`. Where it fails, `out` may have part of it.
    pub fn write(&self, row: u32, out: &mut Vec<u8>) -> Result<()> {
        let groups = &self.block.directory.groups;
        let number = groups.partition_point(|group| group.start <= row).checked_sub(1).ok_or(MISSING)?;
        let group = groups.get(number).filter(|group| row - group.start < group.rows).ok_or(MISSING)?;
        let arrival = *self.arrivals()?.get(row as usize).ok_or(MISSING)?;
        let skeleton = self.block.directory.skeletons.get(group.skeleton as usize).ok_or(MISSING)?;
        let starts = self.slot_starts(number)?;
        let begun = out.len();
        let mut slots = skeleton.slots.iter().zip(starts);
        for (gap, spelling) in skeleton.gaps() {
            out.extend_from_slice(gap);
            let Some(spelling) = spelling else { continue };
            let (slot, start) = slots.next().ok_or(MISSING)?;
            match slot {
                Slot::Id => {
                    out.extend_from_slice(&self.ids()?.get(arrival as usize).ok_or(MISSING)?.to_text());
                }
                Slot::Timestamp => self.timestamp(arrival)?.write_rfc3339(out),
                Slot::ReceivedAt => self.received_at(arrival)?.write_rfc3339(out),
                Slot::Message => {
                    let at = out.len();
                    self.write_message(group, row, out)?;
                    escape(at, Spelling::Text, out, &self.scratch);
                }
                Slot::Column(column) => {
                    let at = out.len();
                    self.column(*column)?.write((start + row - group.start) as usize, out);
                    escape(at, spelling, out, &self.scratch);
                }
            }
            if out.len() - begun > LONGEST {
                return Err(Error::Damaged("an entry is longer than a block"));
            }
        }
        Ok(())
    }

    /// Appends the text of a row's message, which its group says how to read.
    pub(crate) fn write_message(&self, group: &Group, row: u32, out: &mut Vec<u8>) -> Result<()> {
        let directory = &self.block.directory;
        if group.template == TEXT {
            self.text()?.write((row - directory.text.0) as usize, out);
            return Ok(());
        }
        let number = (group.template as usize).checked_sub(TEXT as usize + 1).ok_or(MISSING)?;
        let rows = directory.templates.get(number).ok_or(MISSING)?;
        let index = (row - rows.start) as usize;
        for (place, literal) in rows.template.literals().enumerate() {
            if let Some(variable) = place.checked_sub(1) {
                self.variable(number, variable)?.write(index, out);
            }
            out.extend_from_slice(literal);
        }
        Ok(())
    }

    /// For each slot of a group, where the values of its rows begin in the slot's column.
    pub(crate) fn slot_starts(&self, group: usize) -> Result<impl Iterator<Item = u32>> {
        let directory = &self.block.directory;
        let all = self.starts.get_or_init(|| {
            let mut next = vec![0; directory.columns.len()];
            let mut starts =
                Starts { first: Vec::with_capacity(directory.groups.len()), positions: Vec::new() };
            for group in &directory.groups {
                starts.first.push(starts.positions.len());
                for slot in &directory.skeletons[group.skeleton as usize].slots {
                    starts.positions.push(match slot {
                        Slot::Column(column) => {
                            let start = next[*column as usize];
                            next[*column as usize] += group.rows;
                            start
                        }
                        _ => 0,
                    });
                }
            }
            starts
        });
        let first = *all.first.get(group).ok_or(MISSING)?;
        let end = all.first.get(group + 1).copied().unwrap_or(all.positions.len());
        Ok(all.positions.get(first..end).unwrap_or_default().iter().copied())
    }
}

/// Escapes what was appended from `at` on, as far as it must be.
fn escape(at: usize, spelling: Spelling, out: &mut Vec<u8>, scratch: &std::cell::RefCell<Vec<u8>>) {
    let plain = |byte: &u8| *byte >= 0x20 && !matches!(byte, b'"' | b'\\');
    if spelling == Spelling::Text && !out[at..].iter().all(plain) {
        let mut value = scratch.borrow_mut();
        value.clear();
        value.extend_from_slice(&out[at..]);
        out.truncate(at);
        append_value(&value, spelling, out);
    }
}
