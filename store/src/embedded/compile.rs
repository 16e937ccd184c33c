//! The query language to Tantivy's queries, for one partition.

use std::sync::Arc;

use logpipeline_model::document::PATH_LIMIT;
use logpipeline_model::query::{
    Bounds, Clause, Expr, Field, Prefilter, Test, TimeRange, Wildcard, WildcardPart, text,
};
use logpipeline_model::{EntryId, Level};
use regex::Regex;
use tantivy::query::{AllQuery, BooleanQuery, EmptyQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, Term};

use super::budget::Budget;
use super::partition::{Partition, Segment};
use super::scan::{Collected, DocTest, TermRange, TermScan, TermTest};
use super::terms::{self, FieldTerms, Kind};
use super::{error, phrase, prefilter};
use crate::StoreError;

/// Entries that a query may find; with `exact`, those that it does.
pub(super) struct Candidates {
    pub(super) query: Box<dyn Query>,
    pub(super) exact: bool,
}

impl Candidates {
    pub(super) fn exact(query: impl Query) -> Self {
        Self { query: Box::new(query), exact: true }
    }

    pub(super) fn inexact(query: impl Query) -> Self {
        Self { query: Box::new(query), exact: false }
    }

    fn none() -> Self {
        Self::exact(EmptyQuery)
    }
}

pub(super) fn compile(expr: &Expr, partition: &Partition, budget: &Budget) -> Result<Candidates, StoreError> {
    Compiler { partition, budget }.expr(expr)
}

pub(super) struct Compiler<'a> {
    pub(super) partition: &'a Partition,
    pub(super) budget: &'a Budget,
}

impl Compiler<'_> {
    fn expr(&self, expr: &Expr) -> Result<Candidates, StoreError> {
        match expr {
            Expr::All => Ok(Candidates::exact(AllQuery)),
            Expr::And(parts) => self.and(parts),
            Expr::Or(parts) => {
                let mut exact = true;
                let mut clauses = Vec::with_capacity(parts.len());
                for part in parts {
                    let part = self.expr(part)?;
                    exact &= part.exact;
                    clauses.push(part.query);
                }
                Ok(Candidates { query: Box::new(BooleanQuery::union(clauses)), exact })
            }
            Expr::Not(_) => self.and(std::slice::from_ref(expr)),
            Expr::Clause(clause) => self.clause(clause),
        }
    }

    fn and(&self, parts: &[Expr]) -> Result<Candidates, StoreError> {
        let mut exact = true;
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::with_capacity(parts.len() + 1);
        for part in parts {
            if let Expr::Not(negated) = part {
                let negated = self.expr(negated)?;
                exact &= negated.exact;
                // Excluding what only may match would lose entries.
                if negated.exact {
                    let collected = Collected(Arc::from(negated.query));
                    clauses.push((Occur::MustNot, Box::new(collected)));
                }
            } else {
                let part = self.expr(part)?;
                exact &= part.exact;
                clauses.push((Occur::Must, part.query));
            }
        }
        if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        Ok(Candidates { query: Box::new(BooleanQuery::new(clauses)), exact })
    }

    fn clause(&self, clause: &Clause) -> Result<Candidates, StoreError> {
        match &clause.field {
            Field::Timestamp | Field::ReceivedAt => self.time(&clause.field, &clause.test),
            Field::Message => self.message(&clause.test),
            Field::Id => self.id(&clause.test),
            // No entry is searched by a longer path.
            Field::Metadata(path) if path.len() > PATH_LIMIT => Ok(Candidates::none()),
            Field::Metadata(_) => self.with_overflow(self.value(&clause.field, &clause.test)?),
            field => self.value(field, &clause.test),
        }
    }

    /// Adds the entries whose metadata is not indexed in full.
    fn with_overflow(&self, found: Candidates) -> Result<Candidates, StoreError> {
        let term = Term::from_field_bytes(self.partition.fields.terms, terms::OVERFLOW);
        if !self.has_term(&term)? {
            return Ok(found);
        }
        let overflow = TermQuery::new(term, IndexRecordOption::Basic);
        Ok(Candidates::inexact(BooleanQuery::union(vec![found.query, Box::new(overflow)])))
    }

    pub(super) fn has_term(&self, term: &Term) -> Result<bool, StoreError> {
        for segment in &self.partition.segments {
            let inverted = segment.reader.inverted_index(term.field()).map_err(error::reading)?;
            if inverted.doc_freq(term).map_err(|error| error::reading(error.into()))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn time(&self, field: &Field, test: &Test) -> Result<Candidates, StoreError> {
        let range = match test {
            Test::Exists => return Ok(Candidates::exact(AllQuery)),
            Test::Time(range) => *range,
            // Times have no other tests.
            _ => return Ok(Candidates::none()),
        };
        let base = self.partition.name.bucket.base();
        let TimeRange { first, last } = range;
        let on_event = *field == Field::Timestamp;
        let bounds = if on_event { base.timestamps(first, last) } else { base.receipts(first, last) };
        let Some((first, last)) = bounds else { return Ok(Candidates::none()) };
        Ok(self.choose(move |segment, found| {
            let column = if on_event { &segment.timestamps } else { &segment.received_at };
            let mut times = [0; 1024];
            let count = segment.reader.max_doc();
            for start in (0..count).step_by(times.len()) {
                let times = &mut times[..(count - start).min(1024) as usize];
                column.get_range(start.into(), times);
                for (doc, time) in (start..).zip(times) {
                    if (first..=last).contains(time) {
                        found.insert(doc);
                    }
                }
            }
            Ok(())
        }))
    }

    fn message(&self, test: &Test) -> Result<Candidates, StoreError> {
        Ok(match test {
            Test::Exists => Candidates::exact(AllQuery),
            Test::Phrase { tokens, prefix: false } => Candidates::exact_box(self.phrase(tokens)),
            Test::Phrase { tokens, prefix: true } => phrase::with_prefix(self, tokens),
            Test::TokenWildcard(wildcard) => {
                let Ok(regex) = wildcard.regex(true) else { return Ok(Candidates::none()) };
                let test: TermTest =
                    Arc::new(move |term| str::from_utf8(term).is_ok_and(|token| regex.is_match(token)));
                Candidates::exact_box(self.scan_tokens(leading_literal(wildcard), Some(test)))
            }
            Test::Equals { text, .. } => {
                let mut tokens: Vec<_> =
                    text::tokens(text).map(|token| token.folded().into_owned()).collect();
                // The rest is for the verification to tell; a phrase of all would be slow.
                tokens.truncate(16);
                if tokens.is_empty() {
                    Candidates::inexact(AllQuery)
                } else {
                    Candidates { query: self.phrase(&tokens), exact: false }
                }
            }
            Test::Wildcard { pattern, .. } => self.raw_message(&pattern.prefilter()),
            Test::Regex(pattern) => self.raw_message(&pattern.prefilter()),
            Test::Text(_) | Test::Levels { .. } | Test::Time(_) | Test::Number(_) => Candidates::none(),
        })
    }

    pub(super) fn phrase(&self, tokens: &[String]) -> Box<dyn Query> {
        let field = self.partition.fields.message;
        let mut terms: Vec<_> = tokens.iter().map(|token| Term::from_field_text(field, token)).collect();
        if terms.len() > 1 {
            return Box::new(PhraseQuery::new(terms));
        }
        match terms.pop() {
            Some(term) => Box::new(TermQuery::new(term, IndexRecordOption::Basic)),
            None => Box::new(AllQuery),
        }
    }

    /// Entries to be read, as their tokens allow for a pattern on the message.
    fn raw_message(&self, prefilter: &Prefilter) -> Candidates {
        let query = prefilter::compile(self, prefilter);
        Candidates { query: query.unwrap_or_else(|| Box::new(AllQuery)), exact: false }
    }

    /// Entries with a token that begins with `prefix` and passes the test.
    pub(super) fn scan_tokens(&self, prefix: &str, test: Option<TermTest>) -> Box<dyn Query> {
        Box::new(TermScan {
            field: self.partition.fields.message,
            ranges: vec![TermRange::prefix(prefix.as_bytes())],
            test,
            budget: self.budget.clone(),
        })
    }

    fn id(&self, test: &Test) -> Result<Candidates, StoreError> {
        Ok(match test {
            Test::Exists => Candidates::exact(AllQuery),
            Test::Equals { text, .. } => match text.parse::<EntryId>() {
                // Ids are lower-case; so is folded text.
                Ok(id) if id.to_string() == *text => {
                    let fields = self.partition.fields;
                    self.choose(move |segment, found| {
                        if let Some(doc) = segment.find(fields, id)? {
                            found.insert(doc);
                        }
                        Ok(())
                    })
                }
                _ => Candidates::none(),
            },
            Test::Wildcard { pattern, anchored, .. } => self.match_ids(pattern.regex(*anchored)),
            Test::Regex(pattern) => self.match_ids(pattern.regex()),
            Test::Text(bounds) => {
                let bounds = bounds.clone();
                self.test_ids(move |id| bounds.contain(&id.to_string()))
            }
            Test::Phrase { .. }
            | Test::TokenWildcard(_)
            | Test::Levels { .. }
            | Test::Time(_)
            | Test::Number(_) => Candidates::none(),
        })
    }

    fn match_ids(&self, regex: Result<Regex, regex::Error>) -> Candidates {
        let Ok(regex) = regex else { return Candidates::none() };
        self.test_ids(move |id| str::from_utf8(&id.to_text()).is_ok_and(|id| regex.is_match(id)))
    }

    fn test_ids(&self, test: impl Fn(EntryId) -> bool + Send + Sync + 'static) -> Candidates {
        let budget = self.budget.clone();
        self.choose(move |segment, found| {
            for doc in 0..segment.reader.max_doc() {
                if test(segment.entry_id(doc)) {
                    found.insert(doc);
                }
                if doc.is_multiple_of(4096) && budget.is_spent() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Entries that `choose` adds, segment by segment.
    fn choose(
        &self,
        choose: impl Fn(&Segment, &mut BitSet) -> tantivy::Result<()> + Send + Sync + 'static,
    ) -> Candidates {
        let segments = self.partition.segments.clone();
        Candidates::exact(DocTest {
            choose: Arc::new(move |reader| {
                let mut found = BitSet::with_max_value(reader.max_doc());
                let here = |segment: &&Arc<Segment>| segment.reader.segment_id() == reader.segment_id();
                if let Some(segment) = segments.iter().find(here) {
                    choose(segment, &mut found)?;
                }
                Ok(found)
            }),
        })
    }

    /// A field of whole values.
    fn value(&self, field: &Field, test: &Test) -> Result<Candidates, StoreError> {
        let Some(names) = FieldTerms::new(field) else { return Ok(Candidates::none()) };
        Ok(match test {
            Test::Exists => self.any(vec![names.term(Kind::Present, b""), names.term(Kind::Parent, b"")]),
            Test::Equals { text, fold, number } => {
                let mut terms = names.equal(text, *fold);
                let number = number.filter(|_| matches!(field, Field::Metadata(_)));
                terms.extend(number.map(|number| names.equal_number(number)));
                self.any(terms)
            }
            Test::Wildcard { pattern, fold, anchored } => {
                let prefix = if *anchored { leading_literal(pattern) } else { "" };
                self.scan_values(&names, *fold, prefix, pattern.regex(*anchored))
            }
            Test::Regex(pattern) => self.scan_values(&names, false, "", pattern.regex()),
            Test::Text(bounds) if matches!(field, Field::Metadata(_)) || bounds_are_empty(bounds) => {
                Candidates::none()
            }
            Test::Text(bounds) => {
                let range = |kind| {
                    let term = |text: &String| names.term(kind, text.as_bytes());
                    let (lower, upper) = (bounds.lower.as_ref().map(term), bounds.upper.as_ref().map(term));
                    term_range(&names, kind, Bounds { lower, upper })
                };
                self.scan(FieldTerms::kinds(false).map(range).to_vec())
            }
            Test::Levels { lowest, highest } if *field == Field::Level => {
                let levels = Level::ALL.into_iter().filter(|level| (lowest..=highest).contains(&level));
                self.any(levels.flat_map(|level| names.equal(level.as_str(), false)).collect())
            }
            Test::Number(bounds) if matches!(field, Field::Metadata(_)) => {
                self.scan(vec![term_range(&names, Kind::Number, names.numbers(bounds))])
            }
            Test::Levels { .. }
            | Test::Number(_)
            | Test::Phrase { .. }
            | Test::TokenWildcard(_)
            | Test::Time(_) => Candidates::none(),
        })
    }

    fn scan(&self, ranges: Vec<TermRange>) -> Candidates {
        let (field, budget) = (self.partition.fields.terms, self.budget.clone());
        Candidates::exact(TermScan { field, ranges, test: None, budget })
    }

    /// Entries with a value that begins with `prefix` and that the regex finds something in.
    fn scan_values(
        &self,
        names: &FieldTerms,
        fold: bool,
        prefix: &str,
        regex: Result<Regex, regex::Error>,
    ) -> Candidates {
        // Too large a pattern, which the parser lets nobody write, finds nothing.
        let Ok(regex) = regex else { return Candidates::none() };
        let offset = names.value_offset();
        Candidates::exact(TermScan {
            field: self.partition.fields.terms,
            ranges: FieldTerms::kinds(fold)
                .map(|kind| TermRange::prefix(&names.term(kind, prefix.as_bytes())))
                .to_vec(),
            test: Some(Arc::new(move |term| {
                term.get(offset..)
                    .and_then(|value| str::from_utf8(value).ok())
                    .is_some_and(|value| regex.is_match(value))
            })),
            budget: self.budget.clone(),
        })
    }

    /// Entries with at least one of the terms.
    fn any(&self, mut terms: Vec<Vec<u8>>) -> Candidates {
        terms.dedup();
        let field = self.partition.fields.terms;
        let mut queries: Vec<Box<dyn Query>> = terms
            .iter()
            .map(|term| -> Box<dyn Query> {
                Box::new(TermQuery::new(Term::from_field_bytes(field, term), IndexRecordOption::Basic))
            })
            .collect();
        match queries.pop() {
            None => Candidates::none(),
            Some(query) if queries.is_empty() => Candidates::exact_box(query),
            Some(query) => {
                queries.push(query);
                Candidates::exact(BooleanQuery::union(queries))
            }
        }
    }
}

impl Candidates {
    pub(super) fn exact_box(query: Box<dyn Query>) -> Self {
        Self { query, exact: true }
    }
}

fn bounds_are_empty(bounds: &Bounds<String>) -> bool {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    match (&bounds.lower, &bounds.upper) {
        (Unbounded, _) | (_, Unbounded) => false,
        (Included(lower), Included(upper)) => lower > upper,
        (Included(lower) | Excluded(lower), Included(upper) | Excluded(upper)) => lower >= upper,
    }
}

/// The terms of one kind within the bounds.
fn term_range(names: &FieldTerms, kind: Kind, bounds: Bounds<Vec<u8>>) -> TermRange {
    use std::ops::Bound::Unbounded;
    let whole = TermRange::prefix(&names.term(kind, b""));
    let within = |bound, open| if bound == Unbounded { open } else { bound };
    TermRange { from: within(bounds.lower, whole.from), to: within(bounds.upper, whole.to) }
}

fn leading_literal(wildcard: &Wildcard) -> &str {
    match wildcard.0.first() {
        Some(WildcardPart::Literal(text)) => text,
        _ => "",
    }
}
