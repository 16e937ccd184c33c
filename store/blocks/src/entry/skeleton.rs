use logpipeline_model::json::string;

use super::Spelling;
use crate::error::{Error, Result};
use crate::wire::{Input, put_bytes, put_number};

/// What entries of one shape have in common: everything but their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skeleton {
    /// The bytes around the values, each value a [`Spelling::mark`].
    pub(crate) text: Box<[u8]>,
    /// What stands at each mark.
    pub(crate) slots: Box<[Slot]>,
}

/// Which value stands in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Id,
    ReceivedAt,
    Timestamp,
    Message,
    /// By its number among the block's columns.
    Column(u32),
}

const FIXED: [Slot; 4] = [Slot::Id, Slot::ReceivedAt, Slot::Timestamp, Slot::Message];

impl Skeleton {
    /// The bytes before each slot, and how its value is written; the last ones have no slot behind them.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (&[u8], Option<Spelling>)> {
        self.text.split_inclusive(|byte| is_mark(*byte)).map(|part| match part.split_last() {
            Some((mark, gap)) if is_mark(*mark) => (gap, Spelling::ALL.get(usize::from(*mark)).copied()),
            _ => (part, None),
        })
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = u32> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Column(column) => Some(*column),
            _ => None,
        })
    }

    pub(crate) fn has_message(&self) -> bool {
        self.slots.contains(&Slot::Message)
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_bytes(&self.text, out);
        for slot in &self.slots {
            let code = match slot {
                Slot::Column(column) => u64::from(*column) + FIXED.len() as u64,
                fixed => FIXED.iter().position(|one| one == fixed).unwrap_or_default() as u64,
            };
            put_number(code, out);
        }
    }

    /// Reads a skeleton of a block with so many columns.
    pub(crate) fn take(input: &mut Input<'_>, columns: usize) -> Result<Self> {
        let text: Box<[u8]> = input.bytes()?.into();
        let count = text.iter().filter(|byte| is_mark(**byte)).count();
        let mut slots = Vec::with_capacity(count);
        for _ in 0..count {
            let code = input.up_to(columns + FIXED.len() - 1)?;
            slots.push(
                FIXED.get(code).copied().unwrap_or(Slot::Column((code - FIXED.len().min(code)) as u32)),
            );
        }
        for (index, slot) in slots.iter().enumerate() {
            // A column has one value for each row: two slots would need two.
            if slots[..index].contains(slot) {
                return Err(Error::Damaged("a skeleton has two slots for one value"));
            }
        }
        Ok(Self { text, slots: slots.into() })
    }
}

fn is_mark(byte: u8) -> bool {
    byte < Spelling::ALL.len() as u8
}

/// Appends a value as its entry has it, without the quotes, which belong to the skeleton.
pub(crate) fn append_value(value: &[u8], spelling: Spelling, out: &mut Vec<u8>) {
    let plain = |byte: &u8| *byte >= 0x20 && !matches!(byte, b'"' | b'\\');
    match (spelling, str::from_utf8(value)) {
        (Spelling::Text, Ok(text)) if !value.iter().all(plain) => {
            let start = out.len();
            string::write(text, out);
            out.pop();
            out.remove(start);
        }
        _ => out.extend_from_slice(value),
    }
}
