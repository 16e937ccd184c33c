use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::elastic::{Document, Elastic, Options, Trouble};
use super::target::Target;
use super::{figures, import, import_well};

const NOON: i64 = 1_796_040_000_000;

/// Two indices; few times for many documents, some without one, an id with two routings.
pub(super) fn documents(count: i64) -> Vec<Document> {
    let document = |index, id: String, time: Option<i64>| Document {
        index,
        source: json!({ "message": format!("entry {id}"), "@timestamp": time, "n": 7 }).to_string(),
        id,
        routing: None,
        time,
    };
    let mut documents = Vec::new();
    for n in 0..count {
        documents.push(document("logs-a", format!("a{n}"), Some(NOON + n / 9)));
        if n % 3 == 0 {
            documents.push(document("logs-b", format!("b{n}"), Some(NOON - n)));
        }
        if n % 5 == 0 {
            documents.push(document("logs-b", format!("u{n}"), None));
        }
    }
    for routing in ["x", "y"] {
        let twin = document("logs-a", "twin".to_owned(), Some(NOON));
        documents.push(Document { routing: Some(routing.to_owned()), ..twin });
    }
    documents
}

/// What must have come of `documents`: by index and id, the document.
pub(super) fn expected(documents: &[Document]) -> BTreeMap<(String, String), Value> {
    let of = |document: &Document| {
        let id = match &document.routing {
            Some(routing) => format!("{routing}/{}", document.id),
            None => document.id.clone(),
        };
        ((document.index.to_owned(), id), serde_json::from_str(&document.source).unwrap())
    };
    documents.iter().map(of).collect()
}

pub(super) fn come(target: &Target) -> BTreeMap<(String, String), Value> {
    target.documents().into_iter().map(|(key, line)| (key, serde_json::from_str(&line).unwrap())).collect()
}

const VERSIONS: [(&str, Option<&str>, &str); 4] = [
    ("8.19.21", None, "POST /logs-a/_pit"),
    ("6.8.23", None, "POST /_search/scroll"),
    ("2.19.4", Some("opensearch"), "POST /logs-a/_search/point_in_time"),
    ("3.6.0", Some("opensearch"), "POST /logs-b/_search/point_in_time"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_read_to_its_end_and_left_as_it_was() {
    let all = documents(300);
    let untimed = all.iter().filter(|document| document.time.is_none()).count() as u64;
    for (version, distribution, path) in VERSIONS {
        for batch in ["2", "7", "1000"] {
            let options = Options { version, distribution, trouble: |_| Trouble::None };
            let (elastic, target) = (Elastic::start(all.clone(), options).await, Target::start().await);
            let address = format!("{}/logs-*", elastic.url);
            let arguments = ["--batch-size", batch, "--concurrency", "2"];
            let report = import_well(&target, "elasticsearch", &address, &arguments).await;
            let total = all.len() as u64;
            let names = ["total", "read", "accepted", "withoutTime"];
            assert_eq!(figures(&report, names), [total, total, total, untimed], "{version} {batch}");
            assert_eq!(come(&target), expected(&all), "{version} {batch}");
            assert_eq!(elastic.open(), 0, "{version} {batch}");
            assert!(elastic.paths().contains(&path.to_owned()) || batch == "1000", "{version} {batch}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_forgets_fails_or_leaves_documents_out_is_read_to_its_end() {
    let all = documents(300);
    let trouble = |number| match number % 7 {
        2 => Trouble::Forgets,
        4 => Trouble::Partial,
        5 => Trouble::Status(503),
        6 => Trouble::Status(429),
        _ => Trouble::None,
    };
    for (version, distribution, _) in VERSIONS {
        let options = Options { version, distribution, trouble };
        let (elastic, target) = (Elastic::start(all.clone(), options).await, Target::start().await);
        let address = format!("{}/logs-*", elastic.url);
        let arguments = ["--batch-size", "30", "--concurrency", "3", "--retry-for", "30s"];
        let report = import_well(&target, "elasticsearch", &address, &arguments).await;
        assert_eq!(come(&target), expected(&all), "{version}");
        let [read, accepted, again] = figures(&report, ["read", "accepted", "alreadyThere"]);
        assert_eq!((accepted, read), (all.len() as u64, accepted + again), "{version} {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_choose_documents_and_those_without_a_time_come_along() {
    let all = documents(300);
    let options = Options { version: "9.4.3", distribution: None, trouble: |_| Trouble::None };
    let (elastic, target) = (Elastic::start(all.clone(), options).await, Target::start().await);
    let address = format!("{}/logs-*", elastic.url);
    let bounds = ["--since", "2026-11-30T12:00:00Z", "--until", "2026-11-30T12:00:00.010Z"];
    import_well(&target, "elasticsearch", &address, &bounds).await;
    let chosen: Vec<Document> = all
        .into_iter()
        .filter(|document| document.time.is_none_or(|time| (NOON..NOON + 10).contains(&time)))
        .collect();
    assert_eq!(come(&target), expected(&chosen));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_deleted_meanwhile_is_reported_and_the_next_one_read() {
    let all = documents(300);
    let trouble = |number| if number == 2 { Trouble::Gone } else { Trouble::None };
    let options = Options { version: "8.19.21", distribution: None, trouble };
    let (elastic, target) = (Elastic::start(all.clone(), options).await, Target::start().await);
    let address = format!("{}/logs-*", elastic.url);
    let ended =
        import(&target, "elasticsearch", &address, &["--batch-size", "20", "--concurrency", "1"]).await;
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let report = ended.report();
    assert_eq!(report["problems"], json!(["the index logs-a was deleted before it was read to its end"]));
    let of = |index: &str| all.iter().filter(|document| document.index == index).cloned().collect::<Vec<_>>();
    let mut come = come(&target);
    let first = come.split_off(&("logs-b".to_owned(), String::new()));
    assert_eq!((first, come.len()), (expected(&of("logs-b")), 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_matches_nothing_is_no_import_that_went_well() {
    let options = Options { version: "8.19.21", distribution: None, trouble: |_| Trouble::None };
    let (elastic, target) = (Elastic::start(Vec::new(), options).await, Target::start().await);
    let ended = import(&target, "elasticsearch", &format!("{}/lgos-*", elastic.url), &[]).await;
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("no index of the source matches lgos-*"), "{}", ended.stderr);
}
