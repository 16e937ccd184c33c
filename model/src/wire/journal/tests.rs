use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::wire::testing::Collector;

/// A field of bytes, with its length.
fn binary(name: &str, bytes: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\n", &(bytes.len() as u64).to_le_bytes(), bytes, b"\n"].concat()
}

fn sample() -> Vec<u8> {
    [
        b"__CURSOR=s=a8;i=1\n__REALTIME_TIMESTAMP=1796039641464270\n_BOOT_ID=01\nMESSAGE=line=0\nPRIORITY=3\n_HOSTNAME=vm\nSYSLOG_IDENTIFIER=shop\n_PID=42\n\n".to_vec(),
        b"__CURSOR=s=a8;i=2\n".to_vec(),
        binary("MESSAGE", b"two\n\nlines\n"),
        binary("BLOB", &[0xff, 0, b'\n']),
        b"TAG=a\nTAG=b\n_SYSTEMD_UNIT=shop.service\nSYSLOG_IDENTIFIER=shop\n\n".to_vec(),
    ]
    .concat()
}

fn check(sink: &Collector) {
    assert_eq!(sink.rejections, []);
    let entries: Vec<_> = sink.entries.iter().map(|entry| (entry.number, entry.json())).collect();
    assert_eq!(
        entries,
        [
            (
                1,
                json!({"timestamp": "2026-11-30T11:54:01.464270Z", "level": "error", "message": "line=0", "resourceId": "shop",
                    "metadata": {"PRIORITY": "3", "_BOOT_ID": "01", "_HOSTNAME": "vm", "_PID": "42", "__CURSOR": "s=a8;i=1"}})
            ),
            (
                2,
                json!({"timestamp": "2027-01-15T08:00:00Z", "message": "two\n\nlines\n", "resourceId": "shop.service",
                    "metadata": {"BLOB": "/wAK", "SYSLOG_IDENTIFIER": "shop", "TAG": ["a", "b"], "__CURSOR": "s=a8;i=2"}})
            ),
        ]
    );
    let keys: Vec<_> = sink.entries.iter().map(|entry| entry.key.clone().unwrap()).collect();
    assert_eq!(keys, [b"s=a8;i=1", b"s=a8;i=2"]);
}

/// Feeds a stream in pieces, as a connection would.
fn feed(stream: &mut Stream, pieces: &[&[u8]], sink: &mut Collector) -> Result<(), Unreadable> {
    let mut buffer = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        buffer.extend_from_slice(piece);
        let consumed = stream.read(&buffer, index + 1 == pieces.len(), sink)?;
        buffer.drain(..consumed);
    }
    assert_eq!(buffer.len(), 0, "nothing is left at the end");
    Ok(())
}

#[test]
fn entries_are_read_with_text_and_binary_fields() {
    let mut sink = Collector::default();
    read(&sample(), &mut sink).unwrap();
    check(&sink);
}

#[test]
fn entries_are_the_same_however_the_stream_is_cut() {
    let sample = sample();
    for at in 0..=sample.len() {
        let mut sink = Collector::default();
        feed(&mut Stream::default(), &[&sample[..at], &sample[at..]], &mut sink).unwrap();
        check(&sink);
    }
    let mut sink = Collector::default();
    let bytes: Vec<&[u8]> = sample.chunks(1).collect();
    feed(&mut Stream::default(), &bytes, &mut sink).unwrap();
    check(&sink);
}

#[test]
fn the_last_entry_needs_no_blank_line_and_one_that_is_cut_is_rejected() {
    for (body, entries, rejected) in [
        (&b"MESSAGE=a\n\n\n\nMESSAGE=b"[..], 2, 0),
        (b"MESSAGE=a\n", 1, 0),
        (b"\n", 0, 0),
        (b"", 0, 0),
        (b"MESSAGE=a\n\nMESSAGE", 1, 1),
        (b"MESSAGE=a\n\nMESSAGE\n\x05\0\0\0\0\0\0\0ab", 1, 1),
    ] {
        let mut sink = Collector::default();
        read(body, &mut sink).unwrap();
        assert_eq!((sink.entries.len(), sink.rejections.len()), (entries, rejected), "{body:?}");
    }
}

#[test]
fn a_message_that_is_no_text_is_kept_as_bytes_besides() {
    let mut sink = Collector::default();
    read(&binary("MESSAGE", b"a\xff"), &mut sink).unwrap();
    assert_eq!(
        sink.entries[0].json(),
        json!({"timestamp": "2027-01-15T08:00:00Z", "message": "a\u{fffd}", "metadata": {"MESSAGE": "Yf8="}})
    );
}

#[test]
fn an_entry_that_is_too_large_is_skipped_without_being_held() {
    let large = vec![b'x'; 5_000];
    let text = [b"MESSAGE=", &large[..], b"\nA=1\n\n"].concat();
    let blob = [binary("CORE", &large), b"A=1\n\n".to_vec()].concat();
    let many = ["NAME=a value\n".repeat(300).into_bytes(), b"\n".to_vec()].concat();
    for entry in [text, blob, many] {
        let body = [b"MESSAGE=a\n\n", &entry[..], b"MESSAGE=b\n\n"].concat();
        for piece in [1, 7, 100, body.len()] {
            let mut sink = Collector::default();
            sink.limits.entry_bytes = 1_000;
            let (mut stream, mut buffer) = (Stream::default(), Vec::new());
            for piece in body.chunks(piece) {
                buffer.extend_from_slice(piece);
                let consumed = stream.read(&buffer, false, &mut sink).unwrap();
                buffer.drain(..consumed);
                assert!(buffer.len() <= 1_100 + piece.len(), "{} bytes are held", buffer.len());
            }
            let numbers: Vec<_> = sink.entries.iter().map(|entry| entry.number).collect();
            let rejected: Vec<_> = sink.rejections.iter().map(|(number, _)| *number).collect();
            assert_eq!((numbers, rejected), (vec![1, 3], vec![2]), "by {piece}");
        }
    }
}

#[test]
fn what_is_no_journal_and_lengths_that_lie_are_refused() {
    for body in [&b"hello world\n"[..], b"{\"a\":1}\n", b"\xff\xfe\n", b"MESSAGE=a\nlower\n"] {
        let error = read(body, &mut Collector::default()).unwrap_err();
        assert!(
            matches!(&error, Unreadable::Malformed(reason) if reason.contains("Journal Export Format")),
            "{error}"
        );
    }
    let mut sink = Collector::default();
    let lie = [&b"MESSAGE\n"[..], &u64::MAX.to_le_bytes(), b"abc\n\nMESSAGE=b\n\n"].concat();
    read(&lie, &mut sink).unwrap();
    assert_eq!((sink.entries.len(), sink.rejections.len()), (0, 1));
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &mut Collector::default());
    }

    #[test]
    fn a_changed_or_cut_stream_is_read(at in 0..sample().len(), byte: u8, end in 0..=sample().len()) {
        let mut bytes = sample();
        bytes[at] = byte;
        let mut sink = Collector::default();
        let _ = read(&bytes[..end], &mut sink);
        for entry in &sink.entries {
            prop_assert!(crate::Document::parse(&entry.stored).is_ok());
        }
    }
}
