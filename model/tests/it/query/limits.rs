//! What bounds the work that a query can cause.

use std::time::{Duration, Instant};

use logpipeline_model::query::{
    CLAUSE_LIMIT, DEPTH_LIMIT, Matcher, PATTERN_LIMIT, QUERY_LIMIT, Query, QueryError, REGEX_LIMIT,
    REPEAT_LIMIT, WILDCARD_LIMIT,
};

use super::support::{NOW, at, entry, finds};

fn refused(query: &str) -> QueryError {
    Query::parse(query, at(NOW)).expect_err("the query is beyond a limit")
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(finds(&nested(DEPTH_LIMIT), &entry("a")));
    let error = refused(&nested(DEPTH_LIMIT + 1));
    assert_eq!(error.message, "the query is nested deeper than 64 levels");
    assert_eq!((error.span.start, error.span.end), (DEPTH_LIMIT, DEPTH_LIMIT + 1));
    for sign in ["-", "!", "NOT ", "-(", "("] {
        assert!(finds(&format!("{}a", "-".repeat(DEPTH_LIMIT)), &entry("a")));
        for repeats in [DEPTH_LIMIT + 1, QUERY_LIMIT / sign.len() - 1] {
            let error = refused(&format!("{}a", sign.repeat(repeats)));
            assert_eq!(error.message, "the query is nested deeper than 64 levels", "{sign}");
        }
    }
    let lists = |depth: usize| format!("x:{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&lists(DEPTH_LIMIT), at(NOW)).is_ok());
    assert_eq!(refused(&lists(60_000 / 2)).message, "the query is nested deeper than 64 levels");
}

#[test]
fn length_is_bounded() {
    assert!(finds(&" ".repeat(QUERY_LIMIT), &entry("a")));
    for piece in ["(", "-", "\"", "/", "[", "{", "a:", "é", "\\", "*", "a(", "NOT "] {
        let error = refused(&piece.repeat(1_000_000));
        assert_eq!(error.message, "the query is longer than 65536 bytes", "{piece}");
        assert!(error.suggestion.is_none());
    }
}

#[test]
fn clauses_are_bounded() {
    let clauses = |count: usize| vec!["a"; count].join(" ");
    let values = |count: usize| format!("traceId:({})", vec!["a"; count].join(","));
    for query in [clauses, values] {
        assert!(Query::parse(&query(CLAUSE_LIMIT), at(NOW)).is_ok());
        assert_eq!(refused(&query(CLAUSE_LIMIT + 1)).message, "the query holds more than 1024 clauses");
    }
}

#[test]
fn regular_expressions_are_bounded() {
    let expressions = |count: usize| vec!["/a/"; count].join(" ");
    assert!(Query::parse(&expressions(REGEX_LIMIT), at(NOW)).is_ok());
    assert_eq!(
        refused(&expressions(REGEX_LIMIT + 1)).message,
        "the query holds more than 32 regular expressions"
    );
    assert!(finds(&format!("/{}/", "a".repeat(PATTERN_LIMIT)), &entry(&"a".repeat(PATTERN_LIMIT))));
    let error = refused(&format!("/{}/", "a".repeat(PATTERN_LIMIT + 1)));
    assert_eq!(error.message, "the regular expression is longer than 1000 bytes");
    assert!(finds(&format!("/a{{{REPEAT_LIMIT}}}/"), &entry(&"a".repeat(1_000))));
    let error = refused(&format!("/{}a{}/", "(".repeat(60), ")".repeat(60)));
    assert_eq!(error.message, "the regular expression is nested deeper than 50 levels");
}

#[test]
fn wildcards_are_bounded() {
    let pattern = |length: usize| format!("resourceId:{}*", "a".repeat(length - 1));
    assert!(Query::parse(&pattern(WILDCARD_LIMIT), at(NOW)).is_ok());
    assert_eq!(refused(&pattern(WILDCARD_LIMIT + 1)).message, "the pattern is longer than 1000 characters");
}

/// A bound wide enough for a busy machine and a debug build; quadratic work would take minutes.
#[test]
fn hostile_queries_and_messages_take_bounded_time() {
    let start = Instant::now();
    let message = format!("{}b", "a ".repeat(500_000));
    let document = entry(&message);
    let queries = [
        format!("\"{}\"", "a ".repeat(30_000)),
        format!("\"{}c\"", "a ".repeat(30_000)),
        "*a*a*a*a*a*a*a*a*a*a*a*c*".to_owned(),
        format!("*{}-*", "a?".repeat(200)),
        r"/(a|a )*c$/".to_owned(),
        r"/(.*)(.*)(.*)(.*)[xyz]$/".to_owned(),
        format!("/{}x/", r"\w ".repeat(200)),
        "- ".repeat(30_000),
        "/\\/ ".repeat(12_000),
        "a:".repeat(30_000),
        "\"".repeat(QUERY_LIMIT - 1),
        "a|".repeat(30_000),
        "a( ".repeat(20_000),
        "timestamp>now -x ".repeat(1_000),
        vec![r"/\p{L}{5}[^\p{N}]{5}x/"; REGEX_LIMIT].join(" "),
    ];
    for query in &queries {
        if let Ok(query) = Query::parse(query, at(NOW)) {
            Matcher::new(&query).matches(&document);
        }
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
