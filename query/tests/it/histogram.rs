//! Counts by time and level.

use serde_json::json;

use crate::server::Server;

async fn server() -> Server {
    let server = Server::start().await;
    for (time, level) in [
        ("08:00:00", Some("error")),
        ("08:00:59.999999999", Some("ERROR")),
        ("08:00:30", None),
        ("08:02:00", Some("info")),
        ("08:02:00", Some("fatal")),
        ("08:59:59", Some("audit")),
    ] {
        let timestamp = format!("2023-09-15T{time}Z");
        server.ingest(&json!({ "message": "m", "timestamp": timestamp, "level": level }).to_string());
    }
    server
}

#[tokio::test]
async fn buckets_are_aligned_and_split_by_level() {
    let server = server().await;
    let params = [("from", "2023-09-15T08:00:00Z"), ("to", "2023-09-15T08:59:59Z")];
    let answer = server.get("/histogram", &params).await;
    assert_eq!(
        (&answer["intervalSeconds"], &answer["total"], &answer["partial"]),
        (&json!(60.0), &json!(6), &json!(false))
    );
    assert_eq!(
        answer["buckets"],
        json!([
            { "start": "2023-09-15T08:00:00Z", "total": 3, "levels": { "error": 2, "": 1 } },
            { "start": "2023-09-15T08:02:00Z", "total": 2, "levels": { "fatal": 1, "info": 1 } },
            { "start": "2023-09-15T08:59:00Z", "total": 1, "levels": { "audit": 1 } },
        ])
    );
    assert_eq!(answer["to"], "2023-09-15T08:59:59.999999999Z");
    let filtered = server.get("/histogram", &[("q", "level:error"), params[0], params[1]]).await;
    assert_eq!((&filtered["total"], filtered["buckets"].as_array().unwrap().len()), (&json!(2), 1));
}

#[tokio::test]
async fn open_ends_are_those_of_the_store() {
    let server = server().await;
    let answer = server.get("/histogram", &[("interval", "30m")]).await;
    assert_eq!(
        (&answer["from"], &answer["to"]),
        (&json!("2023-09-15T08:00:00Z"), &json!("2023-09-15T08:59:59Z"))
    );
    assert_eq!((&answer["intervalSeconds"], &answer["total"]), (&json!(1800.0), &json!(6)));
    let later = server.get("/histogram", &[("from", "2023-09-15T08:01:00Z")]).await;
    assert_eq!((&later["total"], &later["to"]), (&json!(3), &json!("2023-09-15T08:59:59Z")));
    let beyond = server.get("/histogram", &[("from", "2024-01-01")]).await;
    assert_eq!((&beyond["total"], &beyond["buckets"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn an_empty_store_has_an_empty_histogram() {
    let answer = Server::start().await.get("/histogram", &[]).await;
    assert_eq!(
        (&answer["total"], &answer["from"], &answer["buckets"]),
        (&json!(0), &json!(null), &json!([]))
    );
}

#[tokio::test]
async fn too_many_buckets_are_refused_with_a_width_that_fits() {
    let server = server().await;
    let range = [("from", "2023-01-01"), ("to", "2023-12-31")];
    let (status, problem) = server.refused("/histogram", &[range[0], range[1], ("interval", "1s")]).await;
    assert_eq!((status, &problem["parameter"]), (400, &json!("interval")));
    assert!(problem["detail"].as_str().unwrap().contains("Take 1h or more"), "{problem}");
    assert_eq!(server.get("/histogram", &[range[0], range[1], ("interval", "1h")]).await["total"], 6);
    let (status, _) = server.refused("/histogram", &[("interval", "1h"), ("buckets", "5")]).await;
    assert_eq!(status, 400);
}
