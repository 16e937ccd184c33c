//! Every rule of validation, and the stored form it leads to.

use super::*;
use crate::Document;

const ID: &str = "018a97d2-5c00-7000-8000-000000000000";
const RECEIVED: &str = "2026-01-02T03:04:05.678Z";

fn stamp() -> Stamp {
    Stamp { id: ID.parse().unwrap(), received_at: RECEIVED.parse().unwrap() }
}

fn accepted_bytes(json: impl AsRef<[u8]>) -> Result<String, Rejection> {
    let mut out = b"before".to_vec();
    let result = accept(json.as_ref(), stamp(), &Limits::default(), &mut out);
    let written = out.strip_prefix(b"before").unwrap();
    assert!(result.is_ok() || written.is_empty(), "a rejection left {written:?}");
    assert!(!written.contains(&b'\n') && !written.contains(&b'\r'));
    result.map(|()| String::from_utf8(written.to_vec()).unwrap())
}

/// The stored form without what every entry begins with when it was sent without a timestamp.
fn stored(json: impl AsRef<[u8]>) -> String {
    let stored = accepted_bytes(json).unwrap();
    let prefix = format!(r#"{{"id":"{ID}","receivedAt":"{RECEIVED}","timestamp":"{RECEIVED}","#);
    stored.strip_prefix(&prefix).unwrap_or_else(|| panic!("{stored}")).strip_suffix('}').unwrap().to_owned()
}

/// The stored metadata of an entry with these further members.
fn metadata(members: &str) -> String {
    let stored = stored(format!(r#"{{"message":"m",{members}}}"#));
    stored.strip_prefix(r#""message":"m","metadata":"#).unwrap_or_else(|| panic!("{stored}")).to_owned()
}

fn rejected(json: impl AsRef<[u8]>) -> (Option<&'static str>, String) {
    let rejection = accepted_bytes(json).unwrap_err();
    (rejection.field, rejection.reason)
}

fn timestamp(json_value: &str) -> String {
    let stored = accepted_bytes(format!(r#"{{"message":"m","timestamp":{json_value}}}"#)).unwrap();
    skim(stored.as_bytes()).unwrap().timestamp.to_string()
}

#[test]
fn the_sample_entry_is_stored_as_it_was_sent() {
    let sample = r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#;
    assert_eq!(
        accepted_bytes(sample).unwrap(),
        format!(
            r#"{{"id":"{ID}","receivedAt":"{RECEIVED}","timestamp":"2023-09-15T08:00:00Z","level":"error","message":"Failed to connect to DB","resourceId":"server-1234","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{{"parentResourceId":"server-0987"}}}}"#
        )
    );
}
