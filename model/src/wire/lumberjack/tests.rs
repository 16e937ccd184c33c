use std::io::Write;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::wire::testing::Collector;

const LIMIT: usize = 1 << 20;
const DOCUMENT: &str = r#"{"@timestamp":"2026-11-30T10:00:00.123Z","@metadata":{"beat":"filebeat","version":"8.17.0"},"message":"line","log":{"offset":17,"file":{"path":"/var/log/a"}},"host":{"name":"vm"},"agent":{"type":"filebeat"}}"#;

fn window(events: u32) -> Vec<u8> {
    [&b"2W"[..], &events.to_be_bytes()].concat()
}

fn json_frame(sequence: u32, document: &str) -> Vec<u8> {
    [&b"2J"[..], &sequence.to_be_bytes(), &(document.len() as u32).to_be_bytes(), document.as_bytes()]
        .concat()
}

fn compressed(frames: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(frames).unwrap();
    let bytes = encoder.finish().unwrap();
    [&b"2C"[..], &(bytes.len() as u32).to_be_bytes(), &bytes].concat()
}

fn data_frame(sequence: u32, pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut frame = [&b"1D"[..], &sequence.to_be_bytes(), &(pairs.len() as u32).to_be_bytes()].concat();
    for text in pairs.iter().flat_map(|(name, text)| [name, text]) {
        frame.extend_from_slice(&(text.len() as u32).to_be_bytes());
        frame.extend_from_slice(text.as_bytes());
    }
    frame
}

fn feed(pieces: &[&[u8]], sink: &mut Collector) -> Result<Step, Broken> {
    let (mut session, mut all, mut buffer) = (Lumberjack::new(LIMIT), Step::default(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let step = session.read(&buffer, sink)?;
        buffer.drain(..step.consumed);
        all.consumed += step.consumed;
        all.acknowledge.extend_from_slice(&step.acknowledge);
    }
    Ok(all)
}

#[test]
fn a_window_is_acknowledged_by_its_last_event() {
    let frames = [window(2), json_frame(1, DOCUMENT), json_frame(2, r#"{"message":"b"}"#)].concat();
    let mut sink = Collector::default();
    let step = feed(&[&frames], &mut sink).unwrap();
    assert_eq!((step.consumed, &step.acknowledge[..]), (frames.len(), &b"2A\0\0\0\x02"[..]));
    assert_eq!(
        sink.entries[0].json(),
        json!({"timestamp": "2026-11-30T10:00:00.123Z", "message": "line", "resourceId": "vm",
            "metadata": {"@metadata": {"beat": "filebeat", "version": "8.17.0"}, "log": {"offset": 17, "file": {"path": "/var/log/a"}},
                "host": {"name": "vm"}, "agent": {"type": "filebeat"}}})
    );
    assert_eq!(sink.entries[0].key.as_deref(), Some(DOCUMENT.as_bytes()), "its bytes are its identity");
    assert_eq!(sink.entries[1].key, None, "without a fraction of a second it has none");
}

#[test]
fn equal_events_of_one_millisecond_are_all_kept_unless_they_say_where_they_stood() {
    let identified = |document: &str| {
        let mut sink = Collector::default();
        feed(&[&[window(1), json_frame(1, document)].concat()], &mut sink).unwrap();
        sink.entries[0].key.is_some()
    };
    assert!(!identified(r#"{"@timestamp":"2026-11-30T10:00:00.123Z","message":"equal"}"#));
    assert!(identified(r#"{"@timestamp":"2026-11-30T10:00:00.123456Z","message":"equal"}"#));
    assert!(identified(
        r#"{"@timestamp":"2026-11-30T10:00:00.123Z","message":"equal","log":{"offset":4096}}"#
    ));
    assert!(!identified(r#"{"@timestamp":"2026-11-30T10:00:00Z","message":"equal","log":{"offset":4096}}"#));
}

#[test]
fn compressed_frames_and_those_within_them_are_read() {
    let documents = ["1", "2", "3", "4"].map(|message| format!("{{\"message\":\"{message}\"}}"));
    let frame = |sequence: u32| json_frame(sequence, &documents[sequence as usize - 1]);
    let inner = [frame(1), compressed(&[frame(2), compressed(&frame(3))].concat()), frame(4)].concat();
    let mut sink = Collector::default();
    let step = feed(&[&window(4), &compressed(&inner)], &mut sink).unwrap();
    let messages: Vec<_> = sink.entries.iter().map(|entry| entry.json()["message"].clone()).collect();
    assert_eq!(
        (messages, &step.acknowledge[..]),
        (vec![json!("1"), json!("2"), json!("3"), json!("4")], &b"2A\0\0\0\x04"[..])
    );
}

#[test]
fn the_first_version_is_read() {
    let frames =
        [b"1W\0\0\0\x01".to_vec(), data_frame(7, &[("file", "/a"), ("host", "vm"), ("line", "text")])]
            .concat();
    let mut sink = Collector::default();
    let step = feed(&[&frames], &mut sink).unwrap();
    assert_eq!(step.acknowledge, b"1A\0\0\0\x07");
    assert_eq!(
        sink.entries[0].json(),
        json!({"timestamp": "2027-01-15T08:00:00Z", "message": "text", "resourceId": "vm", "metadata": {"file": "/a"}})
    );
}

#[test]
fn a_bad_document_is_rejected_alone_and_counts_in_its_window() {
    let frames = [window(3), json_frame(1, "{"), json_frame(2, "5"), json_frame(3, "{}")].concat();
    let mut sink = Collector::default();
    let step = feed(&[&frames], &mut sink).unwrap();
    assert_eq!(
        (sink.entries.len(), sink.rejections.len(), &step.acknowledge[..]),
        (1, 2, &b"2A\0\0\0\x03"[..])
    );
}

fn sample() -> Vec<u8> {
    [
        window(3),
        json_frame(1, DOCUMENT),
        compressed(&json_frame(2, DOCUMENT)),
        data_frame(3, &[("line", "a"), ("x", "y"), ("", "")]),
        window(1),
        json_frame(4, "{\"message\":\"m\"}"),
    ]
    .concat()
}

#[test]
fn frames_are_the_same_however_they_are_cut() {
    let sample = sample();
    let check = |pieces: &[&[u8]]| {
        let mut sink = Collector::default();
        let step = feed(pieces, &mut sink).unwrap();
        assert_eq!((step.consumed, sink.entries.len()), (sample.len(), 4));
        assert_eq!(step.acknowledge, b"1A\0\0\0\x032A\0\0\0\x04");
    };
    for at in 0..sample.len() {
        check(&[&sample[..at], &sample[at..]]);
    }
    check(&sample.chunks(1).collect::<Vec<_>>());
}

#[test]
fn lengths_that_lie_bombs_and_other_protocols_are_refused() {
    let bomb = compressed(&vec![b'2'; 4 << 20]);
    let mut nested = json_frame(1, "{}");
    for _ in 0..6 {
        nested = compressed(&nested);
    }
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"2X\0\0\0\0",
        b"2J\0\0\0\x01\xff\xff\xff\xff{}",
        b"2C\xff\xff\xff\xffabc",
        b"2C\0\0\0\x03abc",
        b"2D\0\0\0\x01\0\0\0\x01\xff\xff\xff\xff",
        &compressed(b"2J\0\0\0\x01\0\0\0\x05{}"),
        // It breaks behind frames that are whole.
        &compressed(&[json_frame(2, DOCUMENT), b"2J\0\0\0\x03\0\0\0\x05{}".to_vec()].concat()),
        &compressed(&[json_frame(2, DOCUMENT), compressed(b"2X\0\0\0\0")].concat()),
        &bomb,
        &nested,
    ] {
        let error = feed(&[bytes], &mut Collector::default()).unwrap_err();
        assert!(matches!(error, Broken::Protocol(_)), "{error}");
        let mut sink = Collector::default();
        let good = [window(1), json_frame(1, "{}")].concat();
        let step = Lumberjack::new(LIMIT).read(&[&good, bytes].concat(), &mut sink).unwrap();
        assert_eq!((step.consumed, &step.acknowledge[..]), (good.len(), &b"2A\0\0\0\x01"[..]));
        assert_eq!(sink.entries.len(), 1, "what is not consumed is sent again, and must not be stored");
    }
    // So many pairs are never there, and nothing is held for them.
    let step = feed(&[b"1D\0\0\0\x01\xff\xff\xff\xff"], &mut Collector::default()).unwrap();
    assert_eq!(step.consumed, 0);
    let full =
        feed(&[&compressed(&vec![0; 100_000])], &mut Collector { room: 1_000, ..Collector::default() });
    assert_eq!(full, Err(Broken::Full));
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in "[12][WJCD]") {
        let _ = feed(&[&bytes], &mut Collector::default());
        let _ = feed(&[&[kind.as_bytes(), &bytes].concat()], &mut Collector::default());
    }

    #[test]
    fn changed_frames_are_read(at in 0..sample().len(), byte: u8, end in 0..=sample().len()) {
        let mut bytes = sample();
        bytes[at] = byte;
        let mut sink = Collector::default();
        let _ = feed(&[&bytes[..end]], &mut sink);
        for entry in &sink.entries {
            prop_assert!(crate::Document::parse(&entry.stored).is_ok());
        }
    }
}

#[test]
fn equal_documents_of_a_session_are_entries_of_their_own() {
    let frames = [window(2), json_frame(1, DOCUMENT), json_frame(2, DOCUMENT)].concat();
    let keys = || {
        let mut sink = Collector::default();
        feed(&[&frames], &mut sink).unwrap();
        sink.entries.into_iter().map(|entry| entry.key.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(keys()[0], DOCUMENT.as_bytes());
    assert_ne!(keys()[0], keys()[1]);
}
