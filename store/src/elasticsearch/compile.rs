//! The query language to primitive queries of Elasticsearch, all of them filters.

use std::ops::Bound;

use logpipeline_model::Level;
use logpipeline_model::document::{KEYWORD_LIMIT, PATH_LIMIT};
use logpipeline_model::elasticsearch::field;
use logpipeline_model::query::{Bounds, Clause, Expr, Field, Prefilter, Test, text};
use serde_json::{Value, json};

use super::{lucene, time};
use crate::terms::{self, FieldTerms, Kind};

/// A query that finds what it should; where it is not `exact`, what else it finds must be sorted out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidates {
    pub(super) query: Value,
    pub(super) exact: bool,
}

/// Folding adds less than half to a value.
const LONGEST_VALUE: usize = 2 * KEYWORD_LIMIT;

/// Longer bounds compare with every value as their beginnings do, which are longer than any value too.
const LONGEST_BOUND: usize = KEYWORD_LIMIT + 8;

/// How deep expressions may be for the engine, which counts what is in other queries up to 30.
const MOST_DEPTH: usize = 16;
/// How many clauses engines are asked for in a query that they found too complex.
const MOST_COARSE: usize = 64;

/// How many bytes of a bound or a prefix engines are asked for in such a query: Lucene 9 takes no more than 1,000.
const LONGEST_COARSE: usize = 800;

/// How many tokens of an exact message are looked up.
const MOST_TOKENS: usize = 16;

impl Candidates {
    fn exact(query: Value) -> Self {
        Self { query, exact: true }
    }

    fn inexact(query: Value) -> Self {
        Self { query, exact: false }
    }
}

/// Compiles expressions for the indices there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compiler {
    /// Whether all have `message.raw`.
    pub(super) wildcard: bool,
    /// Whether there are entries that `message.raw` does not find, which bear [`terms::NOT_RAW`].
    pub(super) not_raw: bool,
    /// Whether there are entries whose metadata is not indexed in full, which bear [`terms::OVERFLOW`].
    pub(super) overflow: bool,
    /// Whether there are entries whose text the engine may see otherwise, which bear [`terms::OTHERWISE`].
    pub(super) otherwise: bool,
    /// Whether to leave out what may be too complex for the engine.
    pub(super) coarse: bool,
}

fn marked(marker: &[u8]) -> Value {
    json!({ "term": { (field::VALUES): terms::as_text(marker) } })
}

/// The marks that entries bear, as a count of each.
pub(super) fn marks() -> Value {
    json!({
        "not_raw": { "filter": marked(terms::NOT_RAW) },
        "overflow": { "filter": marked(terms::OVERFLOW) },
        "otherwise": { "filter": marked(terms::OTHERWISE) },
    })
}

/// Entries whose metadata is not indexed in full.
pub(super) fn overflowing() -> Value {
    marked(terms::OVERFLOW)
}

pub(super) fn all() -> Value {
    json!({ "match_all": {} })
}

fn none() -> Value {
    json!({ "match_none": {} })
}

fn any_of(mut queries: Vec<Value>) -> Value {
    match queries.len() {
        1 => queries.remove(0),
        _ => json!({ "bool": { "should": queries, "minimum_should_match": 1 } }),
    }
}

fn all_of(mut queries: Vec<Value>) -> Value {
    match queries.len() {
        1 => queries.remove(0),
        _ => json!({ "bool": { "filter": queries } }),
    }
}

impl Compiler {
    pub(super) fn compile(self, expr: &Expr) -> Candidates {
        self.within(expr, 0)
    }

    fn within(self, expr: &Expr, depth: usize) -> Candidates {
        if depth > MOST_DEPTH {
            return Candidates::inexact(all());
        }
        match expr {
            Expr::All => Candidates::exact(all()),
            Expr::And(parts) => self.and(parts, depth),
            Expr::Or(parts) if self.coarse && parts.len() > MOST_COARSE => Candidates::inexact(all()),
            Expr::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.within(part, depth + 1)).collect();
                let exact = parts.iter().all(|part| part.exact);
                Candidates { query: any_of(parts.into_iter().map(|part| part.query).collect()), exact }
            }
            Expr::Not(_) => self.and(std::slice::from_ref(expr), depth),
            Expr::Clause(clause) => self.clause(clause),
        }
    }

    fn and(self, parts: &[Expr], depth: usize) -> Candidates {
        let (mut filter, mut must_not, mut exact) = (Vec::new(), Vec::new(), true);
        for part in parts {
            if self.coarse && filter.len() + must_not.len() >= MOST_COARSE {
                exact = false;
                break;
            }
            if let Expr::Not(negated) = part {
                let negated = self.within(negated, depth + 1);
                exact &= negated.exact;
                // Excluding what only may match would lose entries.
                if negated.exact {
                    must_not.push(negated.query);
                }
            } else {
                let part = self.within(part, depth + 1);
                exact &= part.exact;
                filter.push(part.query);
            }
        }
        let query = match (filter.is_empty(), must_not.is_empty()) {
            (true, true) => all(),
            (false, true) => all_of(filter),
            (true, false) => json!({ "bool": { "must_not": must_not } }),
            (false, false) => json!({ "bool": { "filter": filter, "must_not": must_not } }),
        };
        Candidates { query, exact }
    }

    fn clause(self, clause: &Clause) -> Candidates {
        match &clause.field {
            Field::Timestamp | Field::ReceivedAt => Candidates::exact(match &clause.test {
                Test::Exists => all(),
                Test::Time(range) if clause.field == Field::Timestamp => time::of_event(*range),
                Test::Time(range) => time::of_receipt(*range),
                // Times have no other tests.
                _ => none(),
            }),
            Field::Message => self.or_marked(self.message(&clause.test), self.otherwise, terms::OTHERWISE),
            // No entry is searched by a longer path.
            Field::Metadata(path) if path.len() > PATH_LIMIT => Candidates::exact(none()),
            Field::Metadata(path) => {
                let found = metadata(path, &clause.test, self.coarse);
                self.or_marked(found, self.overflow, terms::OVERFLOW)
            }
            Field::Id => value(field::ID, field::ID, &clause.test, self.coarse),
            Field::Level => self.value(field::LEVEL, "level.folded", &clause.test),
            Field::ResourceId => self.value("resourceId", "resourceId.folded", &clause.test),
            Field::TraceId => self.value("traceId", "traceId.folded", &clause.test),
            Field::SpanId => self.value("spanId", "spanId.folded", &clause.test),
            Field::Commit => self.value("commit", "commit.folded", &clause.test),
        }
    }

    fn value(self, exact: &str, folded: &str, test: &Test) -> Candidates {
        self.or_marked(value(exact, folded, test, self.coarse), self.otherwise, terms::OTHERWISE)
    }

    fn message(self, test: &Test) -> Candidates {
        match test {
            Test::Exists => Candidates::exact(all()),
            Test::Phrase { tokens, prefix: false } => Candidates::exact(phrase(tokens)),
            Test::Phrase { tokens, prefix: true } if self.coarse => Candidates::inexact(apart(tokens)),
            Test::Phrase { tokens, prefix: true } => Candidates::exact(prefix_phrase(tokens)),
            Test::TokenWildcard(wildcard) => match self.fine(lucene::of_wildcard(wildcard, true)) {
                Some(expression) => Candidates::exact(regexp(field::MESSAGE, &expression)),
                None => Candidates::inexact(all()),
            },
            Test::Equals { text, fold, .. } => {
                let mut tokens: Vec<_> =
                    text::tokens(text).map(|token| token.folded().into_owned()).collect();
                // The rest is for the verification to tell; a phrase of all would be slow.
                tokens.truncate(MOST_TOKENS);
                let query = if tokens.is_empty() { all() } else { phrase(&tokens) };
                if self.wildcard && !fold && !text.is_empty() {
                    let raw = json!({ "term": { (field::MESSAGE_RAW): { "value": text } } });
                    let found = Candidates::exact(all_of(vec![query, raw]));
                    return self.or_marked(found, self.not_raw, terms::NOT_RAW);
                }
                Candidates::inexact(query)
            }
            Test::Wildcard { pattern, fold, anchored } => {
                let expression = match fold {
                    true => lucene::of_folded_wildcard(pattern, *anchored),
                    false => lucene::of_wildcard(pattern, *anchored),
                };
                let empty = pattern.regex(*anchored).is_ok_and(|regex| regex.is_match(""));
                self.raw_message(&pattern.prefilter(), expression.filter(|_| !empty))
            }
            Test::Regex(pattern) => {
                let empty = pattern.regex().is_ok_and(|regex| regex.is_match(""));
                self.raw_message(&pattern.prefilter(), lucene::of_regex(pattern).filter(|_| !empty))
            }
            Test::Text(_) | Test::Levels { .. } | Test::Time(_) | Test::Number(_) => {
                Candidates::exact(none())
            }
        }
    }

    fn fine(self, expression: Option<String>) -> Option<String> {
        expression.filter(|_| !self.coarse)
    }

    /// Adds entries to be read, where there are any with the mark.
    fn or_marked(self, found: Candidates, any: bool, marker: &[u8]) -> Candidates {
        if any { Candidates::inexact(any_of(vec![found.query, marked(marker)])) } else { found }
    }

    /// Entries that a pattern on the message finds: by `expression` where the engine has what it needs,
    /// otherwise those to be read. Whether fields of the type `wildcard` know an empty message differs.
    fn raw_message(self, prefilter: &Prefilter, expression: Option<String>) -> Candidates {
        let tokens = tokens_of(prefilter);
        let tokens = if self.coarse { None } else { tokens };
        match self.fine(expression).filter(|_| self.wildcard) {
            Some(expression) => {
                let mut queries: Vec<_> = tokens.into_iter().collect();
                queries.push(regexp(field::MESSAGE_RAW, &expression));
                let found = Candidates::exact(all_of(queries));
                self.or_marked(found, self.not_raw, terms::NOT_RAW)
            }
            None => Candidates::inexact(tokens.unwrap_or_else(all)),
        }
    }
}

fn regexp(field: &str, expression: &str) -> Value {
    json!({ "regexp": { field: { "value": expression, "flags": "NONE", "max_determinized_states": 100_000 } } })
}

fn token(token: &str) -> Value {
    json!({ "term": { (field::MESSAGE): { "value": token } } })
}

fn phrase(tokens: &[String]) -> Value {
    match tokens {
        [one] => token(one),
        // The tokens are made already; those of the field would cut a phrase of long ones otherwise.
        _ => {
            json!({ "match_phrase": { (field::MESSAGE): { "query": tokens.join(" "), "analyzer": "whitespace" } } })
        }
    }
}

/// The tokens of a phrase with an open end, wherever they stand.
fn apart(tokens: &[String]) -> Value {
    let Some((last, first)) = tokens.split_last() else { return all() };
    let mut queries: Vec<_> = first.iter().take(MOST_TOKENS).map(|one| token(one)).collect();
    let last = text::cut(last, LONGEST_COARSE);
    queries.push(json!({ "prefix": { (field::MESSAGE): { "value": last } } }));
    all_of(queries)
}

/// However many tokens begin so: too many are an error of the engine, not a shorter list.
fn prefix_phrase(tokens: &[String]) -> Value {
    let prefix = |token: &str| json!({ "prefix": { (field::MESSAGE): { "value": token } } });
    match tokens {
        [] => all(),
        [one] => prefix(one),
        [first @ .., last] => {
            let mut clauses: Vec<_> =
                first.iter().map(|token| json!({ "span_term": { (field::MESSAGE): token } })).collect();
            clauses.push(json!({ "span_multi": { "match": prefix(last) } }));
            json!({ "span_near": { "clauses": clauses, "slop": 0, "in_order": true } })
        }
    }
}

/// What a pattern on the raw message says about its tokens; `None` where any entry may do.
fn tokens_of(prefilter: &Prefilter) -> Option<Value> {
    let mut queries: Vec<_> = prefilter.tokens.iter().map(|one| token(one)).collect();
    for prefix in &prefilter.prefixes {
        queries.push(json!({ "prefix": { (field::MESSAGE): { "value": prefix } } }));
    }
    for fragment in &prefilter.fragments {
        let expression = format!(".*{}.*", lucene::literal(fragment));
        queries.push(any_of(vec![regexp(field::MESSAGE, &expression), marked(terms::CUT_TOKEN)]));
    }
    for group in &prefilter.any_of {
        let some: Option<Vec<_>> = group.iter().map(tokens_of).collect();
        queries.extend(some.map(any_of));
    }
    (!queries.is_empty()).then(|| all_of(queries))
}

/// A field of one whole value, which `folded` has folded.
fn value(exact: &str, folded: &str, test: &Test, coarse: bool) -> Candidates {
    let exists = || Candidates::inexact(json!({ "exists": { "field": exact } }));
    let pick = |fold: bool| if fold { folded } else { exact };
    Candidates::exact(match test {
        Test::Exists => json!({ "exists": { "field": exact } }),
        // No value is so long, and the engine takes no such term.
        Test::Equals { text, .. } if text.len() > LONGEST_VALUE => none(),
        Test::Equals { text, fold, .. } => json!({ "term": { pick(*fold): { "value": text } } }),
        Test::Wildcard { .. } | Test::Regex(_) if coarse => return exists(),
        Test::Wildcard { pattern, fold, anchored } => match lucene::of_wildcard(pattern, *anchored) {
            Some(expression) => regexp(pick(*fold), &expression),
            None => return exists(),
        },
        Test::Regex(pattern) => match lucene::of_regex(pattern) {
            Some(expression) => regexp(exact, &expression),
            None => return exists(),
        },
        Test::Text(bounds) if coarse && longest(bounds, String::len) > LONGEST_COARSE => return exists(),
        Test::Text(bounds) => {
            json!({ "range": { exact: limits(bounds, |bound| text::cut(bound, LONGEST_BOUND).to_owned()) } })
        }
        Test::Levels { lowest, highest } if exact == field::LEVEL => {
            let levels: Vec<_> = Level::ALL
                .into_iter()
                .filter(|level| (lowest..=highest).contains(&level))
                .map(Level::as_str)
                .collect();
            json!({ "terms": { exact: levels } })
        }
        Test::Levels { .. }
        | Test::Number(_)
        | Test::Phrase { .. }
        | Test::TokenWildcard(_)
        | Test::Time(_) => none(),
    })
}

fn longest<T>(bounds: &Bounds<T>, length: impl Fn(&T) -> usize) -> usize {
    let length = |bound: &Bound<T>| match bound {
        Bound::Included(bound) | Bound::Excluded(bound) => length(bound),
        Bound::Unbounded => 0,
    };
    length(&bounds.lower).max(length(&bounds.upper))
}

fn limits<T>(bounds: &Bounds<T>, text: impl Fn(&T) -> String) -> Value {
    let mut limits = serde_json::Map::new();
    match &bounds.lower {
        Bound::Included(bound) => drop(limits.insert("gte".to_owned(), text(bound).into())),
        Bound::Excluded(bound) => drop(limits.insert("gt".to_owned(), text(bound).into())),
        Bound::Unbounded => {}
    }
    match &bounds.upper {
        Bound::Included(bound) => drop(limits.insert("lte".to_owned(), text(bound).into())),
        Bound::Excluded(bound) => drop(limits.insert("lt".to_owned(), text(bound).into())),
        Bound::Unbounded => {}
    }
    Value::Object(limits)
}

/// The terms of a metadata path that say that it is there, itself or with something below.
pub(super) fn present(path: &str) -> Value {
    let names = FieldTerms::metadata(path);
    let paths = [Kind::Present, Kind::Parent].map(|kind| terms::as_text(&names.term(kind, b"")));
    json!({ "terms": { (field::PATHS): paths } })
}

fn metadata(path: &str, test: &Test, coarse: bool) -> Candidates {
    let names = FieldTerms::metadata(path);
    let values = |terms: &[Vec<u8>]| -> Value {
        let terms: Vec<_> = terms.iter().map(|term| terms::as_text(term)).collect();
        if terms.is_empty() { none() } else { json!({ "terms": { (field::VALUES): terms } }) }
    };
    let matching = |fold: bool, expression: Option<String>| match expression.filter(|_| !coarse) {
        Some(expression) => {
            let kinds =
                FieldTerms::kinds(fold).map(|kind| lucene::literal(&terms::as_text(&names.term(kind, b""))));
            Candidates::exact(regexp(field::VALUES, &format!("({}|{})({expression})", kinds[0], kinds[1])))
        }
        None => Candidates::inexact(present(path)),
    };
    Candidates::exact(match test {
        Test::Exists => present(path),
        Test::Equals { text, fold, number } => {
            let mut terms = if text.len() > LONGEST_VALUE { Vec::new() } else { names.equal(text, *fold) };
            terms.extend(number.map(|number| names.equal_number(number)));
            values(&terms)
        }
        Test::Wildcard { pattern, fold, anchored } => {
            return matching(*fold, lucene::of_wildcard(pattern, *anchored));
        }
        Test::Regex(pattern) => return matching(false, lucene::of_regex(pattern)),
        Test::Number(_) if coarse && names.value_offset() > LONGEST_COARSE => {
            return Candidates::inexact(present(path));
        }
        Test::Number(bounds) => {
            let mut range = limits(&names.numbers(bounds), |term| terms::as_text(term));
            let all = terms::as_text(&names.term(Kind::Number, b""));
            if matches!(bounds.lower, Bound::Unbounded) {
                range["gte"] = json!(all);
            }
            if matches!(bounds.upper, Bound::Unbounded) {
                // Behind every digit.
                range["lt"] = json!(format!("{all}g"));
            }
            json!({ "range": { (field::VALUES): range } })
        }
        Test::Text(_)
        | Test::Levels { .. }
        | Test::Phrase { .. }
        | Test::TokenWildcard(_)
        | Test::Time(_) => none(),
    })
}
