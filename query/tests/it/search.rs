//! What a search answers.

use serde_json::{Value, json};

use crate::server::{SAMPLE, Server};

#[tokio::test]
async fn the_sample_entry_is_found_by_each_sample_query() {
    let server = Server::start().await;
    let id = server.ingest(SAMPLE);
    server.ingest(r#"{"level":"info","message":"Connected to DB","resourceId":"server-12345","timestamp":"2023-09-16T00:00:00Z"}"#);
    let between = [("from", "2023-09-10T00:00:00Z"), ("to", "2023-09-15T23:59:59Z")];
    for params in [
        vec![("q", "level:error")],
        vec![("q", "message:\"Failed to connect\"")],
        vec![("q", "resourceId:server-1234")],
        vec![("q", "timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]")],
        between.to_vec(),
    ] {
        let answer = server.get("/search", &params).await;
        assert_eq!(answer["total"], 1, "{params:?}");
        let entry = &answer["entries"][0];
        assert_eq!(entry["id"], id.to_string());
        let mut sent: Value = serde_json::from_str(SAMPLE).unwrap();
        sent["id"] = entry["id"].clone();
        sent["receivedAt"] = entry["receivedAt"].clone();
        assert_eq!(entry, &sent, "{params:?}");
    }
}

#[tokio::test]
async fn both_ends_of_the_time_range_are_included_to_the_last_nanosecond() {
    let server = Server::start().await;
    for time in
        ["09-09T23:59:59.999999999Z", "09-10T00:00:00Z", "09-15T23:59:59.999999999Z", "09-16T00:00:00Z"]
    {
        server.ingest(&json!({ "message": time, "timestamp": format!("2023-{time}") }).to_string());
    }
    let expected = ["09-10T00:00:00Z", "09-15T23:59:59.999999999Z"];
    for (from, to) in [
        ("2023-09-10T00:00:00Z", "2023-09-15T23:59:59Z"),
        ("2023-09-10", "2023-09-15"),
        ("2023-09-10T02:00:00+02:00", "2023-09-15T23:59:59.999999999Z"),
    ] {
        let params = [("from", from), ("to", to), ("order", "asc")];
        assert_eq!(server.messages(&params).await, expected, "{from} {to}");
    }
    let answer = server.get("/search", &[("from", "2023-09-10"), ("to", "2023-09-15")]).await;
    assert_eq!(answer["from"], "2023-09-10T00:00:00Z");
    assert_eq!(answer["to"], "2023-09-15T23:59:59.999999999Z");
}

#[tokio::test]
async fn without_bounds_all_of_time_is_searched_newest_first() {
    let server = Server::start().await;
    for year in ["0001", "1969", "2023", "9999"] {
        server
            .ingest(&json!({ "message": year, "timestamp": format!("{year}-06-01T00:00:00Z") }).to_string());
    }
    let answer = server.get("/search", &[]).await;
    assert_eq!(crate::server::messages(&answer["entries"]), ["9999", "2023", "1969", "0001"]);
    assert_eq!((&answer["total"], &answer["partial"]), (&json!(4), &json!(false)));
    assert_eq!(
        (&answer["from"], &answer["to"], &answer["cursor"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert!(answer["tookMs"].is_u64());
    assert_eq!(server.messages(&[("order", "asc"), ("limit", "2")]).await, ["0001", "1969"]);
}

#[tokio::test]
async fn numbers_come_back_as_they_were_sent() {
    let server = Server::start().await;
    let metadata = r#""metadata":{"big":18446744073709551616,"huge":1e999,"exact":2.50,"z":1,"a":2}"#;
    server.ingest(&format!(r#"{{"message":"m",{metadata}}}"#));
    let body = server.send("/search", &[]).await.text().await.unwrap();
    assert!(body.contains(metadata), "{body}");
}

#[tokio::test]
async fn a_search_cut_by_its_time_budget_says_so() {
    let server = Server::start().await;
    (0..10).for_each(|index| _ = server.ingest(&json!({ "message": index.to_string() }).to_string()));
    server.store.partial.store(true, std::sync::atomic::Ordering::SeqCst);
    let answer = server.get("/search", &[("limit", "6"), ("timeout", "1s")]).await;
    assert_eq!((&answer["partial"], &answer["cursor"]), (&json!(true), &Value::Null));
    assert_eq!(server.metric("logpipeline_query_partial_total"), 1.0);
    assert_eq!(server.get("/histogram", &[]).await["partial"], true);
    assert_eq!(server.get("/fields/level/values", &[]).await["partial"], true);
    assert_eq!(server.get("/fields", &[]).await["partial"], true);
}
