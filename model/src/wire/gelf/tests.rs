use core::net::IpAddr;
use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Timestamp;
use crate::wire::testing::Collector;
use crate::wire::{Datagrams, Session, Step};

const MESSAGE: &str = r#"{"version":"1.1","host":"vm","short_message":"line 1","full_message":"line 1\njava.lang.RuntimeException: boom\n\tat S.main(S.java:8)\n","timestamp":1796040732.0551234,"level":3,"_thread_name":"main","_logger_name":"shop.Cart","_order":42,"_id":"7","_app":"shop","_host":"inner"}"#;

fn expected() -> Value {
    json!({
        "timestamp": "2026-11-30T12:12:12.055123400Z",
        "level": "error",
        "message": "line 1",
        "resourceId": "shop",
        "metadata": {
            "host": "vm",
            "full_message": "line 1\njava.lang.RuntimeException: boom\n\tat S.main(S.java:8)\n",
            "level": 3,
            "thread_name": "main",
            "logger_name": "shop.Cart",
            "order": 42,
            "id": "7",
            "_host": "inner"
        }
    })
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read_body(body: &[u8]) -> (Collector, Result<(), Unreadable>) {
    let mut sink = Collector::default();
    let result = read(body, 1 << 20, &mut sink);
    (sink, result)
}

/// The messages of the entries.
fn messages(sink: &Collector) -> Vec<String> {
    sink.entries.iter().map(|entry| entry.json()["message"].as_str().unwrap().to_owned()).collect()
}

fn peer() -> IpAddr {
    "10.0.0.1".parse().unwrap()
}

/// A message in chunks of `size` bytes.
fn chunks(id: u8, bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    let parts: Vec<_> = bytes.chunks(size).collect();
    let count = u8::try_from(parts.len()).unwrap();
    let chunk = |(number, part): (usize, &&[u8])| {
        [&[0x1e, 0x0f, id, 0, 0, 0, 0, 0, 0, 0, number as u8, count][..], part].concat()
    };
    parts.iter().enumerate().map(chunk).collect()
}

#[test]
fn fields_are_found_by_their_names_and_additional_ones_lose_their_underscore() {
    for body in [MESSAGE.as_bytes().to_vec(), zlib(MESSAGE.as_bytes()), gzip(MESSAGE.as_bytes())] {
        let (sink, result) = read_body(&body);
        assert_eq!(result, Ok(()));
        assert_eq!(sink.entries[0].json(), expected());
    }
}

#[test]
fn what_is_missing_or_odd_is_kept_as_it_is() {
    for (body, message, rest) in [
        (r#"{"host":"vm","full_message":"only that","_x":null}"#, "only that", json!({"x": null})),
        (r#"{"host":"vm","short_message":"m","level":"odd","timestamp":5}"#, "m", json!({"timestamp": 5})),
        (
            r#"{"host":"vm","short_message":7,"_a":1}"#,
            r#"{"host":"vm","short_message":7,"_a":1}"#,
            json!({"short_message": 7, "a": 1}),
        ),
        (
            r#"{"host":"vm","short_message":"m","version":"2.0","__x":1,"_":2}"#,
            "m",
            json!({"version": "2.0", "__x": 1, "_": 2}),
        ),
        (
            r#"{"host":"vm","short_message":"m","_message":"n","_level":9,"level":4}"#,
            "m",
            json!({"message": "n", "_level": 9, "level": 4}),
        ),
    ] {
        let (sink, result) = read_body(body.as_bytes());
        assert_eq!(result, Ok(()), "{body}");
        let entry = sink.entries[0].json();
        assert_eq!((&entry["message"], &entry["resourceId"]), (&json!(message), &json!("vm")), "{body}");
        assert_eq!(entry.get("metadata").unwrap_or(&json!({})), &rest, "{body}");
    }
}

#[test]
fn a_body_that_lies_about_itself_is_refused() {
    let (sink, result) = read_body(b"no JSON");
    assert_eq!((result, sink.rejections.len()), (Ok(()), 1));
    let whole = zlib(MESSAGE.as_bytes());
    let (_, result) = read_body(&whole[..whole.len() / 2]);
    assert!(matches!(result, Err(Unreadable::Malformed(_))));
    for mut lie in [zlib(MESSAGE.as_bytes()), gzip(MESSAGE.as_bytes())] {
        // The check sum, and the length.
        *lie.last_mut().unwrap() ^= 0x7f;
        let (sink, result) = read_body(&lie);
        assert!(matches!(result, Err(Unreadable::Malformed(_))));
        assert!(sink.entries.is_empty() && sink.room > 63 << 20);
    }
    let bomb = vec![b' '; 8 << 20];
    for bomb in [zlib(&bomb), gzip(&bomb)] {
        assert_eq!(read_body(&bomb).1, Err(Unreadable::TooLarge));
        let mut sink = Collector { room: 1 << 20, ..Collector::default() };
        assert_eq!(read(&bomb, 1 << 30, &mut sink), Err(Unreadable::Full));
    }
}

#[test]
fn a_stream_is_cut_at_nul_and_its_last_message_needs_none() {
    let bytes = b"{\"short_message\":\"one\"}\0{\"short_message\":\n\"two\"}\0\0no JSON\0{\"short_message\":\"three\"}";
    let (mut session, mut sink) = (Stream::default(), Collector::default());
    let step = session.read(bytes, &mut sink).unwrap();
    assert_eq!(messages(&sink), ["one", "two", "no JSON"]);
    session.end(&bytes[step.consumed..], &mut sink).unwrap();
    assert_eq!(messages(&sink), ["one", "two", "no JSON", "three"]);
    let mut sink = Collector::default();
    session.stalled(b"{\"short_message\":\"a\"}\n{\"short_message\":\"b\"}\n", &mut sink).unwrap();
    assert_eq!(messages(&sink), ["a", "b"]);
}

#[test]
fn chunks_come_in_any_order_and_more_than_once() {
    let mut table = Chunks::default();
    let mut sink = Collector::default();
    let packed = zlib(MESSAGE.as_bytes());
    let mut parts = chunks(1, &packed, 20);
    let other = chunks(2, MESSAGE.as_bytes(), 100);
    parts.reverse();
    let mut number = 1;
    for datagram in parts.iter().chain(&other).chain(&parts).chain(&other) {
        number = table.read(datagram, peer(), number, &mut sink).unwrap();
    }
    assert_eq!((number, sink.entries.len(), sink.rejections.len()), (3, 2, 0));
    assert!(sink.entries.iter().all(|entry| entry.json() == expected()));
    // A message of one chunk, as some libraries send it, and messages without any.
    for datagram in
        [&chunks(3, &packed, 1_000)[0], &packed, &gzip(MESSAGE.as_bytes()), &MESSAGE.as_bytes().to_vec()]
    {
        number = table.read(datagram, peer(), number, &mut sink).unwrap();
    }
    assert!(sink.entries.len() == 6 && sink.entries.iter().all(|entry| entry.json() == expected()));
}

#[test]
fn chunks_of_two_senders_are_not_mixed() {
    let mut table = Chunks::default();
    let mut sink = Collector::default();
    let parts = chunks(1, MESSAGE.as_bytes(), 200);
    table.read(&parts[0], peer(), 1, &mut sink).unwrap();
    for part in &parts[1..] {
        table.read(part, "10.0.0.2".parse().unwrap(), 1, &mut sink).unwrap();
    }
    assert!(sink.entries.is_empty());
    table.read(&parts[1], peer(), 1, &mut sink).unwrap();
    assert_eq!(sink.entries.len(), 1);
}

#[test]
fn chunks_are_forgotten_after_five_seconds_and_counted() {
    let mut table = Chunks::default();
    let mut sink = Collector::default();
    let parts = chunks(1, MESSAGE.as_bytes(), 200);
    table.read(&parts[0], peer(), 1, &mut sink).unwrap();
    sink.received_at = Timestamp::from_unix_nanos(sink.received_at.unix_nanos() + 5_000_000_001);
    let number = table.read(MESSAGE.as_bytes(), peer(), 1, &mut sink).unwrap();
    assert_eq!((number, sink.rejections.len(), sink.entries.len(), table.bytes()), (3, 1, 1, 0));
    assert!(sink.rejections[0].1.reason.contains("did not come in time"));
}

#[test]
fn the_memory_of_chunks_that_wait_is_bounded_and_the_oldest_go_first() {
    let mut table = Chunks::default();
    let mut sink = Collector::default();
    let big = vec![b'x'; 60_000];
    for id in 0..=255u8 {
        let datagram = [&[0x1e, 0x0f, id, 0, 0, 0, 0, 0, 0, 0, 0, 2][..], &big].concat();
        table.read(&datagram, peer(), 1, &mut sink).unwrap();
        assert!(table.bytes() <= 9 << 20);
    }
    let gone = sink.rejections.len();
    assert!((100..150).contains(&gone), "{gone}");
    let last = [&[0x1e, 0x0f, 255, 0, 0, 0, 0, 0, 0, 0, 1, 2][..], b"y"].concat();
    table.read(&last, peer(), 1, &mut sink).unwrap();
    assert_eq!(sink.entries.len(), 1);
}

#[test]
fn chunks_that_are_none_and_bombs_are_rejected_alone() {
    let mut table = Chunks::default();
    let mut sink = Collector::default();
    let bomb = zlib(&vec![b' '; 4 << 20]);
    for datagram in [
        &b"\x1e\x0f123"[..],
        b"\x1e\x0f12345678\x00\x00",
        b"\x1e\x0f12345678\x02\x02x",
        b"\x1e\x0f12345678\x00\xffx",
        &bomb,
        b"x\x9cgarbage",
    ] {
        table.read(datagram, peer(), 1, &mut sink).unwrap();
    }
    assert_eq!((sink.rejections.len(), sink.entries.len(), table.bytes()), (6, 0, 0));
}

proptest! {
    #[test]
    fn a_stream_cut_anywhere_gives_the_same_entries(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let bytes = format!("{MESSAGE}\0x\0{MESSAGE}\0\0{{}}\0last");
        let bytes = bytes.as_bytes();
        let run = |cuts: &[usize]| {
            let (mut session, mut sink, mut begin) = (Stream::default(), Collector::default(), 0);
            for end in cuts.iter().copied().chain([bytes.len()]) {
                while let Step { consumed: consumed @ 1.., .. } = session.read(&bytes[begin..end], &mut sink).unwrap() {
                    begin += consumed;
                }
            }
            session.end(&bytes[begin..], &mut sink).unwrap();
            sink.entries.iter().map(|entry| entry.json()).collect::<Vec<_>>()
        };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(run(&cuts), run(&[]));
        prop_assert_eq!(run(&[]).len(), 5);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut sink = Collector::default();
        let _ = read(&bytes, 1 << 20, &mut sink);
        let mut table = Chunks::default();
        table.read(&bytes, peer(), 1, &mut sink).unwrap();
        table.read(&[&[0x1e, 0x0f][..], &bytes].concat(), peer(), 1, &mut sink).unwrap();
        Stream::default().read(&bytes, &mut sink).unwrap();
    }

    #[test]
    fn a_message_that_is_cut_or_garbled_harms_nothing(length in 0usize..400, at in 0usize..400, byte in any::<u8>()) {
        for whole in [MESSAGE.as_bytes().to_vec(), zlib(MESSAGE.as_bytes()), gzip(MESSAGE.as_bytes())] {
            let mut bytes = whole[..length.min(whole.len())].to_vec();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let mut sink = Collector::default();
            let _ = read(&bytes, 1 << 20, &mut sink);
            Chunks::default().read(&bytes, peer(), 1, &mut sink).unwrap();
        }
    }
}
