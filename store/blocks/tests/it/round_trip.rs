//! Whatever goes in comes out, byte for byte.

use logpipeline_blocks::{Builder, Full};
use logpipeline_model::{EntryId, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{Owned, assert_round_trip};

fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a-z]{0,4}",
        "[0-9a-f]{16}",
        "[0-9A-F]{7}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "user [0-9]{1,3} (logged in|failed) from 10\\.0\\.[0-9]\\.[0-9]",
        "-?[0-9]{1,20}",
        "-?[0-9]{1,3}\\.[0-9]{1,4}",
        "20[0-9]{2}-0[1-9]-[12][0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{3})?Z",
        "(\\\\n|\\\\\"|\\\\u0041|\\\\u00e9|\\\\/|\\\\u0000|\\\\ud800|é|\u{1f600}|٣|a1){0,4}",
    ]
    .prop_map(|text| format!("\"{text}\""));
    prop_oneof![
        4 => text,
        2 => "(-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,4})?([eE][-+]?[0-9])?|true|false|null)",
    ]
}

fn object() -> impl Strategy<Value = String> {
    let leaf = value();
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            vec(("[ab]{1,2}|\\\\u0061|k\\.", inner), 0..4).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn members() -> impl Strategy<Value = String> {
    let member = prop_oneof![
        value().prop_map(|value| format!(",\"message\":{value}")),
        value().prop_map(|value| format!(",\"level\":{value}")),
        value().prop_map(|value| format!(" , \"resourceId\" :{value}")),
        value().prop_map(|value| format!(",\"traceId\":{value}")),
        object().prop_map(|value| format!(",\"metadata\":{value}")),
        object().prop_map(|value| format!(",\"truncated\":{value}")),
    ];
    vec(member, 0..6)
        .prop_map(|members| format!(",\"message\":\"m\"{}", members.concat()))
        .boxed()
        .prop_union(
            vec(value(), 1..3)
                .prop_map(|values| {
                    format!(",\"message\":{},\"metadata\":{{\"a\":{}}}", values[0], values.last().unwrap())
                })
                .boxed(),
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn entries_of_any_shape(shapes in vec(members(), 1..4), picks in vec((any::<prop::sample::Index>(), members(), any::<bool>()), 0..60)) {
        let entries: Vec<Owned> = (0..).zip(picks).map(|(number, (pick, own, fresh))| {
            Owned::new(number, if fresh { own.as_str() } else { pick.get(&shapes).as_str() })
        }).collect();
        assert_round_trip(&entries);
    }

    #[test]
    fn values_of_one_kind(values in prop_oneof![
        vec("\"[0-9a-f]{4,6}\"", 1..200),
        vec("\"[0-9A-F]{9}\"", 1..200),
        vec("-?[0-9]{1,19}", 1..200),
        vec("0\\.[0-9]{1,6}", 1..200),
        vec("\"[0-9]{3}\"", 1..200),
        vec("\"[a-c]{1,2} [0-9] [a-h]{1,3}: [0-9]{1,3}\"", 1..200),
        vec("\"[ab]\"", 1..200),
    ]) {
        let entries: Vec<Owned> = (0..).zip(values).map(|(number, value)| {
            let text = value.trim_matches('"');
            Owned::new(number, &format!(",\"message\":\"got {text} of it\",\"metadata\":{{\"v\":{value},\"w\":{value},\"s\":\"x {text}\"}}"))
        }).collect();
        assert_round_trip(&entries);
    }

    #[test]
    fn any_bytes(lines in vec(vec(any::<u8>(), 0..40), 0..30), ids: [u8; 16], seconds in -62_000_000_000i64..200_000_000_000) {
        let entries: Vec<Owned> = (0u8..).zip(lines).map(|(number, stored)| Owned {
            stored,
            id: EntryId(ids.map(|byte| byte.wrapping_mul(number))),
            timestamp: Timestamp::from_unix_nanos(i128::from(seconds) * 1_000_000_000 + i128::from(number) * 77),
            received_at: Timestamp::from_unix_seconds(seconds),
        }).collect();
        assert_round_trip(&entries);
    }
}

#[test]
fn an_empty_block() {
    assert_round_trip(&[]);
}

#[test]
fn words_that_vary_become_variables_and_come_back() {
    let words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"];
    let entries: Vec<Owned> = (0..3_000)
        .map(|number| {
            let (one, two) = (words[number % 10], words[number / 7 % 10]);
            Owned::new(
                number as u64,
                &format!(
                    ",\"message\":\"user {one} moved {two} to shelf {}\",\"resourceId\":\"r{}\"",
                    number % 40,
                    number % 3
                ),
            )
        })
        .collect();
    assert_round_trip(&entries);
}

#[test]
fn a_block_is_full_at_65536_entries_and_where_times_are_too_far_apart() {
    let mut builder = Builder::new();
    let entry = Owned::new(0, ",\"message\":\"m\"");
    let far = Owned { timestamp: Timestamp::MAX, ..entry.clone() };
    builder.push(entry.entry()).unwrap();
    assert_eq!(builder.push(far.entry()), Err(Full));
    for _ in 1..65_536 {
        builder.push(entry.entry()).unwrap();
    }
    assert_eq!(builder.push(entry.entry()), Err(Full));
    assert_eq!(builder.len(), 65_536);
}
