use super::*;
use crate::entry::{Limits, Stamp, accept};

const ID: &str = "018a97d2-5c00-7000-8000-000000000000";
const RECEIVED: &str = "2026-01-02T03:04:05.678Z";

fn stored(json: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let stamp = Stamp { id: ID.parse().unwrap(), received_at: RECEIVED.parse().unwrap() };
    accept(json.as_bytes(), stamp, &Limits::default(), &mut out).unwrap();
    out
}

/// The leaves of an entry with this metadata: path, text, and whether it is a JSON number.
fn leaves(metadata: &str) -> Vec<(String, String, bool)> {
    let stored = stored(&format!(r#"{{"message":"m","metadata":{metadata}}}"#));
    let document = Document::parse(&stored).unwrap();
    let leaf = |leaf: &Leaf<'_>| {
        (leaf.path.to_string(), leaf.text.to_string(), matches!(leaf.number, Some(Numeral::Bare(_))))
    };
    document.metadata.iter().map(leaf).collect()
}

#[track_caller]
fn check(metadata: &str, expected: &[(&str, &str, bool)]) {
    let expected: Vec<_> = expected.iter().map(|(p, t, n)| ((*p).to_owned(), (*t).to_owned(), *n)).collect();
    assert_eq!(leaves(metadata), expected, "{metadata}");
}

#[test]
fn the_sample_entry_opens_without_copies() {
    let stored = stored(
        r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#,
    );
    let document = Document::parse(&stored).unwrap();
    let borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
    assert!(borrowed(&document.message) && document.level.as_ref().is_some_and(borrowed));
    assert!(document.metadata.iter().all(|leaf| borrowed(&leaf.path) && borrowed(&leaf.text)));
    let leaf = Leaf { path: "parentResourceId".into(), text: "server-0987".into(), number: None };
    assert_eq!(
        document,
        Document {
            id: ID.parse().unwrap(),
            received_at: RECEIVED.parse().unwrap(),
            timestamp: "2023-09-15T08:00:00Z".parse().unwrap(),
            message: "Failed to connect to DB".into(),
            level: Some("error".into()),
            resource_id: Some("server-1234".into()),
            trace_id: Some("abc-xyz-123".into()),
            span_id: Some("span-456".into()),
            commit: Some("5e5342f".into()),
            metadata: vec![leaf],
        }
    );
}

#[test]
fn fields_that_were_not_sent_are_absent() {
    let stored = stored(r#"{"message":"a \"b\"\u00e9\ud83d\ude00\u0000"}"#);
    let document = Document::parse(&stored).unwrap();
    assert_eq!(document.message, "a \"b\"é😀\0");
    assert_eq!((document.level, document.resource_id, document.trace_id), (None, None, None));
    assert_eq!((document.span_id, document.commit, document.metadata), (None, None, vec![]));
    assert_eq!(document.timestamp, document.received_at);
}

#[test]
fn nested_keys_and_arrays_become_paths() {
    check(
        r#"{"a":{"b":{"c":"x"},"d":"y"},"e":["1",["2",{"f":"3"}],"4",{"g":{"h":"5"}},"6"],"i":"7"}"#,
        &[
            ("a.b.c", "x", false),
            ("a.d", "y", false),
            ("e", "1", false),
            ("e", "2", false),
            ("e.f", "3", false),
            ("e", "4", false),
            ("e.g.h", "5", false),
            ("e", "6", false),
            ("i", "7", false),
        ],
    );
    check(r#"{"a.b":"1","a":{"b":"2"}}"#, &[("a.b", "1", false), ("a.b", "2", false)]);
    check(
        r#"{"":"1","a":{"":"2"},"\u0061\"":{"\n":"3"}}"#,
        &[("", "1", false), ("a.", "2", false), ("a\".\n", "3", false)],
    );
    check(r#"{"a":{},"b":[],"c":[{}],"d":[[[]]]}"#, &[]);
}

#[test]
fn scalars_are_their_text_and_null_is_nothing() {
    check(
        r#"{"a":null,"b":[null,true,false],"c":1.50e+3,"d":-0,"e":18446744073709551616,"f":1e999,"g":"500"}"#,
        &[
            ("b", "true", false),
            ("b", "false", false),
            ("c", "1.50e+3", true),
            ("d", "-0", true),
            ("e", "18446744073709551616", true),
            ("f", "1e999", true),
            ("g", "500", false),
        ],
    );
    let stored = stored(r#"{"message":"m","metadata":{"a":5e2}}"#);
    assert_eq!(Document::parse(&stored).unwrap().metadata[0].number, Some(Numeral::Bare(500.into())));
}

/// The number that the text under `n`, as JSON, is.
fn number_in(json: &str) -> Option<Numeral> {
    let stored = stored(&format!(r#"{{"message":"m","metadata":{{"n":{json}}}}}"#));
    Document::parse(&stored).unwrap().metadata[0].number
}

#[test]
fn a_text_that_is_wholly_a_decimal_number_is_one_too() {
    for json in [r#""500""#, r#""5e2""#, r#""+0500.""#, r#""\u0035\u0030\u0030""#] {
        assert_eq!(number_in(json), Some(Numeral::Quoted(500.into())), "{json}");
    }
    for json in
        [r#"" 500""#, r#""500\n""#, r#""500x""#, r#""\u0663""#, r#""0x10""#, r#""inf""#, r#""""#, "true"]
    {
        assert_eq!(number_in(json), None, "{json}");
    }
    assert_eq!(number_in("500"), Some(Numeral::Bare(500.into())));
}

#[test]
fn a_text_is_a_number_only_as_a_whole_however_long() {
    let digits = "0".repeat(KEYWORD_LIMIT + 10);
    assert_eq!(number_in(&format!(r#""{digits}5""#)), Some(Numeral::Quoted(5.into())));
    assert_eq!(number_in(&format!(r#""5.{digits}""#)), Some(Numeral::Quoted(5.into())));
    assert_eq!(number_in(&format!(r#""{digits}x""#)), None);
    assert_eq!(number_in(&format!(r#""{digits}é""#)), None);
}

#[test]
fn keyword_values_are_cut_at_a_character_and_messages_are_not() {
    // The limit falls into the middle of a character.
    let long = format!("a{}", "é".repeat(KEYWORD_LIMIT));
    let stored = stored(&format!(
        r#"{{"message":"{long}","level":"{long}","resourceId":"{long}","traceId":"{long}","spanId":"{long}","commit":"\u0061{}","metadata":{{"a":"{long}"}}}}"#,
        &long[1..]
    ));
    let document = Document::parse(&stored).unwrap();
    let cut = &long[..KEYWORD_LIMIT - 1];
    assert_eq!(document.message, long);
    for value in [document.level, document.resource_id, document.trace_id, document.span_id, document.commit]
    {
        assert_eq!(value.as_deref(), Some(cut));
    }
    assert_eq!(document.metadata[0].text, cut);
}

#[test]
fn values_below_too_long_a_path_are_left_out() {
    let key = "k".repeat(PATH_LIMIT - 1);
    let metadata = format!(r#"{{"a":1,"{key}":{{"":2,"b":3}},"{key}_":[4,{{"c":5}}],"{key}__":6,"d":7}}"#);
    let paths: Vec<String> = leaves(&metadata).into_iter().map(|(path, ..)| path).collect();
    assert_eq!(paths, ["a", &format!("{key}."), &format!("{key}_"), "d"]);
}

#[test]
fn the_number_of_values_is_bounded() {
    let many = format!(r#"{{"a":[{}0]}}"#, "1,".repeat(LEAF_LIMIT));
    let leaves = leaves(&many);
    assert_eq!(leaves.len(), LEAF_LIMIT);
    assert!(leaves.iter().all(|(path, text, _)| path == "a" && text == "1"));
}

#[test]
fn what_is_not_a_stored_entry_is_refused() {
    for (text, reason) in [
        ("", "the JSON ends at byte offset 0"),
        ("[]", "it is no JSON object"),
        ("{}", "it has no id"),
        (r#"{"id":"x"}"#, "its id: an entry id is a UUID"),
        (r#"{"id":7}"#, "its id is a number"),
        (r#"{"message":{}}"#, "its message is an object"),
        (r#"{"id":"018a97d2-5c00-7000-8000-000000000000"}"#, "it has no receivedAt"),
        (r#"{"receivedAt":"now"}"#, "its receivedAt: not an RFC 3339 time"),
    ] {
        let error = Document::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("not a stored entry: {reason}")), "{error}");
    }
    assert!(Document::parse(b"\"\xff\"").is_err());
    let whole = stored(r#"{"message":"m","level":"info","metadata":{"a":[1,{"b":"\u00e9"}]}}"#);
    for end in 0..whole.len() {
        assert!(Document::parse(&whole[..end]).is_err(), "cut at {end}");
    }
    assert!(Document::parse(&whole).is_ok());
}

#[test]
fn fields_of_later_versions_are_passed_over() {
    let mut stored = stored(r#"{"message":"m"}"#);
    stored.pop();
    stored.extend_from_slice(br#","tenant":{"a":[1,{"message":"n"}]},"metadata":{"a":1}}"#);
    let document = Document::parse(&stored).unwrap();
    assert_eq!((document.message.as_ref(), document.metadata.len()), ("m", 1));
}
