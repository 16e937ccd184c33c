//! Time and level of plain text, against lines of many systems with what their formats say of them.
//!
//! `fixtures/lines/tuned` are formats that the recognisers were made with, `held-out` those that were set aside before.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use logpipeline_model::Timestamp;
use logpipeline_model::line::{self, Context, Value, begins_record, recognise};
use proptest::prelude::*;

#[derive(Debug, Default)]
struct Score {
    lines: usize,
    times: usize,
    levels: usize,
    wrong: BTreeMap<String, String>,
}

impl Score {
    fn share(&self, right: usize) -> f64 {
        right as f64 / self.lines as f64
    }
}

fn context() -> Context {
    Context { now: "2026-11-30T12:00:00Z".parse().unwrap(), offset_seconds: 0 }
}

fn score(set: &str) -> Score {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lines").join(set);
    let mut score = Score::default();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let lines = std::fs::read_to_string(&path).unwrap();
        let expected = std::fs::read_to_string(path.with_extension("expected")).unwrap();
        assert_eq!(lines.lines().count(), expected.lines().count(), "{}", path.display());
        for (line, expected) in lines.lines().zip(expected.lines()) {
            let (time, level) = expected.split_once(' ').unwrap();
            let recognised = recognise(line, &context());
            let found_time = recognised.timestamp.map_or("-".to_owned(), |time| time.to_string());
            let found_level = match (recognised.severity(), &recognised.level) {
                (Some(level), _) => level.as_str(),
                (None, Some(level)) => level,
                (None, None) => "-",
            };
            score.lines += 1;
            score.times += usize::from(found_time == time);
            score.levels += usize::from(found_level == level);
            if (found_time.as_str(), found_level) != (time, level) {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                let wrong = score.wrong.entry(name).or_default();
                writeln!(wrong, "  {line}\n    {found_time} {found_level}, not {expected}").unwrap();
            }
        }
    }
    score
}

fn check(set: &str, least: f64) {
    let score = score(set);
    let (times, levels) = (score.share(score.times), score.share(score.levels));
    let summary =
        format!("{set}: {} lines, {:.2} % times, {:.2} % levels", score.lines, times * 100.0, levels * 100.0);
    if std::env::var_os("LINES_SUMMARY").is_some() {
        panic!("{summary}");
    }
    let wrong: String = score.wrong.iter().map(|(name, wrong)| format!("{name}\n{wrong}")).collect();
    assert!(times >= least && levels >= least, "{summary}\n{wrong}");
}

#[test]
fn the_formats_that_recognition_was_made_with() {
    check("tuned", 0.99);
}

#[test]
fn the_formats_that_were_held_out() {
    check("held-out", 0.99);
}

/// Text of a mebibyte that looks like headers, or never ends what it begins.
#[test]
fn the_time_that_a_line_takes_is_linear_in_it() {
    let parts = [
        "1",
        ":",
        "[",
        "]",
        "{",
        "{\"a\":",
        "[[",
        "\"",
        "\\",
        "=",
        "a=",
        "a=\"",
        "level=",
        " ",
        "\t",
        "\u{1b}[",
        "<",
        "<1",
        "2026-11-30 ",
        "10:00:00 ",
        "2026-11-30 10:00:00 ",
        "Nov ",
        "Mon, ",
        "INFO ",
        "[INFO",
        "a: ",
        "é",
        "-",
        ",",
        "1796032800 ",
        "/",
        "(",
        "%A-1-",
        "[a b=\"",
        "stdout F ",
        "+00",
        "\n",
    ];
    let heads = [
        "",
        "2026-11-30 10:00:00 ",
        "<34>1 2026-11-30T10:00:00Z h a 1 m ",
        "Nov 30 10:00:00 h a: ",
        "2026-11-30T10:00:00Z stdout F ",
        "{\"msg\":\"",
        "level=info msg=\"",
        "E1130 10:00:00.0 1 a.go:1] ",
        "1.1.1.1 - - [30/Nov/2026:10:00:00 +0000] \"",
    ];
    let run = |heads: &[&str], bytes: usize| {
        let lines: Vec<String> = heads
            .iter()
            .flat_map(|head| {
                parts.iter().map(move |part| format!("{head}{}", part.repeat(bytes / part.len())))
            })
            .collect();
        let started = std::time::Instant::now();
        for line in &lines {
            let recognised = recognise(line, &context());
            assert!(recognised.message.len() <= line.len());
            std::hint::black_box(recognised.metadata().len());
        }
        started.elapsed()
    };
    run(&heads, 1 << 10);
    let (short, long) = (run(&heads, 1 << 12), run(&heads, 1 << 16));
    // 16 times the bytes; six times that is what a busy machine may add, and far from 16 times 16.
    assert!(long < short * 96, "{short:?} for 4 KiB, {long:?} for 64 KiB");
    run(&heads[..1], 1 << 20);
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("2026-11-30T10:00:00.123Z".to_owned()),
        Just("30/Nov/2026:10:00:00 +0000".to_owned()),
        Just("Nov 30 10:00:00".to_owned()),
        Just("<34>1 ".to_owned()),
        Just("\u{1b}[32m".to_owned()),
        Just("{\"level\":\"warn\",\"msg\":\"".to_owned()),
        "[\\[\\](){}<>|:;,=\"'/\\\\@%+* \t-]{1,3}",
        "(INFO|warn|Error|E|W|D1|debug|LOG|stdout F)",
        "[0-9]{1,20}",
        "(host|app|level|time|msg|é|日本)",
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(line in prop_oneof![".*", pieces(), "\\PC*"], now in 0i64..4_000_000_000, offset in -50_000i32..50_000) {
        let context = Context { now: Timestamp::from_unix_seconds(now), offset_seconds: offset };
        let recognised = recognise(&line, &context);
        prop_assert!(recognised.message.len() <= line.len());
        prop_assert!(recognised.message.ends_with(recognised.text()));
        let mut json = Vec::new();
        Value::Object(recognised.metadata()).write(&mut json);
        prop_assert!(json.len() <= 200 + 6 * line.len());
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
        begins_record(&line, &context);
        line::time::read(&line, &context);
        line::time::read_offset(&line);
    }
}
