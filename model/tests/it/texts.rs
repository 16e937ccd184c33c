//! JSON texts and near misses to draw from.

use logpipeline_model::EntryId;
use logpipeline_model::entry::{Limits, Rejection, Stamp, accept};
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) const ID: &str = "018a97d2-5c00-7000-8000-000000000000";
pub(crate) const RECEIVED: &str = "2026-01-02T03:04:05.678Z";

pub(crate) fn accept_whole(json: &[u8]) -> Result<Vec<u8>, Rejection> {
    let mut out = b"before".to_vec();
    let stamp = Stamp { id: ID.parse::<EntryId>().unwrap(), received_at: RECEIVED.parse().unwrap() };
    let result = accept(json, stamp, &Limits::default(), &mut out);
    assert!(out.starts_with(b"before") && (result.is_ok() || out.len() == 6));
    result.map(|()| out.split_off(6))
}

/// A string with its quotes: plain runs of every length around eight bytes, and every kind of escape.
pub(crate) fn json_string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -!#-\\[\\]-~]{0,20}",
        2 => "\\PC{0,4}".prop_map(|text| text.replace(['"', '\\'], "")),
        2 => select(vec![r#"\""#, r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t", "\u{7f}", "\u{2028}"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(|c| {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
        }),
        1 => select(vec![r"\ud800", r"\uDFFF", r"\ud83d\ud83d\ude00"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

pub(crate) fn json_number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:?}")),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,4})?",
    ]
}

pub(crate) fn white_space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 2 => Just(" "), 1 => select(vec!["\n", "\r\n", "\t", "  "])]
}

fn key() -> impl Strategy<Value = String> {
    // Few plain keys, so that some come twice.
    prop_oneof![3 => "[a-c]_?".prop_map(|key| format!("\"{key}\"")), 1 => json_string()]
}

fn members(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (key(), white_space(), white_space(), value)
        .prop_map(|(key, before, after, value)| format!("{key}{before}:{after}{value}"));
    (prop::collection::vec(member, 0..5), white_space(), white_space())
        .prop_map(|(members, one, two)| format!("{one}{}{two}", members.join(&format!("{two},{one}"))))
}

/// Any JSON value.
pub(crate) fn json_value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        2 => json_string(),
        2 => json_number(),
        1 => select(vec!["true", "false", "null"]).prop_map(str::to_owned),
    ];
    scalar.prop_recursive(5, 40, 5, |value| {
        let elements = (prop::collection::vec(value.clone(), 0..5), white_space())
            .prop_map(|(elements, space)| format!("[{space}{}{space}]", elements.join(&format!("{space},"))));
        prop_oneof![elements, members(value).prop_map(|members| format!("{{{members}}}"))]
    })
}

/// An entry that is accepted, with any subset of the fields and any unknown ones.
pub(crate) fn entry() -> impl Strategy<Value = String> {
    let keyword = || prop_oneof![4 => json_string(), 1 => json_number(), 1 => select(vec!["true", "null"]).prop_map(str::to_owned)];
    let level = prop_oneof![
        select(vec!["\"ERROR\"", "\"warn\"", "3", "null", "\"Audit\"", "\" İ \""]).prop_map(str::to_owned),
        json_string()
    ];
    let timestamp = prop_oneof![
        select(vec![
            "null",
            "\"2023-09-15T08:00:00Z\"",
            "\"2023-09-15T10:00:00.120+02:00\"",
            "\"0000-01-01T00:00:00.000000001Z\""
        ])
        .prop_map(str::to_owned),
        (0u32..10_000, 1u32..13, 1u32..29, 0u32..1_000_000_000).prop_map(
            |(year, month, day, nanos)| format!("\"{year:04}-{month:02}-{day:02}T23:59:58.{nanos:09}Z\"")
        ),
    ];
    let field = |name: &'static str, value: BoxedStrategy<String>| {
        prop::option::of(value.prop_map(move |value| format!("\"{name}\":{value}")))
    };
    let unknown =
        prop::collection::vec((key(), json_value()).prop_map(|(key, value)| format!("{key}:{value}")), 0..3);
    let fields = (
        json_string().prop_map(|value| Some(format!("\"message\":{value}"))),
        field("timestamp", timestamp.boxed()),
        field("level", level.boxed()),
        field("resourceId", keyword().boxed()),
        field("traceId", keyword().boxed()),
        field("spanId", keyword().boxed()),
        field("commit", keyword().boxed()),
        field("metadata", json_value().boxed()),
    );
    (fields, unknown, white_space())
        .prop_map(|((a, b, c, d, e, f, g, h), unknown, space)| {
            let fields: Vec<String> = [a, b, c, d, e, f, g, h].into_iter().flatten().chain(unknown).collect();
            (fields, space)
        })
        .prop_flat_map(|(fields, space)| (Just(fields).prop_shuffle(), Just(space)))
        .prop_map(|(fields, space)| format!("{{{space}{}{space}}}", fields.join(&format!("{space},"))))
}

/// Text with some bytes changed, taken out, doubled, or all behind one of them cut.
pub(crate) fn mutated(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    let interesting =
        prop_oneof![select(b"{}[]\",:\\ue0-.\n\r \0\x1f\x7f\x80\xff\xed".to_vec()), any::<u8>()];
    (text, prop::collection::vec((any::<prop::sample::Index>(), 0..5u8, interesting), 0..4)).prop_map(
        |(text, changes)| {
            let mut bytes = text.into_bytes();
            for (index, kind, byte) in changes {
                if bytes.is_empty() {
                    break;
                }
                let at = index.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    2 => drop(bytes.remove(at)),
                    3 => bytes.truncate(at),
                    _ => bytes.insert(at, bytes[at]),
                }
            }
            bytes
        },
    )
}
