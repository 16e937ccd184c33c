//! Whatever servers answer, and whatever files hold: no panic, and nothing out of proportion.

use proptest::prelude::*;

use super::source::client::explain;
use super::source::read_any;
use super::target::answer;

/// What looks like answers, broken at any place and with anything in between.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(br#"{"items":[{"create":{"status":201}},"#.to_vec()),
        Just(br#""error":{"type":"a","reason":"b"}}"#.to_vec()),
        Just(br#"{"hits":{"hits":[{"_index":"a","_id":"1","_source":{"n":1.0},"sort":[1,null]}]}}"#.to_vec()),
        Just(br#"{"_index":"a","_id":"1","_source":[],"sort":["#.to_vec()),
        Just(br#"{"data":{"resultType":"streams","result":[{"stream":{"a":"b"},"values":[["1","x",{}]]}]}}"#.to_vec()),
        Just(br#"{"stream":{},"values":[["9223372036854775807","x",{"structuredMetadata":{"a":"b"}}]]}"#.to_vec()),
        Just(b"{\"_time\":\"2026-11-30T10:00:00Z\",\"_msg\":\"m\",\"a\":1}\n".to_vec()),
        Just(br#"{"_time":"0000-01-01T00:00:00Z","_time":"x","message":"","#.to_vec()),
        Just(br#"{"aggregations":{"indices":{"buckets":[{"key":"a","doc_count":1,"untimed":{"doc_count":0}}]}}}"#.to_vec()),
        Just(b"{\"a\":[{".to_vec()),
        Just(b"\"\\ud800".to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_answer_is_read_or_refused(bytes in answers(), entries in 0..4usize) {
        let _ = answer::parse(&bytes, entries);
        prop_assert!(explain(&bytes).len() <= bytes.len().max(1) * 6 + 16);
        for documents in read_any(&bytes) {
            let size: usize = documents.iter().map(|document| document.lines().len()).sum();
            prop_assert!(size <= bytes.len() * 8 + documents.len() * 200, "{size} of {}", bytes.len());
        }
    }
}
