use std::io::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::msgpack::{Reader, Token, Writer};
use crate::wire::testing::Collector;

const LIMIT: usize = 1 << 20;
/// SHA-512 of "saltserver0123456789abcdefsecret", as `sha512sum` has it.
const DIGEST: &[u8] = b"d7e0b4a18111ccd17797e377151926c1ee86012aafbd5a3a5f042dcdd24e870886f2b2e8e46cade7058183220eb15c6240c8f7cd717600834ef3c6ed75ac7ede";

/// What clients sent, as it was recorded.
const PYTHON: &[u8] = b"\x93\xa8app.shop\xd7\x00k\x0d`g&\xeftR\x86\xa4host\xa2vm\xa5where\xadmisc.<module>\xa5level\xa4INFO\xa7message\xa6line 0\xa5order*\xa1f\xcb?\xf8\x00\x00\x00\x00\x00\x00";
const NODE: &[u8] =
    b"\x94\xa8app.shop\xcek\x0df\xa8\x82\xa7message\xa6line 0\xa5order*\x81\xa5chunk\xb8YGjVI8hj5ofEPsz+exE7aA==";
const PACKED: &[u8] = b"\x93\xa8app.shop\xc43\x92\xcek\x0df\xab\x82\xa7message\xa6line 0\xa5order*\x92\xcek\x0df\xab\x81\xa7message\xa6line 1\x84\xa5chunk\xb84hjH7rOO4Vk0BOWY73iBNQ==\xa4size3\xaacompressed\xa4text\xb2eventEntryDataSize3";
const COMPRESSED: &[u8] = b"\x93\xa8app.shop\xc48\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x9bt.\x9b7m}\xd3\xf2\xdc\xd4\xe2\xe2\xc4\xf4\xd4e9\x99y\xa9\x0a\x06K\xf3\x8bRR\x8b\xb4&\x81%\x1bQ%\x0d\x011e\x15\xb13\x00\x00\x00\x84\xa5chunk\xb89TKMU2xeBY0WDPymMBHqZg==\xa4size8\xaacompressed\xa4gzip\xb2eventEntryDataSize3";

fn plain() -> Forward {
    Forward::new(LIMIT, None)
}

/// Feeds bytes in pieces as a connection would; what was answered and kept.
fn feed(session: &mut Forward, pieces: &[&[u8]], sink: &mut Collector) -> Result<Step, Broken> {
    let mut all = Step::default();
    let mut buffer: Vec<u8> = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let step = session.read(&buffer, sink)?;
        buffer.drain(..step.consumed);
        all.consumed += step.consumed;
        all.reply.extend_from_slice(&step.reply);
        all.acknowledge.extend_from_slice(&step.acknowledge);
        all.close |= step.close;
    }
    Ok(all)
}

fn read(bytes: &[u8]) -> (Vec<Value>, Step) {
    let mut sink = Collector::default();
    let step = plain().read(bytes, &mut sink).unwrap();
    assert_eq!((step.consumed, &sink.rejections), (bytes.len(), &vec![]));
    (sink.entries.iter().map(|entry| entry.json()).collect(), step)
}

#[test]
fn messages_of_real_clients_are_read() {
    let (entries, step) = read(PYTHON);
    assert_eq!(
        entries,
        [
            json!({"timestamp": "2026-11-30T11:39:19.653227090Z", "level": "info", "message": "line 0", "resourceId": "vm",
            "metadata": {"tag": "app.shop", "where": "misc.<module>", "order": 42, "f": 1.5}})
        ]
    );
    assert_eq!(step.acknowledge, b"");
    let (entries, step) = read(NODE);
    assert_eq!(entries[0]["timestamp"], "2026-11-30T12:06:00Z");
    assert_eq!(step.acknowledge, b"\x81\xa3ack\xb8YGjVI8hj5ofEPsz+exE7aA==");
    let (packed, step) = read(PACKED);
    assert_eq!(step.acknowledge, b"\x81\xa3ack\xb84hjH7rOO4Vk0BOWY73iBNQ==");
    let (compressed, step) = read(COMPRESSED);
    assert_eq!(step.acknowledge, b"\x81\xa3ack\xb89TKMU2xeBY0WDPymMBHqZg==");
    for entries in [packed, compressed] {
        let messages: Vec<_> = entries.iter().map(|entry| entry["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["line 0", "line 1"]);
    }
}

#[test]
fn an_array_of_events_is_read_and_keys_are_the_chunk_and_the_place() {
    let message = b"\x93\xa1t\x92\x92\x01\x81\xa3log\xa1a\x92\xc0\x81\xa3log\xa1b\x81\xa5chunk\xa1c";
    let mut sink = Collector::default();
    let step = plain().read(message, &mut sink).unwrap();
    assert_eq!(step.acknowledge, b"\x81\xa3ack\xa1c");
    let keys: Vec<_> = sink.entries.iter().map(|entry| entry.key.clone().unwrap()).collect();
    assert_eq!(keys, [b"c\0\0\0\0\0\0\0\0\x01", b"c\0\0\0\0\0\0\0\0\x02"]);
    assert_eq!(
        sink.entries[1].json(),
        json!({"timestamp": "2027-01-15T08:00:00Z", "message": "b", "metadata": {"tag": "t"}})
    );
}

#[test]
fn records_are_read_through_the_vocabulary() {
    let mut message = b"\x93\xa1t\xcek\x0df\xa8\x86".to_vec();
    message.extend_from_slice(b"\xa3log\xa1m\xa5level\x1e\xa6status\xcc\xc8");
    message.extend_from_slice(
        b"\xaakubernetes\x83\xa8pod_name\xa3p-1\xaecontainer_name\xa4shop\xa6labels\x81\xa3app\xa4cart",
    );
    message.extend_from_slice(b"\x05\xa1n\xa3bin\xc4\x01\xff");
    let (entries, _) = read(&message);
    assert_eq!(
        entries,
        [json!({"timestamp": "2026-11-30T12:06:00Z", "level": "info", "message": "m", "resourceId": "cart",
            "metadata": {"tag": "t", "level": 30, "status": 200, "5": "n", "bin": "/w==",
                "kubernetes": {"pod_name": "p-1", "container_name": "shop", "labels": {"app": "cart"}}}})]
    );
}

#[test]
fn fluent_bits_second_version_brings_metadata_of_events() {
    let (entries, _) = read(b"\x92\xa1t\x92\x92\x92\xd7\0k\x0df\xa8\0\0\0\x01\x80\x81\xa3log\xa1a\x92\x92\xcek\x0df\xa8\x81\xa1x\xa1y\x81\xa3log\xa1b");
    assert_eq!(entries[0]["timestamp"], "2026-11-30T12:06:00.000000001Z");
    assert_eq!(entries[0]["metadata"], json!({"tag": "t"}));
    assert_eq!(entries[1]["metadata"], json!({"tag": "t", "event_metadata": {"x": "y"}}));
}

#[test]
fn a_bad_event_is_rejected_alone_and_its_chunk_acknowledged() {
    let deep = [&b"\x81\xa1d"[..], &[0x91; 100], b"\xc0"].concat();
    let message = [
        &b"\x93\xa1t\x95\x92\x01\x81\xa3log\xa1a\x92\x01\x05\x07\x92\x01"[..],
        &deep,
        b"\x92\x01\xa1b\x81\xa5chunk\xa1c",
    ]
    .concat();
    let mut sink = Collector::default();
    let step = plain().read(&message, &mut sink).unwrap();
    assert_eq!((step.consumed, &step.acknowledge[..]), (message.len(), &b"\x81\xa3ack\xa1c"[..]));
    let numbers: Vec<_> = sink.entries.iter().map(|entry| entry.number).collect();
    let rejected: Vec<_> = sink.rejections.iter().map(|(number, _)| *number).collect();
    assert_eq!((numbers, rejected), (vec![1, 5], vec![2, 3, 4]));
    // Events that are cut off, or that cannot be inflated, would be the same if they were sent again.
    for message in [
        &b"\x93\xa1t\xc4\x03\x92\x01\x81\x81\xa5chunk\xa1c"[..],
        b"\x93\xa1t\xc4\x01x\x82\xa5chunk\xa1c\xaacompressed\xa4gzip",
    ] {
        let mut sink = Collector::default();
        let step = plain().read(message, &mut sink).unwrap();
        assert_eq!((sink.rejections.len(), &step.acknowledge[..]), (1, &b"\x81\xa3ack\xa1c"[..]));
    }
}

#[test]
fn events_that_inflate_beyond_the_limit_are_refused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0xc0; 4 << 20]).unwrap();
    let (gzip, zstd) = (gzip.finish().unwrap(), zstd::encode_all(&vec![0xc0; 4 << 20][..], 1).unwrap());
    for (bytes, name) in [(gzip, &b"\xa4gzip"[..]), (zstd, b"\xa4zstd")] {
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        let message = [&b"\x93\xa1t\xc5"[..], &length, &bytes, b"\x81\xaacompressed", name].concat();
        let mut sink = Collector::default();
        plain().read(&message, &mut sink).unwrap();
        assert_eq!((sink.entries.len(), sink.rejections.len()), (0, 1));
        assert!(sink.rejections[0].1.reason.contains("inflate to more"), "{:?}", sink.rejections);
        assert!(sink.room > 60 << 20, "it was not inflated whole");
        let full = Collector { room: 16 << 10, ..Collector::default() };
        assert_eq!(plain().read(&message, &mut { full }), Err(Broken::Full));
    }
}

#[test]
fn what_is_no_message_ends_the_connection_behind_what_was_read() {
    for bytes in
        [&b"POST / HTTP/1.1\r\n"[..], b"\xc1", b"\x91\xa1t", b"\x92\x01\x02", b"\x94\xa1t\x01\x80\x05"]
    {
        let error = plain().read(bytes, &mut Collector::default()).unwrap_err();
        assert!(matches!(error, Broken::Protocol(_)), "{bytes:?}");
        let mut session = plain();
        let step = session.read(&[NODE, bytes].concat(), &mut Collector::default()).unwrap();
        assert_eq!(step.consumed, NODE.len());
        assert!(!step.acknowledge.is_empty());
    }
}

#[test]
fn a_message_is_the_same_however_it_is_cut() {
    let all = [PYTHON, NODE, PACKED, COMPRESSED].concat();
    let mut whole = Collector::default();
    let expected = feed(&mut plain(), &[&all], &mut whole).unwrap();
    for at in 0..all.len() {
        let mut sink = Collector::default();
        let step = feed(&mut plain(), &[&all[..at], &all[at..]], &mut sink).unwrap();
        assert_eq!((step.consumed, &step.acknowledge), (all.len(), &expected.acknowledge), "cut at {at}");
        let stored = |sink: &Collector| sink.entries.iter().map(|entry| entry.json()).collect::<Vec<_>>();
        assert_eq!(stored(&sink), stored(&whole));
    }
    let bytes: Vec<&[u8]> = all.chunks(1).collect();
    let mut sink = Collector::default();
    assert_eq!(feed(&mut plain(), &bytes, &mut sink).unwrap().acknowledge, expected.acknowledge);
}

fn locked() -> Forward {
    let handshake = Handshake::new(SharedKey::new(b"secret"), "server".into(), *b"0123456789abcdef");
    Forward::new(LIMIT, Some(handshake))
}

fn ping(hostname: &[u8], key: &[u8]) -> Vec<u8> {
    let digest =
        Handshake::new(SharedKey::new(key), "".into(), *b"0123456789abcdef").digest(b"salt", hostname);
    let ping = Writer::default().array(6).text(b"PING").text(hostname).text(b"salt").text(digest.as_bytes());
    ping.text(b"").text(b"").finish()
}

#[test]
fn who_knows_the_shared_key_is_let_in_and_learns_that_the_server_does() {
    let mut session = locked();
    assert_eq!(
        session.greeting(),
        b"\x92\xa4HELO\x83\xa5nonce\xc4\x100123456789abcdef\xa4auth\xc4\0\xa9keepalive\xc3"
    );
    let mut sink = Collector::default();
    let all = [&ping(b"client", b"secret"), NODE].concat();
    let pieces: Vec<&[u8]> = all.chunks(7).collect();
    let step = feed(&mut session, &pieces, &mut sink).unwrap();
    assert!(!step.close && sink.entries.len() == 1);
    let mut reader = Reader::new(&step.reply);
    let tokens: Vec<_> = std::iter::from_fn(|| reader.token().ok()).collect();
    assert_eq!(
        tokens,
        [
            Token::Array(5),
            Token::Text(b"PONG"),
            Token::Boolean(true),
            Token::Text(b""),
            Token::Text(b"server"),
            Token::Text(DIGEST)
        ]
    );
}

#[test]
fn who_does_not_know_the_shared_key_is_told_so_and_sent_away() {
    for ping in [ping(b"client", b"guess"), ping(b"server", b"secret")] {
        let mut sink = Collector::default();
        let step = locked().read(&[&ping, NODE].concat(), &mut sink).unwrap();
        assert!(step.close && sink.entries.is_empty() && step.acknowledge.is_empty());
        assert!(step.reply.starts_with(b"\x95\xa4PONG\xc2"));
    }
    let error = locked().read(NODE, &mut Collector::default()).unwrap_err();
    assert!(error.to_string().contains("shared_key"), "{error}");
    assert_eq!(format!("{:?}", SharedKey::new(b"secret")), "SharedKey");
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200), packed in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = plain().read(&bytes, &mut Collector::default());
        let _ = locked().read(&bytes, &mut Collector::default());
        let message = Writer::default().array(2).text(b"t").text(&packed).finish();
        let mut sink = Collector::default();
        plain().read(&message, &mut sink).unwrap();
    }

    #[test]
    fn a_changed_message_is_read(at in 0..COMPRESSED.len(), byte: u8) {
        for message in [COMPRESSED, PACKED, NODE, PYTHON] {
            let mut bytes = message.to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            let mut sink = Collector::default();
            let _ = plain().read(&bytes, &mut sink);
            for entry in &sink.entries {
                prop_assert!(crate::Document::parse(&entry.stored).is_ok());
            }
        }
    }
}
