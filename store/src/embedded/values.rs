//! The most frequent values of a field.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use logpipeline_model::query::{Field, text};
use logpipeline_model::{Document, EntryId};
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocId, Term};

use super::body::stored_body;
use super::error;
use super::partition::{Partition, Segment};
use super::plan::Plan;
use super::scan::TermRange;
use super::terms::{self, FieldTerms, Kind};
use crate::{FieldValues, StoreError, ValuesRequest};

/// Reading an entry costs as much as looking at so many terms of the field and their entries.
const TERMS_TO_AN_ENTRY: u64 = 100;

/// So few entries of a segment are read whatever terms there are.
const FEW: usize = 16;

/// Distinct values counted at once; beyond it the rarest are forgotten.
const MOST_VALUES: usize = 200_000;

pub(super) fn values(
    snapshot: &[Arc<Partition>],
    request: &ValuesRequest,
) -> Result<FieldValues, StoreError> {
    let mut tally = Tally {
        field: &request.field,
        prefix: text::fold(&request.prefix),
        limit: request.limit,
        counts: HashMap::new(),
        ids: BTreeSet::new(),
        with_field: 0,
        approximate: false,
    };
    let refused = match &request.field {
        Field::Message | Field::Timestamp | Field::ReceivedAt => true,
        Field::Metadata(path) => path.is_empty(),
        _ => false,
    };
    if refused {
        return Err(StoreError::Unsupported { reason: format!("{} has no values to count", request.field) });
    }
    let plan = Plan::new(&request.query, request.range, request.deadline);
    if !plan.range.is_empty() {
        for partition in plan.select(snapshot) {
            let compiled = plan.compile(partition)?;
            for segment in &partition.segments {
                let mut found = Found::none(segment);
                plan.matches(&compiled, partition, segment, |docs, _| {
                    found.extend(docs);
                    Ok(())
                })?;
                tally.add(&plan, partition, segment, found)?;
                if plan.budget.is_spent() {
                    break;
                }
            }
        }
    }
    Ok(tally.finish(plan.budget.is_spent()))
}

struct Found {
    docs: BitSet,
    count: usize,
}

impl Found {
    fn none(segment: &Segment) -> Self {
        Self { docs: BitSet::with_max_value(segment.reader.max_doc()), count: 0 }
    }

    fn extend(&mut self, docs: &[DocId]) {
        for &doc in docs {
            self.count += usize::from(self.docs.insert(doc));
        }
    }

    fn iter(&self) -> impl Iterator<Item = DocId> {
        (0..self.docs.max_value().div_ceil(64)).flat_map(|bucket| {
            let mut set = self.docs.tinyset(bucket);
            std::iter::from_fn(move || set.pop_lowest().map(|low| bucket * 64 + low))
        })
    }
}

struct Tally<'a> {
    field: &'a Field,
    /// Folded.
    prefix: String,
    limit: usize,
    counts: HashMap<String, u64>,
    /// Each counts one: the first few are all that is asked for.
    ids: BTreeSet<EntryId>,
    with_field: u64,
    approximate: bool,
}

impl Tally<'_> {
    fn add(
        &mut self,
        plan: &Plan,
        partition: &Partition,
        segment: &Segment,
        mut found: Found,
    ) -> Result<(), StoreError> {
        if found.count == 0 {
            return Ok(());
        }
        let Some(names) = FieldTerms::new(self.field) else {
            self.add_ids(segment, &found);
            return Ok(());
        };
        if found.count > FEW && found.count as u64 * TERMS_TO_AN_ENTRY > terms_of(&names, partition, segment)?
        {
            let by_hand = self.take_overflow(partition, segment, &mut found)?;
            self.add_terms(plan, &names, partition, segment, &found)?;
            found = by_hand;
        }
        self.add_entries(plan, partition, segment, &found)
    }

    fn add_ids(&mut self, segment: &Segment, found: &Found) {
        self.with_field += found.count as u64;
        for doc in found.iter() {
            let id = segment.entry_id(doc);
            if str::from_utf8(&id.to_text()).is_ok_and(|id| id.starts_with(&self.prefix)) {
                self.ids.insert(id);
                if self.ids.len() > self.limit {
                    self.ids.pop_last();
                }
            }
        }
    }

    /// Takes out the entries whose metadata is not indexed in full.
    fn take_overflow(
        &self,
        partition: &Partition,
        segment: &Segment,
        found: &mut Found,
    ) -> Result<Found, StoreError> {
        let mut taken = Found::none(segment);
        if matches!(self.field, Field::Metadata(_)) {
            each_doc(partition, segment, terms::OVERFLOW, |doc| {
                if found.docs.contains(doc) {
                    taken.extend(&[doc]);
                }
            })
            .map_err(error::reading)?;
            for doc in taken.iter() {
                found.docs.remove(doc);
            }
            found.count -= taken.count;
        }
        Ok(taken)
    }

    fn add_terms(
        &mut self,
        plan: &Plan,
        names: &FieldTerms,
        partition: &Partition,
        segment: &Segment,
        found: &Found,
    ) -> Result<(), StoreError> {
        let mut with_field = Found::none(segment);
        for kind in [Kind::Present, Kind::Parent] {
            each_doc(partition, segment, &names.term(kind, b""), |doc| {
                if found.docs.contains(doc) {
                    with_field.extend(&[doc]);
                }
            })
            .map_err(error::reading)?;
        }
        self.with_field += with_field.count as u64;
        let folded_prefix = names.term(Kind::Both, self.prefix.as_bytes());
        let ranges = [TermRange::prefix(&folded_prefix), TermRange::prefix(&names.term(Kind::Exact, b""))];
        for range in ranges {
            self.add_range(plan, names.value_offset(), &range, partition, segment, found)
                .map_err(error::reading)?;
        }
        Ok(())
    }

    fn add_range(
        &mut self,
        plan: &Plan,
        value_offset: usize,
        range: &TermRange,
        partition: &Partition,
        segment: &Segment,
        found: &Found,
    ) -> tantivy::Result<()> {
        let inverted = segment.reader.inverted_index(partition.fields.terms)?;
        let mut stream = range.stream(inverted.terms())?;
        let mut seen = 0_u32;
        while stream.advance() {
            seen += 1;
            if seen.is_multiple_of(1024) && plan.budget.is_spent() {
                break;
            }
            let value = stream.key().get(value_offset..).unwrap_or_default();
            let Ok(value) = str::from_utf8(value) else { continue };
            if !text::fold(value).starts_with(&self.prefix) {
                continue;
            }
            let mut count = 0;
            let mut postings =
                inverted.read_block_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
            while !postings.docs().is_empty() {
                count += postings.docs().iter().filter(|doc| found.docs.contains(**doc)).count() as u64;
                postings.advance();
            }
            self.count(value, count);
        }
        Ok(())
    }

    fn add_entries(
        &mut self,
        plan: &Plan,
        partition: &Partition,
        segment: &Segment,
        found: &Found,
    ) -> Result<(), StoreError> {
        if found.count == 0 {
            return Ok(());
        }
        let store = segment.reader.get_store_reader(1).map_err(|error| error::reading(error.into()))?;
        for doc in found.iter() {
            if plan.budget.is_spent() {
                break;
            }
            let body = stored_body(&store, partition.fields.body, doc)?;
            let document = Document::parse(&body).map_err(|error| StoreError::Damaged {
                reason: format!("a stored entry is unreadable: {error}"),
            })?;
            self.add_entry(&document);
        }
        Ok(())
    }

    fn add_entry(&mut self, document: &Document<'_>) {
        let single = |value: &Option<_>| value.iter().cloned().collect::<Vec<_>>();
        let values = match self.field {
            Field::Level => single(&document.level),
            Field::ResourceId => single(&document.resource_id),
            Field::TraceId => single(&document.trace_id),
            Field::SpanId => single(&document.span_id),
            Field::Commit => single(&document.commit),
            Field::Metadata(path) => {
                let below = |leaf: &str| {
                    leaf.strip_prefix(path.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                self.with_field += u64::from(document.metadata.iter().any(|leaf| below(&leaf.path)));
                let here = document.metadata.iter().filter(|leaf| leaf.path == *path);
                here.map(|leaf| leaf.text.clone()).collect()
            }
            Field::Id | Field::Message | Field::Timestamp | Field::ReceivedAt => return,
        };
        if !matches!(self.field, Field::Metadata(_)) {
            self.with_field += values.len() as u64;
        }
        let distinct: HashSet<_> = values.iter().map(|value| terms::searched(value)).collect();
        for value in distinct {
            if text::fold(value).starts_with(&self.prefix) {
                self.count(value, 1);
            }
        }
    }

    fn count(&mut self, value: &str, count: u64) {
        if count == 0 {
            return;
        }
        if let Some(known) = self.counts.get_mut(value) {
            *known += count;
            return;
        }
        if self.counts.len() >= MOST_VALUES {
            self.forget_rarest();
        }
        self.counts.insert(value.to_owned(), count);
    }

    fn forget_rarest(&mut self) {
        self.approximate = true;
        let mut counts: Vec<_> = self.counts.values().copied().collect();
        let (_, median, _) = counts.select_nth_unstable(MOST_VALUES / 2);
        let median = *median;
        let mut at_median = MOST_VALUES / 4;
        self.counts.retain(|_, count| {
            *count > median
                || (*count == median && at_median.checked_sub(1).map(|left| at_median = left).is_some())
        });
    }

    fn finish(self, partial: bool) -> FieldValues {
        let mut values: Vec<_> = self.counts.into_iter().collect();
        values.extend(self.ids.into_iter().map(|id| (id.to_string(), 1)));
        values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values.truncate(self.limit);
        FieldValues { values, with_field: self.with_field, partial, approximate: self.approximate }
    }
}

/// How many terms a field has in a segment.
fn terms_of(names: &FieldTerms, partition: &Partition, segment: &Segment) -> Result<u64, StoreError> {
    let count = || -> tantivy::Result<u64> {
        let inverted = segment.reader.inverted_index(partition.fields.terms)?;
        let dictionary = inverted.terms();
        let ordinal = |bound: &[u8]| -> tantivy::Result<u64> {
            let mut stream = dictionary.range().ge(bound).into_stream()?;
            Ok(if stream.advance() { stream.term_ord() } else { dictionary.num_terms() as u64 })
        };
        let first = ordinal(&names.term(Kind::Both, b""))?;
        Ok(ordinal(&names.term(Kind::Folded, b""))?.saturating_sub(first))
    };
    count().map_err(error::reading)
}

fn each_doc(
    partition: &Partition,
    segment: &Segment,
    term: &[u8],
    mut each: impl FnMut(DocId),
) -> tantivy::Result<()> {
    let inverted = segment.reader.inverted_index(partition.fields.terms)?;
    let term = Term::from_field_bytes(partition.fields.terms, term);
    if let Some(mut postings) = inverted.read_block_postings(&term, IndexRecordOption::Basic)? {
        while !postings.docs().is_empty() {
            postings.docs().iter().copied().for_each(&mut each);
            postings.advance();
        }
    }
    Ok(())
}
