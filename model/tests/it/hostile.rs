//! Inputs built to cost more than they should: time and size stay within a small multiple of the input.

use std::time::{Duration, Instant};

use logpipeline_model::Document;
use logpipeline_model::entry::Limits;
use logpipeline_model::wire::json::lines;

use crate::texts::accept_whole;

const MEBIBYTE: usize = 1 << 20;

/// Takes a body in and opens what was stored. The bound on time is what an unoptimised build on a busy
/// machine needs a tenth of; anything that grows with the square of the input needs minutes.
#[track_caller]
fn check(body: &str) {
    let begun = Instant::now();
    let (mut stored_bytes, mut flat_bytes) = (0, 0);
    for line in lines(body.as_bytes(), &Limits::default()) {
        let Some(stored) = line.json.ok().and_then(|json| accept_whole(json).ok()) else { continue };
        stored_bytes += stored.len();
        let document = Document::parse(&stored).unwrap();
        flat_bytes += document.metadata.iter().map(|leaf| leaf.path.len() + leaf.text.len()).sum::<usize>();
    }
    assert!(stored_bytes <= 4 * body.len() + 1_000, "{stored_bytes} bytes stored of {}", body.len());
    assert!(flat_bytes <= 24 * MEBIBYTE, "{flat_bytes} bytes of paths and values");
    assert!(begun.elapsed() < Duration::from_secs(10), "took {:?}", begun.elapsed());
}

fn members(count: usize, member: impl Fn(usize) -> String) -> String {
    (0..count).map(member).collect::<Vec<_>>().join(",")
}

#[test]
fn many_keys() {
    check(&format!(r#"{{"message":"m","metadata":{{{}}}}}"#, members(80_000, |n| format!(r#""{n}":1"#))));
    check(&format!(r#"{{"message":"m",{}}}"#, members(80_000, |n| format!(r#""{n}":1"#))));
    check(&format!(r#"{{"message":"m",{}}}"#, members(100_000, |_| r#""a":1"#.to_owned())));
    check(&format!(r#"{{"message":"m","metadata":{{{}}}}}"#, members(100_000, |_| r#""a":1"#.to_owned())));
    check(&format!(
        r#"{{"message":"m","metadata":{{{}}}}}"#,
        members(50_000, |n| format!(r#""\u0061{n}":{{}}"#))
    ));
    check(&format!(
        r#"{{"message":"m","metadata":[{}]}}"#,
        members(60_000, |_| r#"{"a":1,"a":2}"#.to_owned())
    ));
}

#[test]
fn many_long_keys_that_begin_alike() {
    let key = "k".repeat(1_000);
    check(&format!(r#"{{"message":"m","metadata":{{{}}}}}"#, members(1_000, |n| format!(r#""{key}{n}":1"#))));
    check(&format!(r#"{{"message":"m",{}}}"#, members(1_000, |n| format!(r#""{key}{n}":1"#))));
}

#[test]
fn moved_keys_that_clash_with_all_others() {
    let keys = |count: usize| members(count, |n| format!(r#""a{}":1"#, "_".repeat(n)));
    check(&format!(r#"{{"message":"m","metadata":{{{}}},{}}}"#, keys(1_000), keys(1_000)));
    let bases = |suffix: &str| members(20_000, |n| format!(r#""{n}{suffix}":1"#));
    check(&format!(r#"{{"message":"m","metadata":{{{},{}}},{}}}"#, bases(""), bases("_"), bases("")));
}

#[test]
fn long_paths_to_many_values() {
    let key = "k".repeat(MEBIBYTE / 2);
    check(&format!(r#"{{"message":"m","metadata":{{"{key}":[{}]}}}}"#, members(200_000, |_| "1".to_owned())));
    check(&format!(
        r#"{{"message":"m","metadata":{{"{key}":[{}]}}}}"#,
        members(60_000, |_| r#"{"a":1}"#.to_owned())
    ));
    let long = "x".repeat(9_000);
    check(&format!(
        r#"{{"message":"m","metadata":{{"{key}":{{{}}}}}}}"#,
        members(50, |n| format!(r#""{n}":"{long}""#))
    ));
    let key = "k".repeat(1_000);
    check(&format!(
        r#"{{"message":"m","metadata":{{"{key}":{{{}}}}}}}"#,
        members(80_000, |n| format!(r#""{n}":1"#))
    ));
    check(&format!(r#"{{"message":"m","metadata":{{"{key}":[{}]}}}}"#, members(500_000, |_| "1".to_owned())));
    let nested = format!(r#"{}1{}"#, r#"{"kkkkkkkkkkkkkkkk":"#.repeat(60), "}".repeat(60));
    check(&format!(r#"{{"message":"m","metadata":[{}]}}"#, members(800, |_| nested.clone())));
}

#[test]
fn bodies_that_look_like_something_else_again_and_again() {
    let size = MEBIBYTE;
    for piece in [
        "{",
        "}{",
        "{}",
        "{} {",
        "[",
        "]",
        "[]",
        "\"",
        "\\",
        "{\"",
        "{\n",
        "\n{",
        "{\"a\":\n",
        "[{\"a\":\"",
        ",",
        "[,",
        "\u{feff}",
        "{}\n",
        "[\n",
    ] {
        check(&piece.repeat(size / piece.len()));
        check(&format!("[{}", piece.repeat(size / piece.len())));
        check(&format!("{{\n{}", piece.repeat(size / piece.len())));
    }
    let spaces = " ".repeat(size);
    check(&format!("{{}}{spaces}{{}}{spaces}x"));
    check(&"{}                \n".repeat(size / 20));
    check(&format!("[{spaces},{spaces}]"));
}
