//! Pages and their cursors.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::server::Server;

fn entry(name: &str, second: usize) -> String {
    json!({ "message": name, "timestamp": format!("2023-09-15T08:{:02}:{:02}Z", second / 60, second % 60) })
        .to_string()
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_entries_arrive() {
    for order in ["desc", "asc"] {
        let server = Server::start().await;
        let expected: BTreeSet<String> = (0..100).map(|index| format!("old {index}")).collect();
        // Ten entries a second of time, so that pages end amid equal timestamps.
        expected.iter().enumerate().for_each(|(index, name)| _ = server.ingest(&entry(name, index / 10)));
        let (mut seen, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let mut params = vec![("order", order), ("limit", "7")];
            params.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let answer = server.get("/search", &params).await;
            assert_eq!(answer["total"], 100 + pages * 3);
            seen.extend(crate::server::messages(&answer["entries"]));
            pages += 1;
            for second in [0, 5, 59] {
                server.ingest(&entry(&format!("new {pages} {second}"), second));
            }
            match answer["cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        let old: Vec<_> = seen.iter().filter(|name| name.starts_with("old")).cloned().collect();
        assert_eq!(old.len(), 100, "{order}: repeated");
        assert_eq!(old.into_iter().collect::<BTreeSet<_>>(), expected, "{order}: skipped");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{order}: repeated");
    }
}

#[tokio::test]
async fn now_keeps_its_meaning_from_page_to_page() {
    let server = Server::start().await;
    (0..5).for_each(|index| _ = server.ingest(&json!({ "message": index.to_string() }).to_string()));
    let params = [("q", "timestamp>now-1h"), ("from", "now-15m"), ("to", "now+1s"), ("limit", "2")];
    let first = server.get("/search", &params).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let mut again = params.to_vec();
    again.push(("cursor", first["cursor"].as_str().unwrap()));
    let second = server.get("/search", &again).await;
    assert_eq!((&first["from"], &first["to"]), (&second["from"], &second["to"]));
    assert_ne!(server.get("/search", &params).await["from"], first["from"], "a new search reads the clock");
}

#[tokio::test]
async fn a_cursor_is_refused_with_another_search() {
    let server = Server::start().await;
    (0..5).for_each(|index| _ = server.ingest(&json!({ "message": "m", "n": index }).to_string()));
    let first = server.get("/search", &[("q", "m"), ("limit", "2")]).await;
    let cursor = first["cursor"].as_str().unwrap();
    for (params, word) in [
        (vec![("q", "level:error")], "`q`, `from` and `to`"),
        (vec![("q", "m"), ("from", "2023-01-01")], "`q`, `from` and `to`"),
        (vec![("q", "m"), ("order", "asc")], "`order`"),
    ] {
        let mut params = params;
        params.push(("cursor", cursor));
        let (status, problem) = server.refused("/search", &params).await;
        assert_eq!((status, &problem["parameter"]), (400, &json!("cursor")));
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
    let (_, problem) = server.refused("/search", &[("q", "m"), ("cursor", "abc")]).await;
    assert!(problem["detail"].as_str().unwrap().contains("not a cursor"), "{problem}");
    // The size of a page may change on the way.
    let second = server.get("/search", &[("q", "m"), ("limit", "100"), ("cursor", cursor)]).await;
    assert_eq!((second["entries"].as_array().unwrap().len(), &second["cursor"]), (3, &Value::Null));
}

#[tokio::test]
async fn a_page_of_very_large_entries_ends_early_and_nothing_is_missing() {
    let server = Server::start().await;
    let filler = "x".repeat(300_000);
    (0..300)
        .for_each(|n| _ = server.ingest(&json!({ "message": filler, "metadata": { "n": n } }).to_string()));
    let (mut numbers, mut cursor, mut largest) = (BTreeSet::new(), String::new(), 0);
    loop {
        let answer = server.get("/search", &[("limit", "1000"), ("cursor", &cursor)]).await;
        assert_eq!(answer["total"], 300);
        let entries = answer["entries"].as_array().unwrap();
        largest = largest.max(entries.len());
        for entry in entries {
            assert!(numbers.insert(entry["metadata"]["n"].as_u64().unwrap()), "repeated");
        }
        match answer["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(numbers.len(), 300);
    assert!(largest < 150, "{largest} entries of 300 kB on one page");
}

#[tokio::test]
async fn a_page_holds_as_many_entries_as_were_asked_for() {
    let server = Server::start().await;
    (0..1_500).for_each(|n| _ = server.ingest(&entry(&n.to_string(), n)));
    for limit in [1, 99, 100, 101, 1_000] {
        let answer = server.get("/search", &[("limit", &limit.to_string()), ("order", "asc")]).await;
        let expected: Vec<String> = (0..limit).map(|n| n.to_string()).collect();
        assert_eq!(crate::server::messages(&answer["entries"]), expected);
        assert_eq!((&answer["total"], answer["cursor"].is_string()), (&json!(1_500), true));
    }
}
