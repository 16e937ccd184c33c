//! Whatever is asked, a block finds what the plain matcher finds.

use logpipeline_blocks::{Block, Builder};
use logpipeline_model::query::{Matcher, Query};
use logpipeline_model::{Document, Timestamp};

use crate::dice::Dice;
use crate::support::{Owned, built, opened};
use crate::{entries, queries};

/// Panics where a block finds other entries than the matcher. Returns how many candidates there were.
fn compare(block: &Block, stored: &[Owned], text: &str, query: &Query) -> usize {
    let reader = block.reader();
    let mut found = reader.find(query).unwrap();
    let matcher = Matcher::new(query);
    let mut expected: Vec<bool> = Vec::new();
    for entry in stored {
        let document = Document::parse(&entry.stored);
        expected.push(document.is_ok_and(|document| matcher.matches(&document)));
    }
    let arrivals = reader.arrivals().unwrap();
    for (row, arrival) in arrivals.iter().enumerate() {
        let (expected, entry) = (expected[*arrival as usize], &stored[*arrival as usize].stored);
        let (sure, maybe) = (found.sure.contains(row), found.maybe.contains(row));
        assert!(!(sure && maybe), "{text}: both sure and a candidate");
        assert!(
            if sure { expected } else { maybe || !expected },
            "{text}: sure {sure}, expected {expected}: {}",
            String::from_utf8_lossy(entry)
        );
    }
    let candidates = found.maybe.count();
    reader.settle(query, &mut found).unwrap();
    assert!(found.maybe.is_empty());
    assert_eq!(found.sure.count(), expected.iter().filter(|expected| **expected).count(), "{text}");
    candidates
}

fn blocks(entries: Vec<Owned>) -> Vec<(Block, Vec<Owned>)> {
    let mut blocks = Vec::new();
    let (mut builder, mut held) = (Builder::new(), Vec::new());
    for entry in entries {
        if builder.push(entry.entry()).is_err() {
            blocks.push((std::mem::take(&mut builder), std::mem::take(&mut held)));
            builder.push(entry.entry()).unwrap();
        }
        held.push(entry);
    }
    blocks.push((builder, held));
    blocks.into_iter().map(|(builder, held)| (opened(builder.finish().unwrap()).unwrap(), held)).collect()
}

fn parse(text: &str) -> Query {
    Query::parse(text, crate::now()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn entries_that_are_hard_to_get_right() {
    for seed in 1..=2 {
        let dice = &mut Dice::new(seed);
        let mut stored: Vec<Owned> = entries::random(dice, 600)
            .into_iter()
            .map(|entry| {
                let document = Document::parse(&entry.body).unwrap();
                Owned {
                    id: entry.id,
                    timestamp: document.timestamp,
                    received_at: document.received_at,
                    stored: entry.body.to_vec(),
                }
            })
            .collect();
        // Blocks reach no further than 584 years.
        stored.sort_by_key(|entry| i64::try_from(entry.timestamp.unix_nanos()).is_err());
        let blocks = blocks(stored);
        for _ in 0..100 {
            let (text, query) = queries::random(dice);
            for (block, stored) in blocks.iter().filter(|(block, _)| block.len() > 20) {
                compare(block, stored, &text, &query);
            }
        }
    }
}

/// Entries as programs write them, some of each kind that columns encode in their own way.
fn realistic(count: u64) -> Vec<Owned> {
    const NAMES: [&str; 12] = [
        "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "Änne",
    ];
    let mut dice = Dice::new(9);
    (0..count)
        .map(|number| {
            let name = NAMES[dice.below(12)];
            let (other, amount) = (NAMES[dice.below(12)], dice.below(500));
            let trace = format!("{:016x}{:016x}", dice.roll(), dice.roll());
            let message = match dice.below(7) {
                0 => format!("user {name} sent {amount} coins to {other}"),
                1 => format!("GET /api/v1/items/{amount} 200 in {}.{:03} ms", amount / 7, number % 1_000),
                2 => format!("trace {trace} closed after {amount}ms"),
                3 => format!("cache miss for key {:08x}", dice.roll() as u32),
                4 => format!("at Frame.run(Frame.java:{amount})\\n\\tat Main.{name}(Main.java:{})", number % 10),
                5 => format!("worker-{} {name}", number % 5),
                _ => format!("{name}: \\u0041{amount}"),
            };
            let level = ["info", "warn", "error"][dice.below(3)];
            let members = format!(
                ",\"level\":\"{level}\",\"message\":\"{message}\",\"resourceId\":\"svc-{}\",\"traceId\":\"{trace}\",\"metadata\":{{\"n\":{amount},\"d\":{}.{:02},\"path\":\"/api/v1/items/{amount}\",\"ids\":[{amount},{}],\"ok\":{},\"seq\":{number},\"at\":\"2023-09-15T08:00:00.{:03}Z\",\"code\":\"{:04}\"}}",
                dice.below(4), amount, number % 100, amount * 3, amount % 2 == 0, number % 999 + 1, amount
            );
            Owned::new(number, &members)
        })
        .collect()
}

#[test]
fn entries_as_programs_write_them() {
    let mut stored = realistic(1_500);
    stored.insert(7, Owned { stored: b"not JSON at all".to_vec(), ..stored[7].clone() });
    let block = opened(built(&stored)).unwrap();
    let id = stored[40].id;
    let trace =
        String::from_utf8_lossy(&stored[3].stored).split("traceId\":\"").nth(1).unwrap()[..32].to_owned();
    let exact = [
        "alice",
        "ALICE",
        "änne",
        "42",
        "42ms",
        "sent",
        "al*",
        "4*",
        "\"sent 42\"",
        "\"coins to bob\"",
        "\"api v1 items 42\"",
        "\"api v1 items 4\"*",
        "a42",
        "worker",
        "worker 3",
        "level:error",
        "level:>=warn",
        "service:svc-1",
        "metadata.n:42",
        "n>=490",
        "n<3",
        "d:42.07",
        "d>400.5",
        "d:[100 TO 101]",
        "path:\"/api/v1/items/42\"",
        "path:/api*42",
        "ids:84",
        "ids:1491",
        "ok:true",
        "NOT ok:true",
        "seq:17",
        "code:0042",
        "code:42",
        "code>100",
        "at:\"2023-09-15T08:00:00.017Z\"",
        "metadata.missing:*",
        "path:*",
        "traceId:*",
        "nothing",
        "timestamp>=2025-11-30T23:58:21Z",
        "a?ice",
        "*li*",
        "alice OR bob",
        "user -alice",
    ];
    for text in exact.iter().map(|text| (*text).to_owned()).chain([
        format!("id:{id}"),
        format!("traceId:{trace}"),
        trace,
    ]) {
        assert_eq!(compare(&block, &stored, &text, &parse(&text)), 0, "{text} left candidates");
    }
    for text in [
        "/items\\/4[0-9] /",
        "/alice.*bob/",
        "message=\"worker-3 bob\"",
        "message:\"coins to\"",
        "message:\"*items/42 *\"",
        "/(?i)FRAME/",
        "/closed|miss/",
    ] {
        let candidates = compare(&block, &stored, text, &parse(text));
        assert!(candidates < stored.len(), "{text}: nothing was ruled out");
    }
}

#[test]
fn headers_tell_fields_without_a_frame() {
    let stored = realistic(1_000);
    let block = opened(built(&stored)).unwrap();
    let of = |name: &str| {
        let field = logpipeline_model::query::Field::resolve(name);
        block.fields().find(|summary| summary.field == field).unwrap()
    };
    let levels = of("level").values.unwrap();
    assert_eq!(levels.iter().map(|(_, count)| count).sum::<usize>(), 1_000);
    for (level, count) in levels {
        let marker = format!("\"level\":\"{level}\"");
        let expected =
            stored.iter().filter(|entry| String::from_utf8_lossy(&entry.stored).contains(&marker)).count();
        assert_eq!(count, expected, "{level}");
    }
    assert_eq!((of("service").rows, of("service").distinct), (1_000, Some(4)));
    let times: Vec<Timestamp> = stored.iter().map(|entry| entry.timestamp).collect();
    assert_eq!(block.timestamps().first, *times.iter().min().unwrap());
    assert_eq!(block.timestamps().last, *times.iter().max().unwrap());
}

#[test]
fn ids_and_values_that_are_not_there_are_ruled_out() {
    let stored = realistic(2_000);
    let block = opened(built(&stored)).unwrap();
    for entry in &stored {
        assert!(block.may_have_id(entry.id).unwrap());
    }
    let mut dice = Dice::new(5);
    let mut roll = || u128::from(dice.roll()) << 64 | u128::from(dice.roll());
    let passed = (0..10_000).filter(|_| block.may_have_value(roll()).unwrap()).count();
    assert!(passed < 100, "{passed} of 10,000 values that are not there passed");
}
