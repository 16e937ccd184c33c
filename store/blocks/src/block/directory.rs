//! What a block says about its rows before any of its frames is inflated.

use logpipeline_model::EntryId;

use super::builder::{MOST_ROWS, Times};
use crate::column::{Context, Packed, Plan};
use crate::entry::{Key, MOST_COLUMNS, Skeleton};
use crate::error::{Error, Result};
use crate::filter::FilterPlan;
use crate::frame::Pieces;
use crate::id::IdsPlan;
use crate::message::Template;
use crate::wire::{Input, put_number, put_signed};

/// The template of rows whose message has none; templates are numbered from the next one on, and rows without a
/// message have 0.
pub(crate) const TEXT: u32 = 1;

/// Rows of one template and one skeleton.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) template: u32,
    pub(crate) skeleton: u32,
    /// The first of its rows.
    pub(crate) start: u32,
    pub(crate) rows: u32,
}

/// First and last of the times of a block, and what they count from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeRange {
    pub(crate) base: i128,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// Messages of one template.
#[derive(Debug)]
pub(crate) struct TemplateRows {
    pub(crate) template: Template,
    pub(crate) start: u32,
    pub(crate) rows: u32,
    pub(crate) variables: Vec<Plan>,
}

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) rows: usize,
    pub(crate) timestamps: TimeRange,
    pub(crate) receipts: TimeRange,
    pub(crate) ids: (EntryId, EntryId),
    pub(crate) keys: Vec<Key>,
    pub(crate) skeletons: Vec<Skeleton>,
    pub(crate) groups: Vec<Group>,
    /// Each with the number of its values.
    pub(crate) columns: Vec<(Plan, usize)>,
    pub(crate) templates: Vec<TemplateRows>,
    pub(crate) text: (u32, u32, Plan),
    pub(crate) group_codes: Packed,
    pub(crate) timestamp_offsets: Packed,
    pub(crate) receipt_offsets: Packed,
    pub(crate) id_column: IdsPlan,
    pub(crate) filter: FilterPlan,
}

/// Writes what stands before the columns.
pub(super) fn put_head(
    times: [&Times; 2],
    ids: &[EntryId],
    keys: &[Key],
    skeletons: &[Skeleton],
    groups: &[Group],
    out: &mut Vec<u8>,
) {
    put_number(ids.len() as u64, out);
    for times in times {
        out.extend_from_slice(&times.base.to_le_bytes());
        put_signed(times.offsets.iter().copied().min().unwrap_or(0), out);
        put_signed(times.offsets.iter().copied().max().unwrap_or(0), out);
    }
    for id in [ids.iter().min(), ids.iter().max()] {
        out.extend_from_slice(&id.map_or([0; 16], |id| id.0));
    }
    put_number(keys.len() as u64, out);
    keys.iter().for_each(|key| key.put(out));
    put_number(skeletons.len() as u64, out);
    skeletons.iter().for_each(|skeleton| skeleton.put(out));
    put_number(groups.len() as u64, out);
    for group in groups {
        put_number(u64::from(group.template), out);
        put_number(u64::from(group.skeleton), out);
        put_number(u64::from(group.rows), out);
    }
}

impl Directory {
    /// Reads a directory; what is left of `input` is the table of frames.
    pub(super) fn take(input: &mut Input<'_>, pieces: &mut Pieces) -> Result<Self> {
        let rows = input.up_to(MOST_ROWS)?;
        let (timestamps, receipts) = (take_times(input)?, take_times(input)?);
        let ids = (EntryId(input.array()?), EntryId(input.array()?));
        let keys: Vec<Key> =
            (0..input.count(MOST_COLUMNS)?).map(|_| Key::take(input)).collect::<Result<_>>()?;
        let skeletons: Vec<Skeleton> = (0..input.count(usize::MAX)?)
            .map(|_| Skeleton::take(input, keys.len()))
            .collect::<Result<_>>()?;
        let groups = take_groups(input, rows, &skeletons)?;

        let mut counts = vec![0usize; keys.len()];
        for group in &groups {
            for column in skeletons[group.skeleton as usize].columns() {
                counts[column as usize] += group.rows as usize;
            }
        }
        let mut columns: Vec<(Plan, usize)> = Vec::with_capacity(keys.len());
        for count in counts {
            let context = Context { columns: &columns, depth: 0 };
            let plan = Plan::take(input, pieces, count, context)?;
            columns.push((plan, count));
        }

        let context = Context { columns: &columns, depth: 0 };
        let ranges = template_ranges(&groups);
        let range = |template: u32| ranges.get(template as usize).copied().unwrap_or((0, 0));
        let (start, count) = range(TEXT);
        let text = (start, count, Plan::take(input, pieces, count as usize, context)?);
        let mut templates = Vec::new();
        for number in 0..input.count(rows)? as u32 {
            let template = Template::take(input)?;
            let (start, rows) = range(number + TEXT + 1);
            let variables: Result<_> = (0..template.variables())
                .map(|_| Plan::take(input, pieces, rows as usize, context))
                .collect();
            templates.push(TemplateRows { template, start, rows, variables: variables? });
        }
        if ranges.len() > templates.len() + 2 {
            return Err(Error::Damaged("a group of rows has a template that is not there"));
        }
        Ok(Self {
            group_codes: Packed::take(input, pieces, rows)?,
            timestamp_offsets: Packed::take(input, pieces, rows)?,
            receipt_offsets: Packed::take(input, pieces, rows)?,
            id_column: IdsPlan::take(input, pieces, rows)?,
            filter: FilterPlan::take(input, pieces)?,
            rows,
            timestamps,
            receipts,
            ids,
            keys,
            skeletons,
            groups,
            columns,
            templates,
            text,
        })
    }
}

fn take_times(input: &mut Input<'_>) -> Result<TimeRange> {
    Ok(TimeRange { base: i128::from_le_bytes(input.array()?), first: input.signed()?, last: input.signed()? })
}

fn take_groups(input: &mut Input<'_>, rows: usize, skeletons: &[Skeleton]) -> Result<Vec<Group>> {
    let mut start = 0;
    let mut groups: Vec<Group> = Vec::new();
    for _ in 0..input.count(rows)? {
        let template = input.up_to(MOST_ROWS + TEXT as usize)? as u32;
        let skeleton = input.up_to(skeletons.len().saturating_sub(1))?;
        let count = input.up_to(rows - start as usize)? as u32;
        let known = skeletons.get(skeleton).ok_or(Error::Damaged("a group of rows has no skeleton"))?;
        if known.has_message() != (template > 0) || groups.last().is_some_and(|last| last.template > template)
        {
            return Err(Error::Damaged("a group of rows has the template of another"));
        }
        groups.push(Group { template, skeleton: skeleton as u32, start, rows: count });
        start += count;
    }
    if start as usize != rows {
        return Err(Error::Damaged("rows belong to no group"));
    }
    Ok(groups)
}

/// The first row and the number of rows of each template.
fn template_ranges(groups: &[Group]) -> Vec<(u32, u32)> {
    let mut ranges = vec![(0, 0); groups.last().map_or(0, |group| group.template as usize + 1)];
    for group in groups {
        let (start, rows) = &mut ranges[group.template as usize];
        if *rows == 0 {
            *start = group.start;
        }
        *rows += group.rows;
    }
    ranges
}
