use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::Document;
use crate::entry::{Limits, Stamp, accept};

const AT: &str = "2026-11-30T08:00:00.5Z";

fn at() -> Timestamp {
    AT.parse().unwrap()
}

fn entry(json: &str) -> (EntryId, Vec<u8>) {
    let id = EntryId([7; 16]);
    let mut stored = Vec::new();
    let received_at = "2026-11-30T07:00:00Z".parse().unwrap();
    accept(json.as_bytes(), Stamp { id, received_at }, &Limits::default(), &mut stored).unwrap();
    (id, stored)
}

fn body(bytes: &[u8], request: Option<Request>, truncated: Option<u64>) -> DeadLetter<'_> {
    let content = Content::Body { id: EntryId([9; 16]), bytes, truncated, request };
    let origin =
        Origin { protocol: Some("json"), sender: Some("shop"), peer: Some("192.0.2.7"), receipt: None };
    DeadLetter { at: at(), reason: "no JSON", origin, content }
}

fn request() -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/insert/jsonline?_msg_field=m".to_owned(),
        content_type: Some("application/json".to_owned()),
        content_encoding: None,
        headers: BTreeMap::from([("x-scope-orgid".to_owned(), "a".to_owned())]),
    }
}

#[test]
fn the_letter_of_an_entry_is_an_entry_and_gives_it_back() {
    let (id, stored) = entry(r#"{"level":"error","message":"a \"quoted\" \u0000 word","resourceId":"shop"}"#);
    let origin = Origin { receipt: Some("r"), ..Origin::default() };
    let letter =
        DeadLetter { at: at(), reason: "a mapping", origin, content: Content::Entry { id, stored: &stored } };
    let written = letter.stored();
    let document = Document::parse(&written).unwrap();
    assert_eq!(document.id, id_of(id));
    assert_eq!((document.timestamp, document.received_at), (at(), at()));
    assert_eq!(document.message.as_bytes(), stored);
    assert_eq!(document.level.as_deref(), Some("error"));
    assert_eq!(document.resource_id.as_deref(), Some("shop"));
    let metadata: Vec<_> = document.metadata.iter().map(|leaf| (&*leaf.path, &*leaf.text)).collect();
    let entry_id = id.to_string();
    assert_eq!(metadata, [("reason", "a mapping"), ("receipt", "r"), ("entryId", &*entry_id)]);
    let read = Letter::read(&written).unwrap();
    assert_eq!(read.content, Returned::Entry { id, stored });
}

#[test]
fn an_entry_has_one_letter_of_its_own() {
    let (one, other) = (EntryId([1; 16]), EntryId([2; 16]));
    assert_eq!(id_of(one), id_of(one));
    assert_ne!(id_of(one), id_of(other));
    assert_ne!(id_of(one), one);
    assert!(id_of(one).is_derived());
}

#[test]
fn a_body_keeps_its_request_and_its_bytes() {
    for bytes in [&b"<xml>\n</xml>"[..], b"\xff\xfe\x00\x01", b"", b"\x00"] {
        let written = body(bytes, Some(request()), None).stored();
        let document = Document::parse(&written).unwrap();
        assert_eq!(document.message, String::from_utf8_lossy(bytes));
        let paths: Vec<_> = document.metadata.iter().map(|leaf| &*leaf.path).collect();
        assert!(paths.contains(&"request.headers.x-scope-orgid"), "{paths:?}");
        assert_eq!(paths.contains(&"rawBase64"), str::from_utf8(bytes).is_err());
        let read = Letter::read(&written).unwrap();
        assert_eq!(read.id, EntryId([9; 16]));
        assert_eq!((read.protocol.as_deref(), read.sender.as_deref()), (Some("json"), Some("shop")));
        assert_eq!(read.peer.as_deref(), Some("192.0.2.7"));
        assert_eq!(read.content, Returned::Body { request: request(), bytes: bytes.to_vec() });
    }
}

#[test]
fn what_cannot_be_sent_again_says_why() {
    let truncated = body(b"begin", Some(request()), Some(70_000)).stored();
    assert!(str::from_utf8(&truncated).unwrap().contains(r#""truncated":70000"#));
    assert_eq!(Letter::read(&truncated), Err(Invalid::Truncated { kept: 5, whole: 70_000 }));
    let session = body(b"GET / HTTP/1.1", None, None).stored();
    assert_eq!(Letter::read(&session), Err(Invalid::NoRequest));
    let (_, plain) = entry(r#"{"message":"no letter"}"#);
    assert_eq!(Letter::read(&plain), Err(Invalid::NoRequest));
    assert!(matches!(Letter::read(b"nonsense"), Err(Invalid::Garbled(_))));
    let (id, stored) = entry(r#"{"message":"m"}"#);
    let content = Content::Entry { id: EntryId([3; 16]), stored: &stored };
    let letter = DeadLetter { at: at(), reason: "r", origin: Origin::default(), content };
    assert_ne!(id, EntryId([3; 16]));
    assert!(matches!(Letter::read(&letter.stored()), Err(Invalid::Garbled(_))));
}

proptest! {
    #[test]
    fn any_bytes_become_a_letter_that_gives_them_back(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        reason in ".{0,40}",
    ) {
        let mut letter = body(&bytes, Some(request()), None);
        letter.reason = &reason;
        let written = letter.stored();
        prop_assert!(!written.contains(&b'\n'));
        let document = Document::parse(&written).unwrap();
        prop_assert_eq!(&*document.metadata[0].text, &*reason);
        prop_assert_eq!(Letter::read(&written).unwrap().content, Returned::Body { request: request(), bytes });
    }

    #[test]
    fn bytes_that_are_no_entry_still_become_a_letter(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let content = Content::Entry { id: EntryId([3; 16]), stored: &bytes };
        let letter = DeadLetter { at: at(), reason: "r", origin: Origin::default(), content };
        let written = letter.stored();
        prop_assert_eq!(Document::parse(&written).unwrap().id, id_of(EntryId([3; 16])));
    }

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,40}") {
        let _ = Letter::read(&bytes);
        let json = serde_json::json!({
            "id": EntryId([9; 16]), "message": text, "metadata": { "rawBase64": text, "request": {} },
        });
        let _ = Letter::read(json.to_string().as_bytes());
    }
}
