//! A request made ready to run over partitions.

use std::sync::Arc;
use std::time::Instant;

use logpipeline_model::Document;
use logpipeline_model::query::{Expr, Field, Matcher, Query, Test, TimeRange};
use tantivy::query::{EnableScoring, Scorer, Weight};
use tantivy::store::StoreReader;
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocId, TERMINATED};

use super::body::stored_body;
use super::budget::Budget;
use super::partition::{Partition, Segment};
use super::{compile, error};
use crate::StoreError;

/// Decompressed blocks of stored entries kept while one segment is read.
const CACHED_BLOCKS: usize = 16;

/// Rounds of up to [`COLLECT_BLOCK_BUFFER_LEN`] entries between two looks at the clock.
const ROUNDS_BETWEEN_CHECKS: u32 = 16;

/// What a column can hold.
pub(super) const ALL_TIMES: (i64, i64) = (i64::MIN, i64::MAX);

pub(super) struct Plan {
    /// Without what `range` holds already.
    expr: Expr,
    matcher: Matcher,
    pub(super) range: TimeRange,
    pub(super) budget: Budget,
}

/// A plan compiled for one partition.
pub(super) struct Compiled {
    weight: Box<dyn Weight>,
    /// Whether the weight finds nothing but what the query finds.
    pub(super) exact: bool,
}

impl Plan {
    pub(super) fn new(query: &Query, range: TimeRange, deadline: Option<Instant>) -> Self {
        let mut range = range;
        let expr = without_times(&query.expr, &mut range);
        Self { expr, matcher: Matcher::new(query), range, budget: Budget::until(deadline) }
    }

    /// The partitions that may hold something.
    pub(super) fn select<'a>(
        &self,
        snapshot: &'a [Arc<Partition>],
    ) -> impl Iterator<Item = &'a Arc<Partition>> {
        let range = self.range;
        snapshot.iter().filter(move |partition| {
            partition
                .summary
                .times
                .is_some_and(|times| times.latest >= range.first && times.earliest <= range.last)
        })
    }

    pub(super) fn compile(&self, partition: &Partition) -> Result<Compiled, StoreError> {
        let candidates = compile::compile(&self.expr, partition, &self.budget)?;
        let schema = partition.index.schema();
        let weight =
            candidates.query.weight(EnableScoring::disabled_from_schema(&schema)).map_err(error::reading)?;
        Ok(Compiled { weight, exact: candidates.exact })
    }

    /// Calls `found` with candidates in the time range, some at once, and their times as the column has
    /// them. Where the compiled query is not exact, each is to be passed through a [`Verifier`]. `found`
    /// says between which times, both included, more are wanted. Returns early, with the budget spent,
    /// when time is up.
    pub(super) fn candidates(
        &self,
        compiled: &Compiled,
        partition: &Partition,
        segment: &Segment,
        mut found: impl FnMut(&[DocId], &[i64]) -> Result<(i64, i64), StoreError>,
    ) -> Result<(), StoreError> {
        let base = partition.name.bucket.base();
        let Some((first, last)) = base.timestamps(self.range.first, self.range.last) else { return Ok(()) };
        let column = &segment.timestamps;
        let (lowest, highest) = (column.min_value(), column.max_value());
        if highest < first || lowest > last {
            return Ok(());
        }
        let whole = first <= lowest && highest <= last;
        let mut scorer = self.scorer(compiled, segment)?;
        if self.budget.is_spent() {
            // What a scan cut short found may be wrong either way.
            return Ok(());
        }
        let mut docs = [0; COLLECT_BLOCK_BUFFER_LEN];
        let mut times = [0; COLLECT_BLOCK_BUFFER_LEN];
        let mut wanted = ALL_TIMES;
        for round in 1_u32.. {
            let doc = scorer.doc();
            if doc == TERMINATED || (round.is_multiple_of(ROUNDS_BETWEEN_CHECKS) && self.budget.is_spent()) {
                break;
            }
            let bounds = (first.max(wanted.0), last.min(wanted.1));
            if bounds.0 > lowest || bounds.1 < highest {
                match segment.timestamp_blocks().next(doc, bounds) {
                    None => break,
                    Some(ahead) if ahead > doc => {
                        scorer.seek(ahead);
                        continue;
                    }
                    Some(_) => {}
                }
            }
            let mut length = scorer.fill_buffer(&mut docs);
            column.get_vals(&docs[..length], &mut times[..length]);
            if !whole {
                let mut kept = 0;
                for at in 0..length {
                    (docs[kept], times[kept]) = (docs[at], times[at]);
                    kept += usize::from((first..=last).contains(&times[at]));
                }
                length = kept;
            }
            wanted = found(&docs[..length], &times[..length])?;
        }
        Ok(())
    }

    /// As [`Self::candidates`], verified.
    pub(super) fn matches(
        &self,
        compiled: &Compiled,
        partition: &Partition,
        segment: &Segment,
        mut found: impl FnMut(&[DocId], &[i64]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let verifier = self.verifier(compiled, partition, segment)?;
        self.candidates(compiled, partition, segment, |docs, times| {
            if verifier.is_none() {
                found(docs, times)?;
                return Ok(ALL_TIMES);
            }
            for (doc, time) in docs.iter().zip(times) {
                if self.verify(verifier.as_ref(), *doc)? {
                    found(&[*doc], &[*time])?;
                }
            }
            Ok(ALL_TIMES)
        })
    }

    /// How many entries of a segment that lies in the range as a whole are found, where the index alone
    /// can tell.
    pub(super) fn count_whole(
        &self,
        compiled: &Compiled,
        partition: &Partition,
        segment: &Segment,
    ) -> Result<Option<u64>, StoreError> {
        let base = partition.name.bucket.base();
        let column = &segment.timestamps;
        let whole = base
            .timestamps(self.range.first, self.range.last)
            .is_some_and(|(first, last)| first <= column.min_value() && column.max_value() <= last);
        if !whole || !compiled.exact {
            return Ok(None);
        }
        let count = compiled.weight.count(&segment.reader).map_err(error::reading)?;
        Ok((!self.budget.is_spent()).then_some(count.into()))
    }

    fn scorer(&self, compiled: &Compiled, segment: &Segment) -> Result<Box<dyn Scorer>, StoreError> {
        compiled.weight.scorer(&segment.reader, 1.0).map_err(error::reading)
    }

    pub(super) fn verifier(
        &self,
        compiled: &Compiled,
        partition: &Partition,
        segment: &Segment,
    ) -> Result<Option<Verifier>, StoreError> {
        (!compiled.exact).then(|| Verifier::open(partition, segment)).transpose()
    }

    /// Whether the query finds the entry; without a verifier it does.
    pub(super) fn verify(&self, verifier: Option<&Verifier>, doc: DocId) -> Result<bool, StoreError> {
        let Some(verifier) = verifier else { return Ok(true) };
        // Reading an entry costs far more than a look at the clock.
        if self.budget.is_spent() {
            return Ok(false);
        }
        let body = stored_body(&verifier.store, verifier.body, doc)?;
        let document = Document::parse(&body).map_err(|error| StoreError::Damaged {
            reason: format!("a stored entry is unreadable: {error}"),
        })?;
        Ok(self.matcher.matches(&document))
    }
}

/// Reads entries of one segment to test them in full.
pub(super) struct Verifier {
    store: StoreReader,
    body: tantivy::schema::Field,
}

impl Verifier {
    fn open(partition: &Partition, segment: &Segment) -> Result<Self, StoreError> {
        let store =
            segment.reader.get_store_reader(CACHED_BLOCKS).map_err(|error| error::reading(error.into()))?;
        Ok(Self { store, body: partition.fields.body })
    }
}

/// Takes the clauses on `timestamp` that every entry found must pass out of the expression and into the
/// range, where they select partitions.
fn without_times(expr: &Expr, range: &mut TimeRange) -> Expr {
    match expr {
        Expr::Clause(clause) if clause.field == Field::Timestamp => match &clause.test {
            Test::Time(times) => {
                *range = range.intersect(*times);
                Expr::All
            }
            _ => expr.clone(),
        },
        Expr::And(parts) => {
            let mut rest: Vec<_> = parts.iter().map(|part| without_times(part, range)).collect();
            rest.retain(|part| *part != Expr::All);
            if rest.is_empty() { Expr::All } else { Expr::And(rest) }
        }
        other => other.clone(),
    }
}
