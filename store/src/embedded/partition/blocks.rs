//! Which parts of a segment hold which times. Entries come nearly in order, so that a narrow range of a
//! day touches few of them.

use tantivy::DocId;
use tantivy::columnar::ColumnValues;

/// Entries to a block.
const SIZE: u32 = 128;

/// The least and the greatest value of each block of a column.
#[derive(Debug)]
pub(in crate::embedded) struct Blocks(Vec<(i64, i64)>);

impl Blocks {
    pub(super) fn of(column: &dyn ColumnValues<i64>) -> Self {
        let count = column.num_vals();
        let mut values = [0; SIZE as usize];
        let blocks = (0..count).step_by(SIZE as usize).map(|start| {
            let values = &mut values[..(count - start).min(SIZE) as usize];
            column.get_range(start.into(), values);
            values.iter().fold((i64::MAX, i64::MIN), |(least, greatest), value| {
                (least.min(*value), greatest.max(*value))
            })
        });
        Self(blocks.collect())
    }

    /// The first document at or behind `from` whose block holds values within the bounds, both included.
    pub(in crate::embedded) fn next(&self, from: DocId, (first, last): (i64, i64)) -> Option<DocId> {
        let block = from / SIZE;
        let touches = |(least, greatest): &(i64, i64)| *least <= last && *greatest >= first;
        let ahead = self.0.get(block as usize..)?.iter().position(touches)?;
        Some(if ahead == 0 { from } else { (block + ahead as u32) * SIZE })
    }

    /// The documents of each block that holds values within the bounds.
    pub(in crate::embedded) fn within(
        &self,
        bounds: (i64, i64),
        count: u32,
    ) -> impl Iterator<Item = std::ops::Range<DocId>> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let start = self.next(from, bounds).filter(|start| *start < count)?;
            from = start + SIZE;
            Some(start..from.min(count))
        })
    }
}
