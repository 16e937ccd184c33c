//! Whatever is stored and whatever is asked, the store finds what the plain matcher finds.
//!
//! A pair is a query and an entry that it finds or leaves. `make conformance` compares a million of them.
//! `LOGPIPELINE_DIFFERENTIAL_ROUNDS` sets how many stores are filled and asked, `LOGPIPELINE_DIFFERENTIAL_PAIRS` how many
//! pairs are compared at least, by as many more rounds as it takes, and `LOGPIPELINE_DIFFERENTIAL_SEED` the first one's
//! seed, as a failure prints it.

mod entries;
mod oracle;
mod queries;

use std::sync::Arc;
use std::time::Duration;

use logpipeline_model::Timestamp;
use logpipeline_model::query::{Expr, Field, Query, TimeRange};
use logpipeline_store::{
    HistogramRequest, NewEntry, Order, Position, RetentionPolicy, SearchRequest, ValuesRequest, WriteOutcome,
};

use self::oracle::Oracle;
use crate::dice::Dice;
use crate::engines::{Engine, Subject};
use crate::ground::at;

const ENTRIES: usize = 160;
const QUERIES: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_finds_what_the_matcher_finds() {
    compare(Engine::Embedded, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_finds_what_the_matcher_finds() {
    compare(Engine::Elasticsearch, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_with_logsdb_finds_what_the_matcher_finds() {
    compare(Engine::ElasticsearchLogsdb, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_finds_what_the_matcher_finds() {
    compare(Engine::OpenSearch, 2).await;
}

async fn compare(engine: Engine, rounds: u64) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = setting("LOGPIPELINE_DIFFERENTIAL_ROUNDS").unwrap_or(rounds);
    let first = setting("LOGPIPELINE_DIFFERENTIAL_SEED").unwrap_or(1);
    let least = setting("LOGPIPELINE_DIFFERENTIAL_PAIRS").unwrap_or(0);
    let (mut finding, mut pairs, mut done) = (0, 0, 0);
    while done < rounds || pairs < least {
        let round = round(engine, first + done).await;
        finding += round.finding;
        pairs += round.pairs as u64;
        done += 1;
    }
    eprintln!(
        "{engine:?}: {pairs} pairs of an entry and a query compared in {done} rounds, {finding} queries found something"
    );
    // Queries that find nothing prove little.
    assert!(finding > done as usize * QUERIES / 4, "only {finding} queries found something");
}

/// How many queries found something, and how many pairs of an entry and a query were compared.
struct Round {
    finding: usize,
    pairs: usize,
}

/// Fills a store and asks it.
async fn round(engine: Engine, seed: u64) -> Round {
    let mut dice = Dice::new(seed);
    let entries = entries::random(&mut dice, ENTRIES);
    let store = engine.open();
    let mut oracle = fill(&store, &mut dice, &entries, seed).await;
    if dice.one_in(3) && engine == Engine::Embedded {
        let policy = RetentionPolicy { max_age: Some(Duration::from_secs(86_400)), max_bytes: None };
        let report = store.retain(policy, at("2023-09-17T12:00:00Z")).await.unwrap();
        oracle.drop_partitions(&report);
    }
    let mut finding = 0;
    // Without those that retention removed.
    let pairs = QUERIES * oracle.entries().count();
    for _ in 0..QUERIES {
        let (text, query) = queries::random(&mut dice);
        let query = Arc::new(query);
        let expected = oracle.find(&query, TimeRange::ALL, Order::Desc, None);
        finding += usize::from(!expected.is_empty());
        let page = store
            .search(request(&query))
            .await
            .unwrap_or_else(|error| panic!("seed {seed}: {text}: {error}"));
        let found: Vec<_> = page.entries.iter().map(|entry| entry.position).collect();
        if found != expected || page.total != Some(expected.len() as u64) {
            explain(engine, seed, &text, &query, &oracle, &found, &expected).await;
        }
        if dice.one_in(4) {
            pages(&mut dice, &store, &oracle, &query, seed, &text).await;
        }
        if dice.one_in(8) {
            counts(&mut dice, &store, &oracle, &query, seed, &text).await;
        }
    }
    Round { finding, pairs }
}

/// Writes the entries in a few batches, some of them twice.
async fn fill(store: &Subject, dice: &mut Dice, entries: &[NewEntry], seed: u64) -> Oracle {
    let mut oracle = Oracle::default();
    let mut rest = entries;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(rest.len().min(1 + dice.below(ENTRIES / 2)));
        rest = after;
        let mut batch = batch.to_vec();
        for _ in 0..dice.below(4) {
            batch.push(entries[dice.below(entries.len())].clone());
        }
        let outcomes = store.write(batch.clone()).await.unwrap();
        for (entry, outcome) in batch.iter().zip(outcomes) {
            let expected = if oracle.add(entry) { WriteOutcome::Stored } else { WriteOutcome::Duplicate };
            assert_eq!(outcome, expected, "seed {seed}: {:?}", entry.body);
        }
    }
    store.settle().await;
    oracle
}

fn request(query: &Arc<Query>) -> SearchRequest {
    SearchRequest {
        query: Arc::clone(query),
        range: TimeRange::ALL,
        order: Order::Desc,
        limit: 1000,
        after: None,
        count: true,
        deadline: None,
    }
}

/// A range, an order and small pages give the same as all at once.
async fn pages(dice: &mut Dice, store: &Subject, oracle: &Oracle, query: &Arc<Query>, seed: u64, text: &str) {
    let (a, b) = (entries::time(dice), entries::time(dice));
    let range = if dice.one_in(2) { TimeRange { first: a.min(b), last: a.max(b) } } else { TimeRange::ALL };
    let order = if dice.one_in(2) { Order::Asc } else { Order::Desc };
    let count = dice.one_in(2);
    let expected = oracle.find(query, range, order, None);
    let total = count.then_some(expected.len() as u64);
    let limit = 1 + dice.below(expected.len() / 2 + 2);
    let mut found: Vec<Position> = Vec::new();
    loop {
        let after = found.last().copied();
        let request = SearchRequest { range, order, limit, after, count, ..request(query) };
        let page = store.search(request).await.unwrap();
        assert_eq!(page.total, total, "seed {seed}: {text} {range:?}");
        found.extend(page.entries.iter().map(|entry| entry.position));
        assert_eq!(
            page.more,
            found.len() < expected.len(),
            "seed {seed}: {text} {range:?} {order:?} {limit}"
        );
        if !page.more {
            break;
        }
    }
    assert_eq!(found, expected, "seed {seed}: {text} {range:?} {order:?} {limit}");
}

async fn counts(
    dice: &mut Dice,
    store: &Subject,
    oracle: &Oracle,
    query: &Arc<Query>,
    seed: u64,
    text: &str,
) {
    let interval = Duration::from_nanos([1_000_000_000, 86_400_000_000_000, 7][dice.below(3)]);
    let histogram =
        HistogramRequest { query: Arc::clone(query), range: TimeRange::ALL, interval, deadline: None };
    let histogram = store.histogram(histogram).await.unwrap();
    assert_eq!(histogram.buckets, oracle.histogram(query, interval), "seed {seed}: {text} {interval:?}");
    let field = Field::resolve(dice.pick(&["level", "service", "traceId", "http.status", "a", "b", "id"]));
    let prefix = dice.pick(&["", "", "s", "5", "K", "0"]).to_owned();
    let request = ValuesRequest {
        query: Arc::clone(query),
        range: TimeRange::ALL,
        field: field.clone(),
        prefix: prefix.clone(),
        limit: 1 + dice.below(20),
        deadline: None,
    };
    let limit = request.limit;
    let values = store.values(request).await.unwrap();
    let (expected, with_field) = oracle.values(query, &field, &prefix, limit);
    assert_eq!(values.values, expected, "seed {seed}: {text} {field} {prefix}");
    assert_eq!(values.with_field, with_field, "seed {seed}: {text} {field}");
}

/// Looks for the smallest query and entry that still differ, and fails with them.
async fn explain(
    engine: Engine,
    seed: u64,
    text: &str,
    query: &Query,
    oracle: &Oracle,
    found: &[Position],
    expected: &[Position],
) {
    let differ = |id| found.iter().any(|one| one.id == id) != expected.iter().any(|one| one.id == id);
    let Some(entry) = oracle.entries().find(|entry| differ(entry.id)) else {
        panic!("seed {seed}: {text}: order or total differ:\nfound    {found:?}\nexpected {expected:?}");
    };
    let mut smallest = query.clone();
    let alone = differs(engine, &smallest, entry).await;
    let mut smaller = if alone { parts(&smallest.expr) } else { Vec::new() };
    while let Some(expr) = smaller.pop() {
        let query = Query { expr };
        if differs(engine, &query, entry).await {
            smaller = parts(&query.expr);
            smallest = query;
        }
    }
    panic!(
        "seed {seed}: {text}\nthe store and the matcher differ on {}\nby {smallest}\n{:#?}\n(the matcher finds it: {}; in a store of its own they differ: {alone})",
        String::from_utf8_lossy(&entry.body),
        smallest.expr,
        expected.iter().any(|one| one.id == entry.id),
    );
}

fn parts(expr: &Expr) -> Vec<Expr> {
    match expr {
        Expr::All | Expr::Clause(_) => Vec::new(),
        Expr::And(parts) | Expr::Or(parts) => parts.clone(),
        Expr::Not(part) => vec![(**part).clone()],
    }
}

/// Whether a store of this one entry differs from the matcher.
async fn differs(engine: Engine, query: &Query, entry: &NewEntry) -> bool {
    let store = engine.open();
    store.write(vec![entry.clone()]).await.unwrap();
    store.settle().await;
    let mut oracle = Oracle::default();
    oracle.add(entry);
    let query = Arc::new(query.clone());
    let page = store.search(request(&query)).await.unwrap();
    page.entries.len() != oracle.find(&query, TimeRange::ALL, Order::Desc, None).len()
}

/// `now` for every query.
fn now() -> Timestamp {
    at("2023-09-15T09:00:00Z")
}
