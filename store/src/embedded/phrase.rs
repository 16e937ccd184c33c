//! A phrase whose last token is the beginning of one, whatever the number of tokens that begin so.

use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TantivyError, Term};

use super::budget::Budget;
use super::compile::{Candidates, Compiler};
use super::scan::TermRange;

pub(super) fn with_prefix(compiler: &Compiler<'_>, tokens: &[String]) -> Candidates {
    let Some((last, first)) = tokens.split_last() else {
        return Candidates::exact_box(compiler.scan_tokens("", None));
    };
    if first.is_empty() {
        return Candidates::exact_box(compiler.scan_tokens(last, None));
    }
    Candidates::exact(PrefixPhrase {
        field: compiler.partition.fields.message,
        first: first.to_vec(),
        phrase: compiler.phrase(first),
        last: last.clone(),
        budget: compiler.budget.clone(),
    })
}

/// Tantivy's own query looks at every token that begins so for every entry with the phrase before it.
/// This one looks at each occurrence of such a token once.
#[derive(Debug)]
struct PrefixPhrase {
    field: Field,
    first: Vec<String>,
    /// Of the tokens before the last one.
    phrase: Box<dyn Query>,
    last: String,
    budget: Budget,
}

impl Clone for PrefixPhrase {
    fn clone(&self) -> Self {
        Self {
            field: self.field,
            first: self.first.clone(),
            phrase: self.phrase.box_clone(),
            last: self.last.clone(),
            budget: self.budget.clone(),
        }
    }
}

impl Query for PrefixPhrase {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for PrefixPhrase {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut found = BitSet::with_max_value(reader.max_doc());
        if let Some(mut before) = self.before(reader)? {
            let occurrences = self.occurrences(reader)?;
            for of_doc in occurrences.chunk_by(|(a, _), (b, _)| a == b) {
                if before.precede(of_doc) {
                    found.insert(of_doc[0].0);
                }
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(found), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("a filter has no score to explain".to_owned()))
    }
}

impl PrefixPhrase {
    /// Documents and positions of all tokens that begin so, in order, in the documents with the phrase.
    fn occurrences(&self, reader: &SegmentReader) -> tantivy::Result<Vec<(DocId, u32)>> {
        let mut with_phrase = BitSet::with_max_value(reader.max_doc());
        let weight = self.phrase.weight(EnableScoring::disabled_from_schema(reader.schema()))?;
        weight.for_each_no_score(reader, &mut |docs| {
            for &doc in docs {
                with_phrase.insert(doc);
            }
        })?;
        let inverted = reader.inverted_index(self.field)?;
        let mut stream = TermRange::prefix(self.last.as_bytes()).stream(inverted.terms())?;
        let (mut occurrences, mut positions) = (Vec::new(), Vec::new());
        while stream.advance() && !self.budget.is_spent() {
            let mut postings = inverted
                .read_postings_from_terminfo(stream.value(), IndexRecordOption::WithFreqsAndPositions)?;
            let mut doc = postings.doc();
            while doc != tantivy::TERMINATED {
                if with_phrase.contains(doc) {
                    postings.positions(&mut positions);
                    occurrences.extend(positions.iter().map(|position| (doc, *position)));
                }
                doc = postings.advance();
            }
        }
        occurrences.sort_unstable();
        Ok(occurrences)
    }

    /// `None` where one of the tokens is in no document.
    fn before(&self, reader: &SegmentReader) -> tantivy::Result<Option<Before>> {
        let inverted = reader.inverted_index(self.field)?;
        let mut tokens = Vec::with_capacity(self.first.len());
        for token in &self.first {
            let term = Term::from_field_text(self.field, token);
            match inverted.read_postings(&term, IndexRecordOption::WithFreqsAndPositions)? {
                Some(postings) => tokens.push((postings, Vec::new())),
                None => return Ok(None),
            }
        }
        Ok(Some(Before { tokens }))
    }
}

/// The tokens before the last one, and their positions in the current document.
struct Before {
    tokens: Vec<(SegmentPostings, Vec<u32>)>,
}

impl Before {
    /// Whether the tokens stand in front of one of the occurrences, all of one document. Documents must
    /// come in order, and hold the tokens.
    fn precede(&mut self, occurrences: &[(DocId, u32)]) -> bool {
        for (postings, positions) in &mut self.tokens {
            let doc = occurrences[0].0;
            if postings.doc() < doc {
                postings.seek(doc);
            }
            postings.positions(positions);
        }
        let count = self.tokens.len() as u32;
        occurrences.iter().any(|(_, position)| {
            position.checked_sub(count).is_some_and(|start| {
                (start..).zip(&self.tokens).all(|(at, (_, positions))| positions.binary_search(&at).is_ok())
            })
        })
    }
}
