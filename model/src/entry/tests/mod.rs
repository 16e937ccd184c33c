//! Every rule of validation, and the stored form it leads to.

mod draft;
mod fields;
mod foreign;
mod limits;
mod metadata;

use super::*;

const ID: &str = "018a97d2-5c00-7000-8000-000000000000";
const RECEIVED: &str = "2026-01-02T03:04:05.678Z";

fn stamp() -> Stamp {
    Stamp { id: ID.parse().unwrap(), received_at: RECEIVED.parse().unwrap() }
}

fn accept_within(limits: Limits, json: impl AsRef<[u8]>) -> Result<String, Rejection> {
    let mut out = b"before".to_vec();
    let result = accept(json.as_ref(), stamp(), &limits, &mut out);
    let written = out.strip_prefix(b"before").unwrap();
    assert!(result.is_ok() || written.is_empty(), "a rejection left {written:?}");
    assert!(!written.contains(&b'\n') && !written.contains(&b'\r'), "more than a line");
    result.map(|()| String::from_utf8(written.to_vec()).unwrap())
}

fn accepted(json: impl AsRef<[u8]>) -> String {
    accept_within(Limits::default(), json).unwrap()
}

/// The stored form without braces and without what an entry begins with that has no time of its own.
fn stored(json: impl AsRef<[u8]>) -> String {
    let stored = accepted(json);
    let prefix = format!(r#"{{"id":"{ID}","receivedAt":"{RECEIVED}","timestamp":"{RECEIVED}","#);
    stored.strip_prefix(&prefix).unwrap_or_else(|| panic!("{stored}")).strip_suffix('}').unwrap().to_owned()
}

/// What is stored behind the message of an entry with these further members.
fn stored_with(members: &str) -> String {
    let stored = stored(format!(r#"{{"message":"m",{members}}}"#));
    stored.strip_prefix(r#""message":"m""#).unwrap_or_else(|| panic!("{stored}")).to_owned()
}

/// The stored metadata of an entry with these further members.
fn metadata(members: &str) -> String {
    let stored = stored_with(members);
    stored.strip_prefix(r#","metadata":"#).unwrap_or_else(|| panic!("{stored}")).to_owned()
}

fn rejected(json: impl AsRef<[u8]>) -> (Option<&'static str>, String) {
    let rejection = accept_within(Limits::default(), json).unwrap_err();
    (rejection.field, rejection.reason)
}
