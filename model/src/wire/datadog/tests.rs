use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::testing::Collector;

fn collected(body: &str, beside: &[(&str, &str)]) -> Vec<Value> {
    let mut sink = Collector::default();
    read(body.as_bytes(), beside, &mut sink).unwrap();
    assert_eq!(sink.rejections, []);
    sink.entries.iter().map(|entry| entry.json()).collect()
}

#[test]
fn an_array_or_an_object_are_logs() {
    let log = r#"{"ddsource":"nginx","ddtags":"env:staging,env:eu,team:shop,canary, ","hostname":"h","service":"shop","status":"warning","message":"{\"a\":1}","date":1700000000123,"n":1.50}"#;
    let expected = json!({"timestamp": "2023-11-14T22:13:20.123Z", "level": "warn", "message": "{\"a\":1}", "resourceId": "shop",
        "metadata": {"ddsource": "nginx", "ddtags": "env:staging,env:eu,team:shop,canary, ", "hostname": "h", "status": "warning", "n": 1.50,
            "tags": {"env": ["staging", "eu"], "team": "shop", "canary": ""}}});
    assert_eq!(collected(log, &[]), std::slice::from_ref(&expected));
    assert_eq!(collected(&format!("[{log},{log}]"), &[]), [expected.clone(), expected]);
}

#[test]
fn an_own_member_named_tags_stays() {
    let entries = collected(r#"{"message":"m","tags":["x"],"ddtags":"a:b"}"#, &[]);
    assert_eq!(entries[0]["metadata"], json!({"tags": ["x"], "ddtags": "a:b", "tags_": {"a": "b"}}));
}

#[test]
fn the_query_says_what_logs_leave_open() {
    let beside = [("ddsource", "java"), ("service", "pay"), ("ddtags", "env:prod")];
    let entries = collected(r#"[{"message":"a"},{"message":"b","service":"shop","ddtags":"x:y"}]"#, &beside);
    assert_eq!(entries[0]["resourceId"], "pay");
    assert_eq!(
        entries[0]["metadata"],
        json!({"ddsource": "java", "ddtags": "env:prod", "tags": {"env": "prod"}})
    );
    assert_eq!(entries[1]["resourceId"], "shop");
    assert_eq!(entries[1]["metadata"], json!({"ddtags": "x:y", "ddsource": "java", "tags": {"x": "y"}}));
}

#[test]
fn a_try_of_the_connection_is_no_log() {
    assert_eq!(collected("{}", &[]), [] as [Value; 0]);
    assert_eq!(collected(" [ { } ] ", &[]), [] as [Value; 0]);
}

#[test]
fn a_bad_log_is_rejected_alone() {
    let mut sink = Collector::default();
    read(br#"[{"message":"a"},{"message":tru},5,{"message":"b"}]"#, &[], &mut sink).unwrap();
    let rejected: Vec<_> = sink.rejections.iter().map(|(number, _)| *number).collect();
    assert_eq!((sink.entries.len(), rejected), (2, vec![2, 3]));
}

const VALID: &str =
    r#"[{"ddtags":"a:b,c","message":"m\ud800","status":"error","date":1},{"ddtags":5,"x":[{}]}]"#;

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes, &[("service", "s")], &mut Collector::default()).unwrap();
    }

    #[test]
    fn a_changed_or_cut_body_is_read(at in 0..VALID.len(), byte: u8, end in 0..=VALID.len()) {
        let mut bytes = VALID.as_bytes().to_vec();
        bytes[at] = byte;
        let mut sink = Collector::default();
        read(&bytes[..end], &[("ddtags", "q:r")], &mut sink).unwrap();
        for entry in &sink.entries {
            prop_assert!(crate::Document::parse(&entry.stored).is_ok());
        }
    }
}
