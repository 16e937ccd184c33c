//! Rate, latency, retries, compression, signals, metrics.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::fake::{Behaviour, Server, accepted};
use crate::process::{command, finish, run_against};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_entries() {
    let mut runs: Vec<Vec<Value>> = Vec::new();
    for seed in ["7", "7", "8"] {
        let server = Server::start(Behaviour::default()).await;
        let ended = run_against(
            &server,
            &["--rate", "0", "--duration", "0", "--count", "500", "--run-id", "same", "--seed", seed],
        )
        .await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let mut entries = server.entries();
        for entry in &mut entries {
            // Times count from the start of the run, and the checksum covers them.
            entry.as_object_mut().unwrap().remove("timestamp");
            entry["metadata"].as_object_mut().unwrap().remove("check");
        }
        assert_eq!(entries.len(), 500);
        runs.push(entries);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_is_kept_within_five_percent() {
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["--rate", "500", "--duration", "3s", "--batch-size", "5"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report();
    assert_eq!(report["sent"], 1_500);
    let achieved = report["rate"]["achieved"].as_f64().unwrap();
    assert!((475.0..525.0).contains(&achieved), "{achieved}");
    let arrivals = server.arrivals();
    let (first, last) =
        (arrivals.iter().map(|a| a.0).min().unwrap(), arrivals.iter().map(|a| a.0).max().unwrap());
    let seen = 1_500.0 / (last - first).as_secs_f64();
    assert!((475.0..525.0).contains(&seen), "{seen} entries/s arrived");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_never_dated_after_they_are_sent() {
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["--rate", "100", "--duration", "1s", "--batch-size", "20"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report();
    let started: logpipeline_model::Timestamp = report["started"].as_str().unwrap().parse().unwrap();
    let step = Duration::from_millis(10);
    for entry in server.entries() {
        let Some(time) = entry["timestamp"].as_str() else { continue };
        let time: logpipeline_model::Timestamp = time.parse().unwrap();
        let seq = u32::try_from(entry["metadata"]["seq"].as_u64().unwrap()).unwrap();
        assert!(time <= started + step * (seq + 1), "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_counts_from_the_intended_time_when_the_server_stalls() {
    let stall = Some((Duration::from_millis(800), Duration::from_secs(1)));
    let server = Server::start(Behaviour { stall, ..Behaviour::default() }).await;
    let ended = run_against(
        &server,
        &["--rate", "100", "--duration", "3s", "--batch-size", "1", "--concurrency", "1"],
    )
    .await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report();
    // Nothing is left out: the requests that were due during the stall are sent after it.
    assert_eq!((&report["sent"], &report["unsent"]), (&json!(300), &json!(0)));
    let latency = |name: &str| report["latencyMs"][name].as_f64().unwrap();
    // A third of the requests were due during the stall, and waited half of it on average. Measured from the
    // actual sending, one request in 300 would have been slow.
    assert!(latency("max") >= 900.0, "{report}");
    assert!(latency("p90") >= 400.0, "{report}");
    assert!(latency("p50") < 200.0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_too_slow_is_reported() {
    let stall = Some((Duration::ZERO, Duration::from_secs(30)));
    let server = Server::start(Behaviour { stall, ..Behaviour::default() }).await;
    let arguments = [
        "--rate",
        "100",
        "--duration",
        "1s",
        "--batch-size",
        "1",
        "--concurrency",
        "1",
        "--timeout",
        "2s",
        "--retry-for",
        "0",
    ];
    let ended = run_against(&server, &arguments).await;
    let report = ended.report();
    assert_eq!(ended.code, 1);
    assert!(report["unsent"].as_u64().unwrap() > 80, "{report}");
    assert!(report["problems"].to_string().contains("not sent in time"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_stores_nothing_twice() {
    let fault = Box::new(|attempt: &crate::fake::Attempt| match attempt.number {
        // Stored, but the answer says otherwise: what a crash between the two looks like.
        0 => {
            (attempt.store)();
            Some((StatusCode::INTERNAL_SERVER_ERROR, "lost my head").into_response())
        }
        1 => Some((StatusCode::SERVICE_UNAVAILABLE, "draining").into_response()),
        _ => None,
    });
    let server = Server::start(Behaviour { fault: Some(fault), ..Behaviour::default() }).await;
    let ended = run_against(
        &server,
        &["--rate", "0", "--duration", "0", "--count", "100", "--batch-size", "10", "--verify"],
    )
    .await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report();
    assert_eq!(report["verified"], 100);
    assert_eq!(report["retried"], 20);
    assert_eq!(server.attempts(), [3; 10]);
    assert_eq!(server.entries().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_honoured() {
    let fault = Box::new(|attempt: &crate::fake::Attempt| {
        let full = (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "2")], "the write-ahead log is full");
        (attempt.number == 0).then(|| full.into_response())
    });
    let server = Server::start(Behaviour { fault: Some(fault), ..Behaviour::default() }).await;
    let ended = run_against(&server, &["--rate", "0", "--duration", "0", "--count", "10"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.took >= Duration::from_secs(2), "{:?}", ended.took);
    assert_eq!(ended.report()["retried"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_never_taken_has_failed_after_its_time() {
    let fault =
        Box::new(|_: &crate::fake::Attempt| Some((StatusCode::SERVICE_UNAVAILABLE, "no").into_response()));
    let server = Server::start(Behaviour { fault: Some(fault), ..Behaviour::default() }).await;
    let ended =
        run_against(&server, &["--rate", "0", "--duration", "0", "--count", "20", "--retry-for", "500ms"])
            .await;
    let report = ended.report();
    assert_eq!(ended.code, 1);
    assert_eq!((&report["acknowledged"], &report["failed"]), (&json!(0), &json!(20)));
    assert!(report["retried"].as_u64().unwrap() >= 2, "{report}");
    assert!(report["problems"][0].as_str().unwrap().contains("503"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_not_tried_again() {
    let fault = Box::new(|attempt: &crate::fake::Attempt| match attempt.batch {
        0 => Some((StatusCode::BAD_REQUEST, json!({"detail": "no such path"}).to_string()).into_response()),
        1 => {
            let body = json!({"receipt": "r", "accepted": 9, "rejected": [{"line": 3, "field": "timestamp", "reason": "not a time"}]});
            Some((StatusCode::ACCEPTED, body.to_string()).into_response())
        }
        _ => Some(accepted(10)),
    });
    let server = Server::start(Behaviour { fault: Some(fault), ..Behaviour::default() }).await;
    let ended =
        run_against(&server, &["--rate", "0", "--duration", "0", "--count", "30", "--concurrency", "1"])
            .await;
    let report = ended.report();
    assert_eq!(ended.code, 1);
    assert_eq!(
        (&report["acknowledged"], &report["rejected"], &report["retried"]),
        (&json!(19), &json!(11), &json!(0))
    );
    assert!(report["problems"][0].as_str().unwrap().contains("no such path"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_add_up_is_no_acknowledgement() {
    let fault = Box::new(|_: &crate::fake::Attempt| Some(accepted(7)));
    let server = Server::start(Behaviour { fault: Some(fault), ..Behaviour::default() }).await;
    let ended = run_against(&server, &["--rate", "0", "--duration", "0", "--count", "10"]).await;
    assert_eq!(ended.code, 1);
    assert_eq!(ended.report()["failed"], 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_can_be_compressed_and_a_token_is_sent() {
    for kind in ["gzip", "zstd"] {
        let server = Server::start(Behaviour::default()).await;
        let arguments = [
            "--rate",
            "0",
            "--duration",
            "0",
            "--count",
            "1000",
            "--batch-size",
            "250",
            "--compression",
            kind,
            "--token",
            "s3cret",
            "--verify",
        ];
        let ended = run_against(&server, &arguments).await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let report = ended.report();
        assert_eq!(report["verified"], 1_000);
        let (entries, wire) =
            (report["bytes"]["entries"].as_u64().unwrap(), report["bytes"]["wire"].as_u64().unwrap());
        assert!(wire * 2 < entries, "{kind}: {wire} of {entries}");
        assert!(server.headers().iter().all(|headers| headers["authorization"] == "Bearer s3cret"));
        assert!(server.headers().iter().all(|headers| headers["content-type"] == "application/x-ndjson"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_load_early_and_what_was_sent_is_verified() {
    for signal in ["-INT", "-TERM"] {
        let server = Server::start(Behaviour::default()).await;
        let url = server.url();
        let arguments = [
            "--target",
            &url,
            "--query-url",
            &url,
            "--rate",
            "200",
            "--duration",
            "10m",
            "--verify",
            "--report",
            "-",
        ];
        let child = command(&arguments).spawn().unwrap();
        let pid = child.id().to_string();
        let ending = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        });
        let ended = finish(child).await;
        ending.await.unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let report = ended.report();
        let sent = report["sent"].as_u64().unwrap();
        assert!((50..1_000).contains(&sent), "{report}");
        assert_eq!(report["verified"], sent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_carry_the_trace_context_where_traces_are_exported() {
    for exporting in [false, true] {
        let server = Server::start(Behaviour::default()).await;
        let mut command = command(&["--target", &server.url(), "--rate", "0", "--count", "30"]);
        if exporting {
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", server.url());
        }
        assert_eq!(finish(command.spawn().unwrap()).await.code, 0);
        let parents: HashSet<String> = server
            .headers()
            .iter()
            .filter_map(|headers| Some(headers.get("traceparent")?.to_str().unwrap().to_owned()))
            .collect();
        assert_eq!(parents.len(), if exporting { 3 } else { 0 }, "{parents:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_cuts_a_long_wait_short() {
    let fault = Box::new(|_: &crate::fake::Attempt| {
        Some((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "50")], "full").into_response())
    });
    let server = Server::start(Behaviour { fault: Some(fault), ..Behaviour::default() }).await;
    let url = server.url();
    let child =
        command(&["--target", &url, "--rate", "0", "--count", "10", "--report", "-"]).spawn().unwrap();
    let pid = child.id().to_string();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = finish(child).await;
    assert_eq!((ended.code, &ended.report()["failed"]), (1, &json!(10)));
    assert!(ended.took < Duration::from_secs(20), "{:?}", ended.took);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_port_serves_probes_and_figures() {
    let server = Server::start(Behaviour::default()).await;
    let admin = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = server.url();
    let child = command(&["--target", &url, "--rate", "100", "--duration", "3s", "--admin-listen", &admin])
        .spawn()
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let get = async |path: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.get(format!("http://{admin}{path}")).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    assert_eq!(get("/healthz").await.0, StatusCode::OK);
    assert_eq!(get("/readyz").await.0, StatusCode::OK);
    let metrics = get("/metrics").await.1;
    let value = |name: &str| {
        let line = metrics
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("{name}: {metrics}"));
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    assert!(value("logpipeline_generator_entries_total{outcome=\"sent\"}") >= 50.0);
    assert!(value("logpipeline_generator_entries_total{outcome=\"acknowledged\"}") >= 50.0);
    assert!(value("logpipeline_generator_latency_seconds_count") >= 5.0);
    assert_eq!(finish(child).await.code, 0);
}
