//! A phrase whose last token is the beginning of one.

use tantivy::query::{BooleanQuery, EnableScoring, Explanation, PhrasePrefixQuery, Query, Scorer, Weight};
use tantivy::schema::Field;
use tantivy::{DocId, Score, SegmentReader, TantivyError, Term};

use super::compile::{Candidates, Compiler};
use super::error;
use super::scan::TermRange;
use crate::StoreError;

/// Beginnings that more tokens of a segment share than this are verified entry by entry: each token
/// costs a few kilobytes while the phrase is searched.
const EXPANSIONS: u32 = 2_000;

pub(super) fn with_prefix(compiler: &Compiler<'_>, tokens: &[String]) -> Result<Candidates, StoreError> {
    let Some((last, first)) = tokens.split_last() else {
        return Ok(Candidates::exact_box(compiler.scan_tokens("", None)));
    };
    if first.is_empty() {
        return Ok(Candidates::exact_box(compiler.scan_tokens(last, None)));
    }
    let field = compiler.partition.fields.message;
    for segment in &compiler.partition.segments {
        if expansions(&segment.reader, field, last).map_err(error::reading)? > EXPANSIONS {
            let ends = compiler.scan_tokens(last, None);
            return Ok(Candidates::inexact(BooleanQuery::intersection(vec![compiler.phrase(first), ends])));
        }
    }
    Ok(Candidates::exact(PrefixPhrase { field, tokens: tokens.to_vec() }))
}

/// How many tokens of a segment begin so; counting stops above [`EXPANSIONS`].
fn expansions(reader: &SegmentReader, field: Field, prefix: &str) -> tantivy::Result<u32> {
    let inverted = reader.inverted_index(field)?;
    let range = TermRange::prefix(prefix.as_bytes());
    let mut stream = range.stream(inverted.terms())?;
    let mut count = 0;
    while count <= EXPANSIONS && stream.advance() {
        count += 1;
    }
    Ok(count)
}

/// Tantivy's own query expands to 50 tokens and drops the rest unless it is told how many there are.
#[derive(Debug, Clone)]
struct PrefixPhrase {
    field: Field,
    tokens: Vec<String>,
}

impl Query for PrefixPhrase {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for PrefixPhrase {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let last = self.tokens.last().map_or("", String::as_str);
        let terms = self.tokens.iter().map(|token| Term::from_field_text(self.field, token)).collect();
        let mut query = PhrasePrefixQuery::new(terms);
        query.set_max_expansions(expansions(reader, self.field, last)?);
        query.weight(EnableScoring::disabled_from_schema(reader.schema()))?.scorer(reader, boost)
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("a filter has no score to explain".to_owned()))
    }
}
