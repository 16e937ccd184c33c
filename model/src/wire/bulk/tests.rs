use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::testing::Collector;

fn read_all(body: &str, index: Option<&str>, filter: &str) -> (Collector, Result<Value, Unreadable>) {
    let mut collector = Collector::default();
    let answer = read(body.as_bytes(), index, &Filter::parse(filter), &mut collector);
    let answer = answer.map(|answer| parsed(answer, 7));
    (collector, answer)
}

fn parsed(answer: Answer, took: u128) -> Value {
    let (bytes, start) = answer.finish(took);
    serde_json::from_slice(&bytes[start..]).unwrap()
}

#[test]
fn pairs_become_entries_with_their_index() {
    let body = r#"{"index":{"_index":"logs-app","pipeline":null},"attempts":0}
{"@timestamp":"2023-09-15T08:00:00.123456789Z","message":"one","level":"info"}

{"create":{"_index":"other","_type":"_doc","_id":"7"}}
{"message":"two","index":"mine"}
{"create":{}}
{"message":"three"}"#;
    let (collector, answer) = read_all(body, Some("from-path"), "");
    let entries: Vec<_> =
        collector.entries.iter().map(|entry| (entry.number, entry.key.clone(), entry.json())).collect();
    assert_eq!(
        entries,
        [
            (
                1,
                None,
                json!({"timestamp": "2023-09-15T08:00:00.123456789Z", "level": "info", "message": "one", "metadata": {"index": "logs-app"}})
            ),
            (
                2,
                Some(b"other\x007".to_vec()),
                json!({"timestamp": "2027-01-15T08:00:00Z", "message": "two", "metadata": {"index": "mine", "index_": "other"}})
            ),
            (
                3,
                None,
                json!({"timestamp": "2027-01-15T08:00:00Z", "message": "three", "metadata": {"index": "from-path"}})
            ),
        ]
    );
    let answer = answer.unwrap();
    assert_eq!((&answer["errors"], &answer["took"]), (&json!(false), &json!(7)));
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let shards = json!({"total": 1, "successful": 1, "failed": 0});
    assert_eq!(
        items[1],
        json!({"create": {"_index": "other", "_id": "7", "_version": 1, "result": "created", "_shards": shards, "_seq_no": 0,
            "_primary_term": 1, "status": 201}})
    );
    assert_eq!(items[0]["index"]["_index"], "logs-app");
    assert_eq!(items[0]["index"]["_id"].as_str().unwrap().len(), 36);
    assert_eq!(items[2]["create"]["_index"], "from-path");
}

#[test]
fn bad_documents_updates_and_deletions_fail_alone_and_in_order() {
    let body = "{\"create\":{}}\n{\"message\":\n{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n{\"delete\":{\"_id\":\"1\"}}\n{\"create\":{}}\n[]\n{\"create\":{}}\n{\"message\":\"good\"}\n";
    let (collector, answer) = read_all(body, None, "");
    assert_eq!(collector.entries.len(), 1);
    assert_eq!(collector.entries[0].number, 5);
    assert_eq!(collector.rejections.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let answer = answer.unwrap();
    assert_eq!(answer["errors"], true);
    let items = answer["items"].as_array().unwrap();
    let failure = |item: &Value| {
        let (_, item) = item.as_object().unwrap().iter().next().unwrap();
        (item["status"].as_u64().unwrap(), item["error"]["type"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(
        items.iter().map(failure).collect::<Vec<_>>(),
        [
            (400, "document_parsing_exception".to_owned()),
            (400, "illegal_argument_exception".to_owned()),
            (400, "illegal_argument_exception".to_owned()),
            (400, "document_parsing_exception".to_owned()),
            (201, String::new()),
        ]
    );
    let reason = items[2]["delete"]["error"]["reason"].as_str().unwrap();
    assert_eq!(reason, "logs are append-only: delete is not supported, use create");
}

#[test]
fn a_broken_action_refuses_the_request_and_says_where() {
    for (body, said) in [
        ("{\"create\":{}}\n{\"message\":\"m\"}\nnonsense\n{}\n", "line 3: expected an action"),
        ("{\"create\":{}}\n", "line 1: the action has no document behind it"),
        ("\n\n{\"upsert\":{}}\n{}\n", "the actions are index, create, update and delete"),
        ("{\"create\":7}\n{}\n", "behind \"create\" stands an object"),
        ("[]\n{}\n", "line 1: expected an action"),
    ] {
        let (_, answer) = read_all(body, None, "");
        let error = answer.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn only_what_the_client_asks_for_is_answered() {
    let body = "{\"create\":{\"_index\":\"a\"}}\n{\"message\":\"m\"}\n{\"create\":{\"_index\":\"a\"}}\n7\n";
    let (_, answer) = read_all(body, None, "items.*._index,items.*.status,items.*.error.type");
    assert_eq!(
        answer.unwrap(),
        json!({"items": [
            {"create": {"_index": "a", "status": 201}},
            {"create": {"_index": "a", "status": 400, "error": {"type": "document_parsing_exception"}}}]})
    );
    let (_, answer) = read_all("{\"create\":{}}\n{\"message\":\"m\"}\n", None, "errors,items.*.error");
    assert_eq!(answer.unwrap(), json!({"errors": false}));
}

#[test]
fn items_follow_each_other_whatever_their_operations_and_indices() {
    let body = [("create", "a"), ("create", "a"), ("index", "a"), ("index", "b\\\""), ("create", "a")].map(
        |(operation, index)| {
            format!("{{\"{operation}\":{{\"_index\":\"{index}\"}}}}\n{{\"message\":\"m\"}}\n")
        },
    );
    let (_, answer) = read_all(&body.concat(), None, "items.*._index,items.*.result");
    let item = |operation: &str, index: &str| json!({operation: {"_index": index, "result": "created"}});
    let expected = [
        item("create", "a"),
        item("create", "a"),
        item("index", "a"),
        item("index", "b\""),
        item("create", "a"),
    ];
    assert_eq!(answer.unwrap()["items"], json!(expected));
}

#[test]
fn however_long_it_took_the_answer_begins_with_it() {
    let (_, answer) = read_all("{\"create\":{}}\n{\"message\":\"m\"}\n", None, "took,items.*.status");
    assert_eq!(answer.unwrap(), json!({"took": 7, "items": [{"create": {"status": 201}}]}));
    let body = b"{\"create\":{}}\n{\"message\":\"m\"}\n";
    let answer = read(body, None, &Filter::parse("took,errors"), &mut Collector::default()).unwrap();
    let (bytes, start) = answer.finish(u128::MAX);
    let expected = format!("{{\"errors\":false,\"took\":{}}}", u128::MAX);
    assert_eq!(str::from_utf8(&bytes[start..]), Ok(&*expected));
}

#[test]
fn the_answer_is_charged() {
    let body = "{\"create\":{}}\n{\"message\":\"m\"}\n".repeat(10_000);
    let mut collector = Collector { room: 1 << 20, ..Collector::default() };
    assert_eq!(read(body.as_bytes(), None, &Filter::default(), &mut collector).err(), Some(Unreadable::Full));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300), filter in ".{0,20}") {
        let _ = read(&body, None, &Filter::parse(&filter), &mut Collector::default());
    }

    #[test]
    fn whatever_lines_come_the_answer_is_json(lines in proptest::collection::vec(
        prop_oneof![
            Just("{\"create\":{}}".to_owned()), Just("{\"delete\":{\"_id\":1}}".to_owned()), Just("{\"index\":{\"_id\":\"\\u0000\\\"\"}}".to_owned()),
            Just("{\"message\":\"m\"}".to_owned()), Just("{\"a\":[".to_owned()), "[ -~]{0,20}",
        ], 0..12)) {
        let mut collector = Collector::default();
        if let Ok(answer) = read(lines.join("\n").as_bytes(), Some("i\"x"), &Filter::default(), &mut collector) {
            let answer = parsed(answer, 1);
            let items = answer["items"].as_array().unwrap().len();
            prop_assert_eq!(items, collector.entries.len() + collector.rejections.len());
        }
    }
}
