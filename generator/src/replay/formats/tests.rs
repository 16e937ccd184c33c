use serde_json::{Value, json};

use super::*;

fn context() -> Context {
    Context { now: "2026-11-23T23:00:00Z".parse().unwrap(), offset_seconds: 0 }
}

fn parse(text: &str) -> Draft {
    Fields::parse(text, &context()).into_draft()
}

/// Level, time, resource, message.
fn head(text: &str) -> (String, String, String, String) {
    let draft = parse(text);
    let time = draft.timestamp.map(|time| time.to_string()).unwrap_or_default();
    (draft.level, time, draft.resource_id, draft.message)
}

fn metadata(text: &str) -> Value {
    let draft = parse(text);
    let json = format!("{{{}}}", draft.metadata);
    let mut canonical = String::new();
    crate::entry::canonical::write(&json, &mut canonical).unwrap();
    assert_eq!(canonical, json, "metadata is canonical");
    serde_json::from_str(&json).unwrap()
}

fn tuple(level: &str, time: &str, resource: &str, message: &str) -> (String, String, String, String) {
    (level.to_owned(), time.to_owned(), resource.to_owned(), message.to_owned())
}

#[test]
fn the_own_format_comes_through_whole() {
    let line = r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#;
    assert_eq!(head(line), tuple("error", "2023-09-15T08:00:00Z", "server-1234", "Failed to connect to DB"));
    let draft = parse(line);
    assert_eq!(
        (draft.trace_id.as_str(), draft.span_id.as_str(), draft.commit.as_str()),
        ("abc-xyz-123", "span-456", "5e5342f")
    );
    assert_eq!(metadata(line), json!({"parentResourceId": "server-0987"}));
}

#[test]
fn json_of_other_loggers_is_mapped() {
    for (line, expected) in [
        (
            r#"{"time":1694764800123,"level":50,"msg":"boom","pid":7}"#,
            tuple("error", "2023-09-15T08:00:00.123Z", "", "boom"),
        ),
        (
            r#"{"@timestamp":"2023-09-15T10:00:00+02:00","log.level":"WARN","message":"slow"}"#,
            tuple("WARN", "2023-09-15T08:00:00Z", "", "slow"),
        ),
        (
            r#"{"log":"hello\n","stream":"stderr","time":"2023-09-15T08:00:00.5Z"}"#,
            tuple("", "2023-09-15T08:00:00.500Z", "", "hello"),
        ),
        (
            r#"{"ts":1694764800.5,"severity":"INFO","msg":"zap"}"#,
            tuple("INFO", "2023-09-15T08:00:00.500Z", "", "zap"),
        ),
        (
            r#"{"__REALTIME_TIMESTAMP":"1694764800123456","PRIORITY":"3","_HOSTNAME":"web-1","MESSAGE":"Failed to start","_PID":"1"}"#,
            tuple("3", "2023-09-15T08:00:00.123456Z", "web-1", "Failed to start"),
        ),
        (
            r#"{"__REALTIME_TIMESTAMP":"1694764800123456","MESSAGE":[104,105,255]}"#,
            tuple("", "2023-09-15T08:00:00.123456Z", "", "hi\u{fffd}"),
        ),
        (r#"{"event":"no message"}"#, tuple("", "", "", r#"{"event":"no message"}"#)),
        (r#"{"message":"at a bad time","timestamp":"yesterday"}"#, tuple("", "", "", "at a bad time")),
    ] {
        assert_eq!(head(line), expected, "{line}");
    }
    assert_eq!(metadata(r#"{"message":"m","timestamp":"yesterday"}"#), json!({"timestamp": "yesterday"}));
    assert_eq!(
        metadata(r#"{"message":"m","run":1,"a":{"z":1,"b":[1e3]}}"#),
        json!({"run_": 1, "a": {"z": 1, "b": [1e3]}})
    );
}

#[test]
fn broken_json_is_a_plain_line() {
    for line in [r#"{"message":"torn"#, r#"{"message":"\ud800"}"#, "{}{}"] {
        assert_eq!(parse(line).message, line);
    }
    let deep = format!("{{\"message\":\"m\",\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(parse(&deep).message, deep);
}

#[test]
fn syslog_of_every_kind_is_mapped() {
    for (line, expected) in [
        (
            "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed for lonvick",
            tuple("crit", "2026-10-11T22:14:15Z", "mymachine", "'su root' failed for lonvick"),
        ),
        (
            "Nov 23 22:55:01 web-1 sshd[812]: Accepted publickey for deploy",
            tuple("", "2026-11-23T22:55:01Z", "web-1", "Accepted publickey for deploy"),
        ),
        (
            "2026-11-23T22:55:01.123456+01:00 web-1 kernel: oom-killer invoked",
            tuple("", "2026-11-23T21:55:01.123456Z", "web-1", "oom-killer invoked"),
        ),
        (
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 77 ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"App \\\"x\\\"\"] \u{feff}An event",
            tuple("notice", "2003-10-11T22:14:15.003Z", "mymachine.example.com", "An event"),
        ),
        ("<14>1 - - - - - - just text", tuple("info", "", "", "just text")),
    ] {
        assert_eq!(head(line), expected, "{line}");
    }
    assert_eq!(
        metadata("<34>Oct 11 22:14:15 mymachine su[230]: x"),
        json!({"facility": 4, "severity": "crit", "process": {"name": "su", "pid": 230}})
    );
    assert_eq!(
        metadata("<165>1 2003-10-11T22:14:15.003Z h app - ID47 [a@1 k=\"v\\]\"][b@1] m"),
        json!({"facility": 20, "severity": "notice", "messageId": "ID47", "process": {"name": "app"}, "structuredData": {"a@1": {"k": "v]"}, "b@1": {}}})
    );
}

#[test]
fn access_logs_have_their_level_from_the_status() {
    let line = r#"203.0.113.9 - alice [23/Nov/2026:22:55:01 +0000] "GET /api?q=\"a\" HTTP/1.1" 502 157 "-" "curl/8.14.1""#;
    assert_eq!(head(line), tuple("error", "2026-11-23T22:55:01Z", "", line));
    assert_eq!(
        metadata(line),
        json!({"http": {"agent": "curl/8.14.1", "bytes": 157, "clientIp": "203.0.113.9", "method": "GET", "path": "/api?q=\\\"a\\\"", "protocol": "HTTP/1.1", "status": 502, "user": "alice"}})
    );
    for (status, level) in [(200, "info"), (301, "info"), (404, "warn"), (500, "error")] {
        let line = format!(r#"::1 - - [23/Nov/2026:22:55:01 +0000] "GET / HTTP/1.1" {status} -"#);
        assert_eq!(parse(&line).level, level, "{line}");
    }
}

#[test]
fn klog_and_logfmt_are_mapped() {
    assert_eq!(
        head("E1123 22:55:01.000123    1234 reflector.go:138] failed to list *v1.Pod"),
        tuple("error", "2026-11-23T22:55:01.000123Z", "", "failed to list *v1.Pod")
    );
    assert_eq!(metadata("W0101 00:00:00.000000 7 a.go:1] x"), json!({"source": "a.go:1", "thread": 7}));
    let line =
        r#"time=2026-11-23T22:55:01Z level=warn msg="took \"long\"" port=8080 tls=true user= trace_id=abc"#;
    assert_eq!(head(line), tuple("warn", "2026-11-23T22:55:01Z", "", "took \"long\""));
    assert_eq!(metadata(line), json!({"port": 8080, "tls": true, "user": ""}));
    assert_eq!(parse(line).trace_id, "abc");
    assert_eq!(parse("a=1 b=2").message, "a=1 b=2");
}

#[test]
fn lines_that_begin_with_a_time_are_mapped() {
    for (line, expected) in [
        (
            "2026-11-23 22:55:01,123 ERROR com.shop.A - failed",
            tuple("error", "2026-11-23T22:55:01.123Z", "", "com.shop.A - failed"),
        ),
        (
            "2026-11-23 22:55:01 [main] WARN c.s.A: slow",
            tuple("warn", "2026-11-23T22:55:01Z", "", "[main] WARN c.s.A: slow"),
        ),
        (
            "2026/11/23 22:55:01 [error] 12#12: *1 x",
            tuple("error", "2026-11-23T22:55:01Z", "", "12#12: *1 x"),
        ),
        ("[2026-11-23T22:55:01Z] INFO: up", tuple("info", "2026-11-23T22:55:01Z", "", "up")),
        (
            "2026-05-20 10:00:00.123 UTC [123] LOG:  ready",
            tuple("info", "2026-05-20T10:00:00.123Z", "", "[123] LOG:  ready"),
        ),
        (
            "2026-09-22 04:55:01 status installed libc6:amd64 2.36",
            tuple("", "2026-09-22T04:55:01Z", "", "status installed libc6:amd64 2.36"),
        ),
        (
            "2026-11-23 22:55:01 ERROR a\n\tat b\n\tat c",
            tuple("error", "2026-11-23T22:55:01Z", "", "a\n\tat b\n\tat c"),
        ),
    ] {
        assert_eq!(head(line), expected, "{line}");
    }
}

#[test]
fn apt_stanzas_are_one_entry() {
    let stanza = "Start-Date: 2025-06-24  14:36:25\nCommandline: apt-get -y upgrade\nUpgrade: libc6:amd64 (1, 2)\nEnd-Date: 2025-06-24  14:36:29";
    assert_eq!(head(stanza), tuple("info", "2025-06-24T14:36:25Z", "", stanza));
    assert_eq!(
        metadata(stanza),
        json!({"apt": {"commandLine": "apt-get -y upgrade", "ended": "2025-06-24T14:36:29Z"}})
    );
    assert_eq!(parse("Start-Date: 2025-06-24  14:36:25\nError: Sub-process returned 1").level, "error");
}

#[test]
fn everything_else_is_its_own_message() {
    for line in
        ["hello", "an error occurred", "日本語 ログ", "<x> not syslog", "10.0.0.1 - [bad", "\u{0}\u{1}"]
    {
        assert_eq!(head(line), tuple("", "", "", line));
    }
    assert_eq!(parse("warning: unused variable").level, "warn");
}

#[test]
fn a_record_that_is_too_large_is_cut_at_a_character() {
    let text = "é".repeat(100);
    let mut whole = Fields::parse(&text, &context());
    whole.json("line", "7".to_owned());
    whole.text("other", "x");
    let draft = Fields::cut(&text, 51, whole).into_draft();
    assert_eq!(draft.message, "é".repeat(25));
    assert_eq!(draft.metadata, r#""cutBytes":150,"line":7"#);
}
