//! Answers that a time budget cut, and counts that are not exact.

use crate::fake::{ENTRY, json, server};
use crate::server::{finish, logq};

/// A server whose every answer is cut; a field has one value, counted exactly, cut, or approximately.
fn cut(values: &'static str) -> String {
    let entry = ENTRY.trim_end();
    server(move |path, stream| {
        let path = path.split('?').next().unwrap_or_default();
        let body = match path.strip_prefix("/api/v1/").unwrap_or_default() {
            "search" => format!(r#"{{"entries":[{entry}],"total":1,"partial":true,"cursor":null}}"#),
            "histogram" => {
                r#"{"total":3,"partial":true,"buckets":[{"start":"2023-09-15T08:00:00Z","total":3,"levels":{"info":3}}]}"#.to_owned()
            }
            "fields" => r#"{"fields":[{"name":"level","kind":"level"}],"partial":true}"#.to_owned(),
            "fields/level/values" => values.to_owned(),
            _ => format!(r#"{{"before":[],"entry":{entry},"after":[],"partial":true}}"#),
        };
        json(stream, &body);
    })
}

fn run(server: &str, args: &[&str]) -> (i32, String, String) {
    finish(logq().args(["--server", server]).args(args))
}

const PARTIAL: &str = r#"{"field":"level","values":[{"value":"error","count":1234}],"withField":1234,"partial":true,"approximate":false}"#;
const APPROXIMATE: &str = r#"{"field":"level","values":[{"value":"error","count":1234}],"withField":1234,"partial":false,"approximate":true}"#;

#[test]
fn every_answer_that_is_partial_is_said_to_be_and_ends_with_its_own_code() {
    let server = cut(PARTIAL);
    for (args, words) in [
        (&["x"][..], "the result is partial: the search took longer"),
        (&["--histogram"], "the result is partial, counts may be too low: the search took longer"),
        (&["--values", "level"], "the result is partial, counts may be too low: the search took longer"),
        (&["--list-fields"], "the list is partial, fields may be missing: the search took longer"),
        (&["--context", "x"], "the result is partial, neighbours may be missing: the search took longer"),
    ] {
        for output in ["table", "json", "ndjson", "csv"] {
            let (code, out, err) = run(&server, &[args, &["-o", output]].concat());
            assert_eq!(code, 4, "{args:?} -o {output}");
            assert!(err.starts_with(&format!("logq: {words}")), "{args:?} -o {output}: {err}");
            assert_eq!(err.lines().count(), 1, "{err}");
            assert!(!out.is_empty() && !out.contains("partial:"), "{args:?} -o {output}: {out}");
        }
    }
}

#[test]
fn counts_that_may_be_too_low_are_marked() {
    let (code, out, err) = run(&cut(APPROXIMATE), &["--values", "level"]);
    assert_eq!((code, out.as_str()), (0, "≥1,234  error\n"));
    assert!(err.starts_with("logq: counts may be too low: the field has too many values"), "{err}");
    for values in [APPROXIMATE, PARTIAL] {
        let (_, out, _) = run(&cut(values), &["--values", "level", "-o", "csv"]);
        assert_eq!(out, "value,count,exact\r\nerror,1234,false\r\n");
    }
    let (_, out, _) = run(&cut(PARTIAL), &["--values", "level"]);
    assert_eq!(out, "≥1,234  error\n");
}
