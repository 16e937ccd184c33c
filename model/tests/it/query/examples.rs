//! The queries that the language promises, each over entries that it finds and entries that it does not.

use logpipeline_model::Document;
use logpipeline_model::entry::{Limits, Stamp, accept};

use super::support::{at, check, entry, number_leaf, sample, text_leaf};

fn level(level: &'static str) -> Document<'static> {
    Document { level: Some(level.into()), ..sample() }
}

fn resource(id: &'static str) -> Document<'static> {
    Document { resource_id: Some(id.into()), ..sample() }
}

fn message(text: &'static str) -> Document<'static> {
    Document { message: text.into(), ..sample() }
}

fn timestamp(text: &str) -> Document<'static> {
    Document { timestamp: at(text), ..sample() }
}

#[test]
fn level_error() {
    check("level:error", &[sample()], &[level("warn"), entry("error"), level("errors")]);
}

#[test]
fn a_phrase_of_the_message() {
    check(
        r#"message:"Failed to connect""#,
        &[sample(), message("WARN: failed to connect, giving up")],
        &[message("Failed to reconnect"), message("connect failed to"), message("failed to connection")],
    );
}

#[test]
fn a_resource_is_found_by_its_whole_id() {
    check(
        "resourceId:server-1234",
        &[sample(), resource("SERVER-1234")],
        &[resource("server-12345"), resource("a-server-1234"), entry("server-1234")],
    );
}

#[test]
fn a_range_of_time_includes_both_ends() {
    check(
        "timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]",
        &[
            sample(),
            timestamp("2023-09-10T00:00:00Z"),
            timestamp("2023-09-15T23:59:59Z"),
            timestamp("2023-09-15T23:59:59.999999999Z"),
        ],
        &[timestamp("2023-09-09T23:59:59.999999999Z"), timestamp("2023-09-16T00:00:00Z")],
    );
}

#[test]
fn terms_side_by_side_are_all_required() {
    check(
        "level:error resourceId:server-1234",
        &[sample()],
        &[level("info"), resource("server-1"), entry("error server-1234")],
    );
}

#[test]
fn a_list_with_or_and_a_wildcard() {
    check(
        "level:(error OR warn) resourceId:server-*",
        &[sample(), level("warn"), resource("server-"), resource("Server-9/x")],
        &[level("info"), resource("my-server-1"), resource("server")],
    );
}

#[test]
fn a_list_with_commas_and_an_exclusion() {
    check(
        "level:(error, fatal) -message:timeout",
        &[sample(), level("fatal")],
        &[level("warn"), message("Timeout while connecting"), entry("no level")],
    );
}

#[test]
fn words_in_any_order() {
    check(
        "failed connect db",
        &[sample(), message("db: connect FAILED")],
        &[message("failed to connect"), message("failed to connect to dbs")],
    );
}

#[test]
fn a_phrase_whose_last_word_is_a_beginning() {
    check(
        r#"message:"connection refused"*"#,
        &[message("Connection refused"), message("connection refusedByPeer (7)")],
        &[message("connection was refused"), message("connection refus"), message("reconnection refused")],
    );
}

#[test]
fn a_regular_expression_on_the_message() {
    check(
        r"/timeout after \d+ms/",
        &[message("x timeout after 30ms y"), message("subtimeout after 1mst")],
        &[message("Timeout after 30ms"), message("timeout after ms"), message("timeout after ٣ms")],
    );
}

#[test]
fn a_regular_expression_without_regard_to_case() {
    check(
        "message=~/(?i)panic|oom/",
        &[message("PANIC: x"), message("kernel: Oom-killer"), message("bloom")],
        &[sample(), message("pan ic")],
    );
}

#[test]
fn a_key_of_the_metadata() {
    let other = Document { metadata: vec![text_leaf("other", "server-0987")], ..sample() };
    check("metadata.parentResourceId:server-0987", &[sample()], &[other, entry("server-0987")]);
    check("parentResourceId:SERVER-0987", &[sample()], &[entry("x")]);
}

#[test]
fn an_exact_trace_id() {
    let upper = Document { trace_id: Some("ABC-xyz-123".into()), ..sample() };
    check("traceId=abc-xyz-123", &[sample()], &[upper, entry("abc-xyz-123")]);
}

#[test]
fn a_commit_by_its_beginning() {
    let commit = |id: &'static str| Document { commit: Some(id.into()), ..sample() };
    check(
        "commit:5e5342f*",
        &[sample(), commit("5e5342f0123456789012345678901234567890ab"), commit("5E5342FF")],
        &[commit("5e5342"), commit("05e5342f"), entry("5e5342f")],
    );
}

#[test]
fn recent_entries_of_a_level_or_above() {
    check(
        "timestamp>now-15m level>=warn",
        &[sample(), level("warn"), level("fatal"), timestamp("2023-09-15T07:55:00.000000001Z")],
        &[level("info"), level("notice"), entry("no level"), timestamp("2023-09-15T07:55:00Z")],
    );
}

#[test]
fn one_field_present_and_another_missing() {
    let untraced = Document { trace_id: None, ..sample() };
    check("spanId:* -traceId:*", &[untraced], &[sample(), entry("neither")]);
}

#[test]
fn negation_and_a_group() {
    check(
        "NOT level:debug AND (payments OR checkout)",
        &[message("payments are down"), entry("Checkout is slow")],
        &[sample(), Document { level: Some("debug".into()), ..entry("payments") }],
    );
}

#[test]
fn names_of_datadog() {
    check("status:error service:server-1234", &[sample()], &[level("info"), resource("other")]);
}

#[test]
fn a_range_of_numbers() {
    let status = |literal| Document { metadata: vec![number_leaf("http.status", literal)], ..sample() };
    let text = |value| Document { metadata: vec![text_leaf("http.status", value)], ..sample() };
    check(
        "metadata.http.status:[500 TO 599]",
        &[status("500"), status("599"), status("5.5e2"), text("503")],
        &[status("499"), status("599.5"), text("404"), text("503 Service Unavailable"), sample()],
    );
}

#[test]
fn only_exclusions_find_the_rest() {
    check("-level:info -level:debug", &[sample(), entry("no level")], &[level("info"), level("debug")]);
}

#[test]
fn the_four_sample_queries_find_the_sample_entry() {
    for query in [
        "level:error",
        r#"message:"Failed to connect""#,
        "resourceId:server-1234",
        "timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]",
    ] {
        check(query, &[sample()], &[]);
    }
    check(
        r#"level:error message:"Failed to connect" resourceId:server-1234 timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]"#,
        &[sample()],
        &[level("info"), message("Connected"), resource("server-1"), timestamp("2023-09-16T00:00:00Z")],
    );
}

#[test]
fn the_sample_entry_as_it_is_stored_is_the_one_above() {
    let sent = br#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#;
    let stamp = Stamp { id: sample().id, received_at: sample().received_at };
    let mut stored = Vec::new();
    accept(sent, stamp, &Limits::default(), &mut stored).unwrap();
    assert_eq!(Document::parse(&stored).unwrap(), sample());
}
