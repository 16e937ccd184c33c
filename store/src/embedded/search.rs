//! A page of entries, and how many there are.

use std::cmp::Reverse;
use std::sync::Arc;

use logpipeline_model::Timestamp;

use super::partition::{Partition, Segment};
use super::plan::{ALL_TIMES, Compiled, Plan, Verifier};
use super::topk::{Address, TopK};
use crate::{FoundEntry, Order, Position, SearchPage, SearchRequest, StoreError};

pub(super) fn search(snapshot: &[Arc<Partition>], request: &SearchRequest) -> Result<SearchPage, StoreError> {
    let plan = Plan::new(&request.query, request.range, request.deadline);
    if plan.range.is_empty() {
        return Ok(SearchPage { total: request.count.then_some(0), ..SearchPage::default() });
    }
    let partitions: Vec<_> = plan.select(snapshot).collect();
    let mut search = Search {
        plan: &plan,
        compiled: partitions.iter().map(|_| None).collect(),
        top: TopK::new(request.order, request.after, request.limit),
        total: request.count.then_some(0),
    };
    for (partition, segment) in in_order(&partitions, request.order) {
        search.segment(&partitions, partition, segment)?;
        if plan.budget.is_spent() {
            break;
        }
    }
    let (total, partial) = (search.total, plan.budget.is_spent());
    let (entries, more) = search.top.finish(&partitions)?;
    Ok(SearchPage { entries, total, partial, more })
}

/// Segments, those that hold the first entries first.
fn in_order(partitions: &[&Arc<Partition>], order: Order) -> Vec<(usize, usize)> {
    let mut segments: Vec<_> = partitions
        .iter()
        .enumerate()
        .flat_map(|(at, partition)| (0..partition.segments.len()).map(move |segment| (at, segment)))
        .collect();
    let span = |(partition, segment): &(usize, usize)| span(partitions[*partition], *segment);
    match order {
        Order::Asc => segments.sort_by_cached_key(|at| span(at).0),
        Order::Desc => segments.sort_by_cached_key(|at| Reverse(span(at).1)),
    }
    segments
}

fn span(partition: &Partition, segment: usize) -> (Timestamp, Timestamp) {
    let (base, column) = (partition.name.bucket.base(), &partition.segments[segment].timestamps);
    (base.to_timestamp(column.min_value()), base.to_timestamp(column.max_value()))
}

struct Search<'a> {
    plan: &'a Plan,
    compiled: Vec<Option<Compiled>>,
    top: TopK,
    total: Option<u64>,
}

impl Search<'_> {
    fn segment(
        &mut self,
        partitions: &[&Arc<Partition>],
        at: usize,
        segment_at: usize,
    ) -> Result<(), StoreError> {
        let partition = partitions[at];
        let segment = &*partition.segments[segment_at];
        let (earliest, latest) = span(partition, segment_at);
        let (from, to) = self.top.window();
        let wanted = earliest <= to && latest >= from;
        if !wanted && self.total.is_none() {
            return Ok(());
        }
        let compiled = match self.compiled[at].take() {
            Some(compiled) => compiled,
            None => self.plan.compile(partition)?,
        };
        let result = self.run(&compiled, partition, segment, wanted, |doc| Address {
            partition: at,
            segment: segment_at,
            doc,
        });
        self.compiled[at] = Some(compiled);
        result
    }

    fn run(
        &mut self,
        compiled: &Compiled,
        partition: &Partition,
        segment: &Segment,
        wanted: bool,
        address: impl Fn(u32) -> Address,
    ) -> Result<(), StoreError> {
        if !wanted
            && let Some(total) = &mut self.total
            && let Some(count) = self.plan.count_whole(compiled, partition, segment)?
        {
            *total += count;
            return Ok(());
        }
        let base = partition.name.bucket.base();
        let verifier: Option<Verifier> = self.plan.verifier(compiled, partition, segment)?;
        let plan = self.plan;
        let (top, total) = (&mut self.top, &mut self.total);
        let mut window = column_window(top, base);
        plan.candidates(compiled, partition, segment, |docs, times| {
            let count_each = total.is_some() && verifier.is_some();
            if let Some(total) = total
                && !count_each
            {
                *total += docs.len() as u64;
            }
            for (&doc, &time) in docs.iter().zip(times) {
                if count_each {
                    if !plan.verify(verifier.as_ref(), doc)? {
                        continue;
                    }
                    if let Some(total) = total {
                        *total += 1;
                    }
                }
                if time < window.0 || time > window.1 {
                    continue;
                }
                let position = Position { time: base.to_timestamp(time), id: segment.entry_id(doc) };
                if top.wants(position) && (count_each || plan.verify(verifier.as_ref(), doc)?) {
                    top.add(position, address(doc));
                    window = column_window(top, base);
                }
            }
            Ok(if total.is_some() { ALL_TIMES } else { window })
        })
    }
}

fn column_window(top: &TopK, base: super::partition::Base) -> (i64, i64) {
    let (from, to) = top.window();
    (base.timestamp(from), base.timestamp(to))
}

/// Entries behind `after` by time of receipt.
pub(super) fn received_after(
    snapshot: &[Arc<Partition>],
    after: Position,
    limit: usize,
) -> Result<Vec<FoundEntry>, StoreError> {
    let mut top = TopK::new(Order::Asc, Some(after), limit);
    let mut partitions: Vec<_> = snapshot
        .iter()
        .filter(|partition| partition.summary.times.is_some_and(|times| times.last_receipt >= after.time))
        .collect();
    partitions.sort_by_key(|partition| partition.summary.times.map(|times| times.first_receipt));
    for (at, partition) in partitions.iter().enumerate() {
        let base = partition.name.bucket.base();
        for (segment_at, segment) in partition.segments.iter().enumerate() {
            let column = &segment.received_at;
            let (from, to) = top.window();
            let Some((mut first, mut last)) = base.receipts(from, to) else { continue };
            if column.max_value() < first || column.min_value() > last {
                continue;
            }
            for docs in segment.receipt_blocks().within((first, last), segment.reader.max_doc()) {
                for doc in docs {
                    let time = column.get_val(doc);
                    if time < first || time > last {
                        continue;
                    }
                    let position = Position { time: base.to_received_at(time), id: segment.entry_id(doc) };
                    if top.wants(position) {
                        top.add(position, Address { partition: at, segment: segment_at, doc });
                        let (from, to) = top.window();
                        (first, last) = base.receipts(from, to).unwrap_or((first, last));
                    }
                }
            }
        }
    }
    Ok(top.finish(&partitions)?.0)
}
