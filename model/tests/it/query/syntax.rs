//! Query text in, syntax tree out.

use expect_test::{Expect, expect};
use logpipeline_model::query::Expr;

use super::support::parse;

#[expect(clippy::needless_pass_by_value, reason = "expect! makes values")]
fn check(query: &str, expected: Expect) {
    let mut tree = String::new();
    render(&parse(query).expr, 0, &mut tree);
    expected.assert_eq(&tree);
}

/// A line each, clauses with their bytes of the query and their test as the API returns it.
fn render(expr: &Expr, depth: usize, out: &mut String) {
    out.push_str(&"  ".repeat(depth));
    let mut node = |name: &str, parts: &[Expr]| {
        out.push_str(name);
        out.push('\n');
        for part in parts {
            render(part, depth + 1, out);
        }
    };
    match expr {
        Expr::All => node("all", &[]),
        Expr::And(parts) => node("and", parts),
        Expr::Or(parts) => node("or", parts),
        Expr::Not(part) => node("not", std::slice::from_ref(part)),
        Expr::Clause(clause) => {
            let test = serde_json::to_string(&clause.test).unwrap();
            node(&format!("{}..{} {} {test}", clause.span.start, clause.span.end, clause.field), &[]);
        }
    }
}

#[test]
fn operators_and_their_precedence() {
    check(
        "",
        expect![[r#"
        all
    "#]],
    );
    check(
        "a OR b c AND NOT d || -(e OR f)",
        expect![[r#"
        or
          0..1 message {"phrase":{"tokens":["a"],"prefix":false}}
          and
            5..6 message {"phrase":{"tokens":["b"],"prefix":false}}
            7..8 message {"phrase":{"tokens":["c"],"prefix":false}}
            not
              17..18 message {"phrase":{"tokens":["d"],"prefix":false}}
          not
            or
              24..25 message {"phrase":{"tokens":["e"],"prefix":false}}
              29..30 message {"phrase":{"tokens":["f"],"prefix":false}}
    "#]],
    );
    check(
        "(a (b c)) OR (d OR e)",
        expect![[r#"
        or
          and
            1..2 message {"phrase":{"tokens":["a"],"prefix":false}}
            4..5 message {"phrase":{"tokens":["b"],"prefix":false}}
            6..7 message {"phrase":{"tokens":["c"],"prefix":false}}
          14..15 message {"phrase":{"tokens":["d"],"prefix":false}}
          19..20 message {"phrase":{"tokens":["e"],"prefix":false}}
    "#]],
    );
    check(
        "NOT NOT !a",
        expect![[r#"
        not
          not
            not
              9..10 message {"phrase":{"tokens":["a"],"prefix":false}}
    "#]],
    );
}

#[test]
fn words_and_phrases() {
    check(
        "Connect",
        expect![[r#"
        0..7 message {"phrase":{"tokens":["connect"],"prefix":false}}
    "#]],
    );
    check(
        "user_id",
        expect![[r#"
        0..7 message {"phrase":{"tokens":["user","id"],"prefix":false}}
    "#]],
    );
    check(
        "\"Failed to  connect!\"*",
        expect![[r#"
        0..22 message {"phrase":{"tokens":["failed","to","connect"],"prefix":false}}
    "#]],
    );
    check(
        "message:\"connection refused\"*",
        expect![[r#"
        0..29 message {"phrase":{"tokens":["connection","refused"],"prefix":true}}
    "#]],
    );
    check(
        "conn*t?",
        expect![[r#"
        0..7 message {"tokenWildcard":[{"literal":"conn"},"anyRun",{"literal":"t"},"anyCharacter"]}
    "#]],
    );
    check(
        "a-*",
        expect![[r#"
        0..3 message {"wildcard":{"pattern":[{"literal":"a-"},"anyRun"],"fold":true,"anchored":false}}
    "#]],
    );
    check(
        "50%",
        expect![[r#"
        0..3 message {"phrase":{"tokens":["50"],"prefix":false}}
    "#]],
    );
    check(
        "\"->\"",
        expect![[r#"
        0..4 message {"wildcard":{"pattern":[{"literal":"->"}],"fold":true,"anchored":false}}
    "#]],
    );
    check(
        "message=\"Exactly This\"",
        expect![[r#"
        0..22 message {"equals":{"text":"Exactly This","fold":false,"number":null}}
    "#]],
    );
}

#[test]
fn whole_values() {
    check(
        "resourceId:Server-1",
        expect![[r#"
        0..19 resourceId {"equals":{"text":"server-1","fold":true,"number":null}}
    "#]],
    );
    check(
        "service=Server-1",
        expect![[r#"
        0..16 resourceId {"equals":{"text":"Server-1","fold":false,"number":null}}
    "#]],
    );
    check(
        "commit:5E5*",
        expect![[r#"
        0..11 commit {"wildcard":{"pattern":[{"literal":"5e5"},"anyRun"],"fold":true,"anchored":true}}
    "#]],
    );
    check(
        "commit=5E5?",
        expect![[r#"
        0..11 commit {"wildcard":{"pattern":[{"literal":"5E5"},"anyCharacter"],"fold":false,"anchored":true}}
    "#]],
    );
    check(
        "resourceId:\"a*b\"*",
        expect![[r#"
        0..17 resourceId {"wildcard":{"pattern":[{"literal":"a*b"},"anyRun"],"fold":true,"anchored":true}}
    "#]],
    );
    check(
        "level:WARNING",
        expect![[r#"
        0..13 level {"equals":{"text":"warn","fold":true,"number":null}}
    "#]],
    );
    check(
        "traceId!=x",
        expect![[r#"
        not
          0..10 traceId {"equals":{"text":"x","fold":false,"number":null}}
    "#]],
    );
    check(
        "spanId:*",
        expect![[r#"
        0..8 spanId "exists"
    "#]],
    );
    check(
        "resourceId:{a TO b]",
        expect![[r#"
        0..19 resourceId {"text":{"lower":{"Excluded":"a"},"upper":{"Included":"b"}}}
    "#]],
    );
}

#[test]
fn keys_of_the_metadata() {
    check(
        "http.status:500",
        expect![[r#"
        0..15 metadata.http.status {"equals":{"text":"500","fold":true,"number":500.0}}
    "#]],
    );
    check(
        "metadata.http.status=\"500\"",
        expect![[r#"
        0..26 metadata.http.status {"equals":{"text":"500","fold":false,"number":null}}
    "#]],
    );
    check(
        "@http.status:>=500",
        expect![[r#"
        0..18 metadata.http.status {"number":{"lower":{"Included":500.0},"upper":"Unbounded"}}
    "#]],
    );
    check(
        "\"a key\":[1 TO 5e2}",
        expect![[r#"
        0..18 metadata.a key {"number":{"lower":{"Included":1.0},"upper":{"Excluded":500.0}}}
    "#]],
    );
    check(
        "n>x",
        expect![[r#"
        0..3 metadata.n {"number":{"lower":{"Excluded":0.0},"upper":{"Excluded":0.0}}}
    "#]],
    );
    check(
        "app.kubernetes.io/name:db",
        expect![[r#"
        0..25 metadata.app.kubernetes.io/name {"equals":{"text":"db","fold":true,"number":null}}
    "#]],
    );
}

#[test]
fn lists() {
    check(
        "level:(error, warn OR >=fatal)",
        expect![[r#"
        or
          7..12 level {"equals":{"text":"error","fold":true,"number":null}}
          14..18 level {"equals":{"text":"warn","fold":true,"number":null}}
          22..29 level {"levels":{"lowest":"fatal","highest":"fatal"}}
    "#]],
    );
    check(
        "x:(/a/i, [1 TO 2], \"b c\", d*)",
        expect![[r#"
        or
          3..7 metadata.x {"regex":{"source":"a","ignoreCase":true,"normalised":"(?i)a"}}
          9..17 metadata.x {"number":{"lower":{"Included":1.0},"upper":{"Included":2.0}}}
          19..24 metadata.x {"equals":{"text":"b c","fold":true,"number":null}}
          26..28 metadata.x {"wildcard":{"pattern":[{"literal":"d"},"anyRun"],"fold":true,"anchored":true}}
    "#]],
    );
}

#[test]
fn levels_and_times() {
    check(
        "level>=warn",
        expect![[r#"
        0..11 level {"levels":{"lowest":"warn","highest":"fatal"}}
    "#]],
    );
    check(
        "level:{debug TO error}",
        expect![[r#"
        0..22 level {"levels":{"lowest":"info","highest":"warn"}}
    "#]],
    );
    check(
        "level>fatal",
        expect![[r#"
        0..11 level {"levels":{"lowest":"fatal","highest":"trace"}}
    "#]],
    );
    check(
        "timestamp:2023-09",
        expect![[r#"
        0..17 timestamp {"time":{"first":"2023-09-01T00:00:00Z","last":"2023-09-30T23:59:59.999999999Z"}}
    "#]],
    );
    check(
        "receivedAt<now-1d/d",
        expect![[r#"
        0..19 receivedAt {"time":{"first":"0000-01-01T00:00:00Z","last":"2023-09-13T23:59:59.999999999Z"}}
    "#]],
    );
    check(
        "timestamp:[* TO *]",
        expect![[r#"
        0..18 timestamp "exists"
    "#]],
    );
}

#[test]
fn regular_expressions() {
    check(
        r"/timeout after \d+ms/",
        expect![[r#"
        0..21 message {"regex":{"source":"timeout after \\d+ms","ignoreCase":false,"normalised":"timeout after [[:digit:]]+ms"}}
    "#]],
    );
    check(
        r"path=~/^\/var\/[\w.-]+$/i",
        expect![[r#"
        0..25 metadata.path {"regex":{"source":"^\\/var\\/[\\w.-]+$","ignoreCase":true,"normalised":"(?i)^\\/var\\/[[:word:].-]+$"}}
    "#]],
    );
    check(
        "message!~/(?i)oom/",
        expect![[r#"
        not
          0..18 message {"regex":{"source":"(?i)oom","ignoreCase":false,"normalised":"(?i)oom"}}
    "#]],
    );
}
