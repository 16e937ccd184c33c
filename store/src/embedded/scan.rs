//! A Tantivy query for all terms of a field that lie in given ranges and pass a test, without a cap on
//! how many do.

use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::termdict::{TermDictionary, TermStreamer};
use tantivy::{BitSet, DocId, Score, SegmentReader, TantivyError};

use super::budget::Budget;
use super::terms;

/// A range of terms.
#[derive(Debug, Clone)]
pub(super) struct TermRange {
    pub(super) from: Bound<Vec<u8>>,
    pub(super) to: Bound<Vec<u8>>,
}

impl TermRange {
    pub(super) fn prefix(prefix: &[u8]) -> Self {
        Self {
            from: Bound::Included(prefix.to_vec()),
            to: terms::prefix_end(prefix).map_or(Bound::Unbounded, Bound::Excluded),
        }
    }

    pub(super) fn stream<'a>(&self, dictionary: &'a TermDictionary) -> io::Result<TermStreamer<'a>> {
        let mut builder = dictionary.range();
        builder = match &self.from {
            Bound::Included(from) => builder.ge(from),
            Bound::Excluded(from) => builder.gt(from),
            Bound::Unbounded => builder,
        };
        builder = match &self.to {
            Bound::Included(to) => builder.le(to),
            Bound::Excluded(to) => builder.lt(to),
            Bound::Unbounded => builder,
        };
        builder.into_stream()
    }
}

pub(super) type TermTest = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

#[derive(Clone)]
pub(super) struct TermScan {
    pub(super) field: Field,
    pub(super) ranges: Vec<TermRange>,
    /// Given the whole term.
    pub(super) test: Option<TermTest>,
    pub(super) budget: Budget,
}

impl fmt::Debug for TermScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TermScan").field("ranges", &self.ranges).finish_non_exhaustive()
    }
}

impl Query for TermScan {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for TermScan {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut found = BitSet::with_max_value(reader.max_doc());
        let inverted = reader.inverted_index(self.field)?;
        // A regular expression may take as long as reading many terms.
        let between_checks = if self.test.is_some() { 16 } else { 1024 };
        for range in &self.ranges {
            let mut stream = range.stream(inverted.terms())?;
            let mut seen = 0_u32;
            while stream.advance() {
                seen += 1;
                if seen.is_multiple_of(between_checks) && self.budget.is_spent() {
                    break;
                }
                if self.test.as_ref().is_some_and(|test| !test(stream.key())) {
                    continue;
                }
                let mut postings =
                    inverted.read_block_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
                while !postings.docs().is_empty() {
                    for &doc in postings.docs() {
                        found.insert(doc);
                    }
                    postings.advance();
                }
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(found), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("a filter has no score to explain".to_owned()))
    }
}

type DocChoice = dyn Fn(&SegmentReader) -> tantivy::Result<BitSet> + Send + Sync;

/// Documents chosen one by one, for what no index holds.
#[derive(Clone)]
pub(super) struct DocTest {
    pub(super) choose: Arc<DocChoice>,
}

impl fmt::Debug for DocTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocTest")
    }
}

impl Query for DocTest {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for DocTest {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from((self.choose)(reader)?), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("a filter has no score to explain".to_owned()))
    }
}

/// What another query finds, found at once. Tantivy's exclusion seeks in what it excludes even past its
/// end, which phrases and others do not stand.
#[derive(Debug, Clone)]
pub(super) struct Collected(pub(super) Arc<dyn Query>);

struct CollectedWeight(Box<dyn Weight>);

impl Query for Collected {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(CollectedWeight(self.0.weight(scoring)?)))
    }
}

impl Weight for CollectedWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut found = BitSet::with_max_value(reader.max_doc());
        self.0.for_each_no_score(reader, &mut |docs| {
            for &doc in docs {
                found.insert(doc);
            }
        })?;
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(found), boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.0.explain(reader, doc)
    }
}
