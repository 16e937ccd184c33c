use super::*;

fn context() -> Context {
    Context { now: "2026-11-23T23:00:00Z".parse().unwrap(), offset_seconds: 0 }
}

/// Level, time, resource, text.
fn head(line: &str) -> (String, String, String, String) {
    let recognised = recognise(line, &context());
    (
        recognised.level.as_deref().unwrap_or_default().to_owned(),
        recognised.timestamp.map(|time| time.to_string()).unwrap_or_default(),
        recognised.resource_id.as_deref().unwrap_or_default().to_owned(),
        recognised.text().to_owned(),
    )
}

#[test]
fn the_text_is_the_message_without_its_time_and_level() {
    for (line, level, time, text) in [
        (
            "2026-11-23 22:55:01,123 ERROR com.shop.A - failed",
            "error",
            "2026-11-23T22:55:01.123Z",
            "com.shop.A - failed",
        ),
        (
            "2026-11-23 22:55:01 [main] WARN c.s.A: slow",
            "warn",
            "2026-11-23T22:55:01Z",
            "[main] WARN c.s.A: slow",
        ),
        ("[2026-11-23T22:55:01Z] INFO: up", "info", "2026-11-23T22:55:01Z", "up"),
        (
            "[2026-11-23T22:55:01Z INFO  a] up",
            "info",
            "2026-11-23T22:55:01Z",
            "[2026-11-23T22:55:01Z INFO  a] up",
        ),
        ("2026/11/23 22:55:01 [error] 12#12: *1 x", "error", "2026-11-23T22:55:01Z", "12#12: *1 x"),
        ("2026-11-23 22:55:01 ERROR a\n\tat b", "error", "2026-11-23T22:55:01Z", "a\n\tat b"),
        ("2026-11-23 22:55:01", "", "2026-11-23T22:55:01Z", ""),
        ("ERROR cannot bind", "error", "", "ERROR cannot bind"),
    ] {
        assert_eq!(head(line), (level.into(), time.into(), String::new(), text.into()), "{line}");
        assert_eq!(recognise(line, &context()).message, line);
    }
}

#[test]
fn container_runtimes_say_time_and_stream() {
    let recognised =
        recognise("2026-11-23T22:55:01.000000001Z stderr P 2026-11-23 21:00:00 WARN a", &context()).clone();
    assert_eq!(recognised.timestamp.unwrap().to_string(), "2026-11-23T22:55:01.000000001Z");
    assert_eq!((recognised.stream, recognised.is_partial), (Some("stderr"), true));
    assert_eq!((recognised.message.as_ref(), recognised.text()), ("2026-11-23 21:00:00 WARN a", "a"));
    assert_eq!(recognised.severity(), Some(Level::Warn));
}

#[test]
fn metadata_is_written_as_json() {
    for (line, expected) in [
        (
            "<165>1 2003-10-11T22:14:15.003Z h app 7 ID47 [a@1 k=\"v\\]\"][b@1] m",
            r#"{"facility":20,"severity":"notice","process":{"name":"app","pid":7},"messageId":"ID47","structuredData":{"a@1":{"k":"v]"},"b@1":{}}}"#,
        ),
        ("E1123 22:55:01.000123    1234 a.go:1] x", r#"{"thread":1234,"source":"a.go:1"}"#),
        (r#"{"message":"m","a":{"z":1e3},"metadata":{"b":1,"c":[]}}"#, r#"{"a":{"z":1e3},"b":1,"c":[]}"#),
        ("level=warn msg=a port=8080 tls=true user= v=01", r#"{"port":8080,"tls":true,"user":"","v":"01"}"#),
        (
            r#"203.0.113.9 - alice [23/Nov/2026:22:55:01 +0000] "GET /a HTTP/1.1" 502 - "-" "curl/8""#,
            r#"{"http":{"agent":"curl/8","clientIp":"203.0.113.9","method":"GET","path":"/a","protocol":"HTTP/1.1","status":502,"user":"alice"}}"#,
        ),
    ] {
        let recognised = recognise(line, &context());
        let mut out = Vec::new();
        Value::Object(recognised.metadata()).write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{line}");
    }
}

#[test]
fn what_begins_a_record_is_told() {
    for line in [
        "{\"a\":1}",
        "2026-11-23 22:55:01 x",
        "[2026-11-23 22:55:01] x",
        "<34>Oct 11 22:14:15 a su: b",
        "E1123 22:55:01.5 7 a.go:1] x",
    ] {
        assert!(begins_record(line, &context()), "{line}");
    }
    for line in [
        "goroutine 1 [running]:",
        "main.main()",
        "",
        "<x>",
        "\tat a.b.C(C.java:1)",
        "job 7 at 2026-11-23 22:55:01",
    ] {
        assert!(!begins_record(line, &context()), "{line}");
    }
}

#[test]
fn a_header_in_the_message_of_another_is_read_and_a_thousand_are_text() {
    let relayed =
        recognise("<13>Nov 23 22:55:01 relay fwd: <35>Nov 23 22:55:00 vm shop[7]: failed", &context());
    assert_eq!((relayed.message.as_ref(), relayed.level.as_deref()), ("failed", Some("notice")));
    for header in ["<13>", "<13>1 - - - - - ", "Nov 23 22:55:01 vm app: ", "<13>Nov 23 22:55:01 vm app[1]: "]
    {
        let line = header.repeat((1 << 20) / header.len()) + "x";
        // As little stack as a thread may have.
        let thread = std::thread::Builder::new().stack_size(128 << 10);
        let read = move || recognise(&line, &context()).message.len();
        let message = thread.spawn(read).unwrap().join().unwrap();
        assert!(message > (1 << 20) - 8 * header.len(), "{header}: {message}");
    }
}

#[test]
fn a_level_in_another_spelling_than_ours_is_kept_besides() {
    let metadata = |line: &str| {
        let mut json = Vec::new();
        Value::Object(recognise(line, &context()).metadata()).write(&mut json);
        String::from_utf8(json).unwrap()
    };
    for (line, kept) in [
        (r#"{"level":"NOTICE","msg":"m"}"#, r#"{"level":"NOTICE"}"#),
        (r#"{"level":30,"msg":"m"}"#, r#"{"level":30}"#),
        (r#"{"level":"INFO+2","msg":"m"}"#, r#"{"level":"INFO+2"}"#),
        (r#"{"level":"WARN","msg":"m"}"#, "{}"),
        (r#"{"level":"audit","msg":"m"}"#, "{}"),
        ("level=notice msg=m", r#"{"level":"notice"}"#),
        ("level=INFO msg=m", "{}"),
        ("<37>Nov 23 22:55:01 host app: m", r#"{"facility":4,"severity":"notice","process":{"name":"app"}}"#),
    ] {
        assert_eq!(metadata(line), kept, "{line}");
    }
}
