//! The first entries in an order, without sorting the rest.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use logpipeline_model::Timestamp;
use tantivy::DocId;
use tantivy::store::StoreReader;

use super::body::stored_body;
use super::error;
use super::partition::Partition;
use crate::{FoundEntry, Order, Position, StoreError};

/// Where an entry is: partition and segment by their place in what is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) partition: usize,
    pub(super) segment: usize,
    pub(super) doc: DocId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hit {
    order: Order,
    position: Position,
    address: Address,
}

impl Ord for Hit {
    /// What comes earlier in the order is less.
    fn cmp(&self, other: &Self) -> Ordering {
        match self.order {
            Order::Asc => self.position.cmp(&other.position),
            Order::Desc => other.position.cmp(&self.position),
        }
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Collects the first `limit` entries behind `after`, and whether there are more.
#[derive(Debug)]
pub(super) struct TopK {
    order: Order,
    after: Option<Position>,
    limit: usize,
    /// One more than `limit`, the last on top.
    heap: BinaryHeap<Hit>,
}

impl TopK {
    pub(super) fn new(order: Order, after: Option<Position>, limit: usize) -> Self {
        Self { order, after, limit, heap: BinaryHeap::with_capacity(limit.min(10_000) + 2) }
    }

    /// The times that an entry must have to be collected; those at the ends may not do either.
    pub(super) fn window(&self) -> (Timestamp, Timestamp) {
        let after = self.after.map(|position| position.time);
        let last =
            if self.heap.len() > self.limit { self.heap.peek().map(|hit| hit.position.time) } else { None };
        let (from, to) = match self.order {
            Order::Asc => (after, last),
            Order::Desc => (last, after),
        };
        (from.unwrap_or(Timestamp::MIN), to.unwrap_or(Timestamp::MAX))
    }

    pub(super) fn wants(&self, position: Position) -> bool {
        let behind = |other: Position| match self.order {
            Order::Asc => position > other,
            Order::Desc => position < other,
        };
        self.after.is_none_or(behind)
            && (self.heap.len() <= self.limit || self.heap.peek().is_some_and(|last| !behind(last.position)))
    }

    /// Takes an entry that is [wanted](Self::wants).
    pub(super) fn add(&mut self, position: Position, address: Address) {
        self.heap.push(Hit { order: self.order, position, address });
        if self.heap.len() > self.limit + 1 {
            self.heap.pop();
        }
    }

    /// The entries in order, read from the store, and whether more follow.
    pub(super) fn finish(
        self,
        partitions: &[&Arc<Partition>],
    ) -> Result<(Vec<FoundEntry>, bool), StoreError> {
        let mut hits = self.heap.into_sorted_vec();
        let more = hits.len() > self.limit;
        hits.truncate(self.limit);
        let mut stores: HashMap<(usize, usize), StoreReader> = HashMap::new();
        let mut entries = Vec::with_capacity(hits.len());
        for Hit { position, address, .. } in hits {
            let partition = partitions[address.partition];
            let store = match stores.entry((address.partition, address.segment)) {
                std::collections::hash_map::Entry::Occupied(store) => store.into_mut(),
                std::collections::hash_map::Entry::Vacant(place) => {
                    let reader = &partition.segments[address.segment].reader;
                    place.insert(reader.get_store_reader(4).map_err(|error| error::reading(error.into()))?)
                }
            };
            let body = stored_body(store, partition.fields.body, address.doc)?;
            entries.push(FoundEntry { position, body });
        }
        Ok((entries, more))
    }
}
