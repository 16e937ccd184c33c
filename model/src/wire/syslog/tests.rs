use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Timestamp;
use crate::wire::testing::{Collected, Collector};

const SETTINGS: Settings = Settings { zone: 0, peer: None };

fn at(now: &str) -> Collector {
    Collector { received_at: now.parse().unwrap(), ..Collector::default() }
}

/// The entry that a datagram becomes.
fn entry_at(now: &str, zone: i32, message: &str) -> Value {
    let mut sink = at(now);
    deliver(message.as_bytes(), None, &Settings { zone, peer: None }, 1, &mut Draft::default(), &mut sink)
        .unwrap();
    assert_eq!((sink.entries.len(), sink.rejections.len()), (1, 0), "{message}");
    given(&sink.entries[0])
}

/// The entry without a time that its sender did not give.
fn given(entry: &Collected) -> Value {
    let mut json = entry.json();
    if entry.time.is_none() {
        json.as_object_mut().unwrap().remove("timestamp");
    }
    json
}

fn entry(message: &str) -> Value {
    entry_at("2026-11-30T12:00:00Z", 0, message)
}

/// Sends a stream in pieces that end at `cuts`; the messages, and the entries.
fn stream(bytes: &[u8], cuts: &[usize], limits: Limits) -> Vec<Value> {
    let (mut session, mut sink) = (Stream::new(SETTINGS), Collector { limits, ..Collector::default() });
    let mut begin = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        loop {
            let step = session.read(&bytes[begin..end], &mut sink).unwrap();
            begin += step.consumed;
            assert!(begin <= end);
            if step.consumed == 0 {
                break;
            }
        }
    }
    while begin < bytes.len() {
        let step = session.end(&bytes[begin..], &mut sink).unwrap();
        assert!(step.consumed > 0);
        begin += step.consumed;
    }
    assert!(sink.rejections.is_empty());
    sink.entries.iter().map(|entry| entry.json()).collect()
}

fn messages(bytes: &[u8]) -> Vec<String> {
    let entries = stream(bytes, &[], Limits::default());
    entries.iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn rfc_5424_is_read_whole() {
    let message = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 77 ID47 \
                   [exampleSDID@32473 iut=\"3\" eventSource=\"Appli\\\"ca\\]tion\\\\\" odd=\"a\\b\"][priority@32473 class=\"high\"][empty] \
                   \u{feff}An application event log entry...";
    assert_eq!(
        entry(message),
        json!({
            "timestamp": "2003-10-11T22:14:15.003Z",
            "level": "info",
            "message": "An application event log entry...",
            "resourceId": "evntslog",
            "metadata": {
                "host": "mymachine.example.com",
                "syslog": {"facility": "local4", "severity": "notice", "procid": "77", "msgid": "ID47"},
                "structuredData": {
                    "exampleSDID@32473": {"iut": "3", "eventSource": "Appli\"ca]tion\\", "odd": "a\\b"},
                    "priority@32473": {"class": "high"},
                    "empty": {}
                }
            }
        })
    );
}

#[test]
fn parameters_of_one_name_are_all_kept() {
    let message = "<13>1 - - - - - [origin ip=\"10.0.0.1\" software=\"x\" ip=\"10.0.0.2\"][b c=\"1\"][origin ip=\"10.0.0.3\"]";
    assert_eq!(
        entry(message)["metadata"]["structuredData"],
        json!({"origin": {"ip": ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "software": "x"}, "b": {"c": "1"}})
    );
    let many: String = (0..100).map(|number| format!(" p=\"{number}\" q{number}=\"x\"")).collect();
    let many = entry(&format!("<13>1 - - - - - [a{many}] m"));
    assert_eq!(many["metadata"]["structuredData"]["a"]["p"].as_array().unwrap().len(), 100);
    assert_eq!(many["message"], "m");
}

#[test]
fn what_is_odd_in_rfc_5424_is_kept() {
    for (message, expected) in [
        ("<13>1 - - shop - - - hello", "hello"),
        ("<13>1 - - shop - - -", ""),
        ("<13>1 - - shop - -", ""),
        ("<13>1 - - shop - - hello without structured data", "hello without structured data"),
        ("<13>1 - - shop - - [not closed a=\"b\" hello", "[not closed a=\"b\" hello"),
        ("<13>1 - - shop - - [a b=\"c\"] two  spaces", "two  spaces"),
        ("<13>1 - - shop - - [a b=\"c\"]", ""),
        ("<13>1 - - shop - - -5 degrees", "-5 degrees"),
    ] {
        let entry = entry(message);
        assert_eq!(
            (&entry["message"], &entry["resourceId"]),
            (&json!(expected), &json!("shop")),
            "{message}"
        );
    }
    let odd = entry("<13>1 2026-13-45T99:00:00Z h a - - - m");
    assert_eq!((&odd["message"], odd.get("timestamp")), (&json!("m"), None));
    assert_eq!(odd["metadata"]["syslog"]["timestamp"], "2026-13-45T99:00:00Z");
    for message in ["<14>1 apple fell", "<14>1 2026-11-30T12:00:00Z cut", "<14>2 - - - - - - m", "<14>1"] {
        assert_eq!(entry(message)["message"], message[4..], "{message}");
    }
}

#[test]
fn rfc_3164_is_read_in_its_dialects() {
    let check = |message: &str, time: &str, host: &str, app: &str, process: &str, text: &str| {
        let entry = entry(message);
        let resource = if app.is_empty() { host } else { app };
        let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let found = [
            &entry["timestamp"],
            &entry["resourceId"],
            &entry["metadata"]["syslog"]["procid"],
            &entry["message"],
        ];
        assert_eq!(found.map(text_of), [time, resource, process, text], "{message}: {entry}");
        let host = if app.is_empty() { "" } else { host };
        assert_eq!(text_of(&entry["metadata"]["host"]), host, "{message}");
    };
    check(
        "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
        "2026-10-11T22:14:15Z",
        "mymachine",
        "su",
        "",
        "'su root' failed",
    );
    check(
        "<13>Nov 30 11:54:17 vm shop[30004]: hello from logger",
        "2026-11-30T11:54:17Z",
        "vm",
        "shop",
        "30004",
        "hello from logger",
    );
    check("<14>Nov 30 12:03:29 shop[42]: line 0", "2026-11-30T12:03:29Z", "", "shop", "42", "line 0");
    check(
        "<14>Nov 30 12:12:29 vm [main] shop.Cart line 0",
        "2026-11-30T12:12:29Z",
        "vm",
        "",
        "",
        "[main] shop.Cart line 0",
    );
    check(
        "<11>Nov 30 12:12:29 vm \tjava.lang.RuntimeException: boom",
        "2026-11-30T12:12:29Z",
        "vm",
        "",
        "",
        "\tjava.lang.RuntimeException: boom",
    );
    check(
        "<165>Jan  1 00:00:00 web1 shop: file line one",
        "2026-01-01T00:00:00Z",
        "web1",
        "shop",
        "",
        "file line one",
    );
    check(
        "<30>2026-11-30T11:46:33.123456+01:00 vm shop[1]: m",
        "2026-11-30T10:46:33.123456Z",
        "vm",
        "shop",
        "1",
        "m",
    );
    check("<30>Nov 30 2025 11:46:33 vm shop: m", "2025-11-30T11:46:33Z", "vm", "shop", "", "m");
    check("<30>2025 Nov 30 11:46:33.5 vm shop: m", "2025-11-30T11:46:33.500Z", "vm", "shop", "", "m");
    check(
        "<30>nov  3 11:46:33 -0330 10.0.0.1 shop m: n",
        "2026-11-03T15:16:33Z",
        "10.0.0.1",
        "",
        "",
        "shop m: n",
    );
    check(
        "<30>Nov 30 11:46:33 vm kernel: [ 1.5] up",
        "2026-11-30T11:46:33Z",
        "vm",
        "kernel",
        "",
        "[ 1.5] up",
    );
    check(
        "<30>Nov 30 11:46:33 vm postfix/smtpd[7]: a: b",
        "2026-11-30T11:46:33Z",
        "vm",
        "postfix/smtpd",
        "7",
        "a: b",
    );
    check(
        "<30>Nov 30 11:46:33 vm http://x/ is no tag",
        "2026-11-30T11:46:33Z",
        "vm",
        "",
        "",
        "http://x/ is no tag",
    );
    check("<30>Nov 30 11:46:33 {\"a\": 1} x", "2026-11-30T11:46:33Z", "", "", "", "{\"a\": 1} x");
    check(
        "Nov 30 11:46:33 vm shop: without a priority",
        "2026-11-30T11:46:33Z",
        "vm",
        "shop",
        "",
        "without a priority",
    );
    check("<14>line 0 ok", "", "", "", "", "line 0 ok");
    check("<14>Error: boom", "", "", "", "", "Error: boom");
    check("<14>shop[7]: no time", "", "", "shop", "7", "no time");
    check("no header at all", "", "", "", "", "no header at all");
    check("<192>no priority", "", "", "", "", "<192>no priority");
    check("<30>Feb 30 11:46:33 vm shop: no such day", "", "", "", "", "Feb 30 11:46:33 vm shop: no such day");
}

#[test]
fn devices_number_their_messages_and_mark_their_times() {
    for (message, time, sequence) in [
        ("<189>123: *Mar  1 00:00:00.123: %SYS-5-CONFIG_I: Configured", "2026-03-01T00:00:00.123Z", "123"),
        (
            "<189>29: 000032: .Mar  1 00:00:00 UTC: %SYS-5-CONFIG_I: Configured",
            "2026-03-01T00:00:00Z",
            "29: 000032",
        ),
        ("<189>Mar  1 2025 00:00:00: %SYS-5-CONFIG_I: Configured", "2025-03-01T00:00:00Z", ""),
        ("<189>: 2025 Mar  1 00:00:00 CET: %SYS-5-CONFIG_I: Configured", "2025-03-01T00:00:00Z", ""),
    ] {
        let entry = entry(message);
        assert_eq!(
            (&entry["message"], &entry["timestamp"]),
            (&json!("%SYS-5-CONFIG_I: Configured"), &json!(time)),
            "{message}: {entry}"
        );
        assert_eq!(entry["metadata"]["syslog"]["sequence"].as_str().unwrap_or_default(), sequence);
    }
    // The device's own severity, 3 for errors, is more than the priority that it was sent with.
    let named = entry("<189>4321: router1: *Mar  1 00:00:00: %LINK-3-UPDOWN: down");
    assert_eq!((&named["resourceId"], &named["level"]), (&json!("router1"), &json!("error")));
    assert_eq!(named["metadata"]["syslog"]["severity"], "notice");
}

#[test]
fn what_the_text_says_of_itself_is_read_too() {
    let behind_a_header = entry(
        r#"<14>1 2026-11-30T11:00:00.5Z vm shop 7 - - {"level":"error","msg":"no stock","traceId":"t1","order":42}"#,
    );
    assert_eq!(
        behind_a_header,
        json!({"timestamp": "2026-11-30T11:00:00.500Z", "level": "error", "message": "no stock", "resourceId": "shop", "traceId": "t1",
            "metadata": {"order": 42, "host": "vm", "syslog": {"facility": "user", "severity": "info", "procid": "7"}}})
    );
    let without_one =
        entry(r#"{"@timestamp":"2026-11-30T11:00:00.25Z","level":"WARN","message":"slow","service":"shop"}"#);
    assert_eq!(
        (&without_one["timestamp"], &without_one["level"], &without_one["message"]),
        (&json!("2026-11-30T11:00:00.250Z"), &json!("warn"), &json!("slow"))
    );
    let of_a_logger = entry("2026-11-30 11:00:00,125 ERROR [main] a.B - failed");
    assert_eq!(
        (&of_a_logger["timestamp"], &of_a_logger["level"]),
        (&json!("2026-11-30T11:00:00.125Z"), &json!("error"))
    );
    let plain = entry("<13>Nov 30 11:00:00 vm app: all is well, Warning: none");
    assert_eq!((&plain["level"], &plain["message"]), (&json!("info"), &json!("all is well, Warning: none")));
}

#[test]
fn a_time_without_a_year_is_the_one_nearest_to_now_and_at_most_a_day_ahead() {
    let time =
        |now: &str, zone, text: &str| entry_at(now, zone, &format!("<13>{text} h a: m"))["timestamp"].clone();
    for (now, text, expected) in [
        ("2027-01-01T00:00:30Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"),
        ("2026-12-31T23:59:30Z", "Jan  1 00:00:10", "2027-01-01T00:00:10Z"),
        ("2026-12-31T23:59:30Z", "Jan  2 00:00:10", "2026-01-02T00:00:10Z"),
        ("2026-06-15T00:00:00Z", "Jun 15 23:00:00", "2026-06-15T23:00:00Z"),
        ("2026-06-15T00:00:00Z", "Jun 17 00:00:00", "2025-06-17T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
        ("2103-03-01T00:00:00Z", "Feb 29 12:00:00", "2096-02-29T12:00:00Z"),
    ] {
        assert_eq!(time(now, 0, text), expected, "{text} at {now}");
    }
    assert_eq!(time("2027-01-01T00:30:00Z", 7_200, "Jan  1 02:29:00"), "2027-01-01T00:29:00Z");
    assert_eq!(time("2026-12-31T23:30:00Z", 7_200, "Jan  1 01:29:00"), "2026-12-31T23:29:00Z");
    assert_eq!(time("2026-12-31T23:30:00Z", -12_600, "Dec 31 20:00:00"), "2026-12-31T23:30:00Z");
}

#[test]
fn priorities_are_levels() {
    for (code, level, facility, severity) in [
        (0, "fatal", "kern", "emerg"),
        (9, "fatal", "user", "alert"),
        (18, "fatal", "mail", "crit"),
        (83, "error", "authpriv", "err"),
        (156, "warn", "local3", "warning"),
        (189, "info", "local7", "notice"),
        (30, "info", "daemon", "info"),
        (191, "debug", "local7", "debug"),
    ] {
        let entry = entry(&format!("<{code}>m"));
        assert_eq!(entry["level"], level);
        assert_eq!(entry["metadata"]["syslog"], json!({"facility": facility, "severity": severity}));
    }
    assert!(entry("m").get("level").is_none());
}

#[test]
fn a_sender_without_a_name_is_its_address() {
    let mut sink = Collector::default();
    let peer = "10.1.2.3".parse().unwrap();
    assert_eq!(Packets::new(0).read(b"<11>line 1\nsecond row\0", peer, 1, &mut sink), Ok(2));
    assert_eq!(Packets::new(0).read(b"\0", peer, 2, &mut sink), Ok(2));
    assert_eq!(
        given(&sink.entries[0]),
        json!({
            "level": "error", "message": "line 1\nsecond row", "resourceId": "10.1.2.3",
            "metadata": {"syslog": {"facility": "user", "severity": "err"}}
        })
    );
    assert_eq!(sink.entries.len(), 1);
}

#[test]
fn every_framing_in_use_is_told() {
    for (bytes, expected) in [
        (&b"<13>one\n<13>two\n"[..], &["one", "two"][..]),
        (b"<13>one\r\n\n<13>two", &["one", "two"]),
        (b"7 <13>one7 <13>two", &["one", "two"]),
        (b"8 <13>one\n8 <13>two\n", &["one", "two"]),
        (b"7 <13>one\n11 <13>t\nw\0o!\n", &["one", "t\nw\0o!"]),
        (b"<13>one\0<13>two\nrow\0<13>three\0", &["one", "two\nrow", "three"]),
        (b"<13>one\n<13>t\0wo\n<13>three\n", &["one", "t\0wo", "three"]),
        (b"<13>o\0ne\n<13>two\n<13>three\n", &["o", "ne", "two", "three"]),
        (b"<13>li\nne\0<13>two\0<13>r\now\0", &["li", "ne", "two", "r\now"]),
        (b"plain\n12 monkeys\n9 <lives>\n", &["plain", "12 monkeys", "9 <lives>"]),
        (b"12345\n7 <13>one\n<13>two", &["12345", "one", "two"]),
        (
            b"<134>1 2026-11-30T12:04:50.153Z w s 1 - - {\"a\":1}<131>1 2026-11-30T12:04:50.155Z w s 1 - - <b> <13>x",
            &["{\"a\":1}", "<b> <13>x"],
        ),
        (b"<13>Nov 30 12:04:50 w s: a<13>Nov 30 12:04:50 w s: b", &["a", "b"]),
        (b"<13>Nov 30 12:04:50 w s: a\n<13>Nov 30 12:04:50 w s: q<13>Nov 30 12:04:50 w s: b\n", &["a", "q<13>Nov 30 12:04:50 w s: b"]),
        (b"99 <13>cut off", &["cut off"]),
        (b"\n\0\r\n", &[]),
    ] {
        assert_eq!(messages(bytes), expected, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn long_messages_come_in_pieces_and_nothing_is_lost() {
    let limits = Limits { entry_bytes: 1_024, ..Limits::default() };
    let texts = |bytes: &str| -> Vec<String> {
        let entries = stream(bytes.as_bytes(), &[], limits);
        entries.iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    };
    let long = "é".repeat(1_500);
    let lines = texts(&format!("<13>{long}\n<13>next\n"));
    assert_eq!((lines.len(), lines.concat()), (5, format!("{long}next")), "cut between characters");
    let unended = texts(&format!("<13>{long}"));
    assert_eq!((unended.len(), unended.concat()), (4, long.clone()));
    let long = "x".repeat(3_000);
    let counted = texts(&format!("3004 <13>{long}8 <13>next\n"));
    assert_eq!((counted.len(), counted.concat()), (5, format!("{long}next")));
}

#[test]
fn a_compressed_stream_is_refused_with_what_to_do() {
    let mut sink = Collector::default();
    let error = Stream::new(SETTINGS).read(b"x\xda\xb214\xb5", &mut sink).unwrap_err();
    assert!(error.to_string().contains("switch the sender's compression off"), "{error}");
    assert_eq!(messages(b"x^2\n"), ["x^2"]);
}

/// Bytes of which streams of syslog are made, so that what looks like a framing comes often.
fn tokens() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        &b"<13>"[..],
        b"\n",
        b"\0",
        b"\r\n",
        b"7 <13>abc",
        b"12 ",
        b"<",
        b"9",
        b" ",
        b"x",
        b"1 2026-11-30T12:00:00Z h a - - - ",
        b"Nov 30 12:00:00 h a: ",
        b"\xff",
        b"<13>1 - ",
        b"[a b=\"c\\\"d\"] ",
        "é".as_bytes(),
        b"<191>Nov  1 01:02:03 ",
        b"30 <13>",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn a_stream_cut_anywhere_gives_the_same_entries(
        bytes in tokens(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        entry_bytes in prop::sample::select(vec![100usize, 1 << 20]),
    ) {
        let limits = Limits { entry_bytes, ..Limits::default() };
        prop_assume!(!bytes.starts_with(b"x\x01"));
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let whole = cut_stream(&bytes, &[], limits);
        prop_assert_eq!(cut_stream(&bytes, &cuts, limits), whole.clone());
        let single: Vec<_> = (0..bytes.len()).collect();
        prop_assert_eq!(cut_stream(&bytes, &single, limits), whole);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut sink = Collector::default();
        let peer = "::1".parse().unwrap();
        Packets::new(0).read(&bytes, peer, 1, &mut sink).unwrap();
        prop_assert!(sink.entries.len() + sink.rejections.len() <= 1);
    }

    #[test]
    fn a_message_that_is_cut_or_garbled_is_an_entry(length in 0usize..200, at in 0usize..200, byte in any::<u8>()) {
        let valid = b"<165>1 2003-10-11T22:14:15.003Z host app 77 ID47 [a@1 b=\"c\\\"\"][d e=\"f\"] text of it";
        let mut bytes = valid[..length.min(valid.len())].to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let mut sink = Collector::default();
        deliver(&bytes, None, &SETTINGS, 1, &mut Draft::default(), &mut sink).unwrap();
        prop_assert_eq!(sink.entries.len(), 1);
    }
}

/// As [`stream`], with what was rejected for its size as empty objects.
fn cut_stream(bytes: &[u8], cuts: &[usize], limits: Limits) -> Vec<Value> {
    let mut sink = Collector { limits, ..Collector::default() };
    let (mut session, mut begin) = (Stream::new(SETTINGS), 0);
    for end in cuts.iter().copied().chain([bytes.len()]) {
        while let Ok(Step { consumed: consumed @ 1.., .. }) = session.read(&bytes[begin..end], &mut sink) {
            begin += consumed;
        }
    }
    while begin < bytes.len() {
        match session.end(&bytes[begin..], &mut sink) {
            Ok(Step { consumed: consumed @ 1.., .. }) => begin += consumed,
            other => panic!("{other:?}"),
        }
    }
    sink.entries.iter().map(|entry| entry.json()).collect()
}

#[test]
fn now_is_only_looked_at_where_a_year_is_missing() {
    let far = Timestamp::from_unix_seconds(-60_000_000_000).to_string();
    assert_eq!(entry_at(&far, 0, "<13>Nov 30 2026 11:46:33 h a: m")["timestamp"], "2026-11-30T11:46:33Z");
    assert!(entry_at("0000-01-01T00:00:00Z", 0, "<13>Nov 30 11:46:33 h a: m")["message"].is_string());
    assert!(entry_at("9999-12-31T23:00:00Z", 0, "<13>Jan  1 00:00:33 h a: m")["message"].is_string());
}
