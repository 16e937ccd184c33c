//! Spans reach an OpenTelemetry collector, under the caller's W3C trace context. Telemetry is set up from the
//! environment and once a process, so the component under test is this program, started again.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use tower::ServiceExt;

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT_SPAN_ID: &str = "b7ad6b7169203331";
/// Nothing listens there.
const NO_COLLECTOR: &str = "http://127.0.0.1:1";

fn main() {
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        component();
    } else {
        for log_filter in ["info", "off", "error", "another_crate=debug"] {
            spans_reach_the_collector_under_the_callers_trace_whatever_is_logged(log_filter);
        }
        a_filter_for_one_target_leaves_the_warnings_of_others();
        a_filter_that_cannot_be_read_is_said_to_be_left_aside();
        println!("3 passed, 0 failed");
    }
}

/// Logs, serves one traced request, then ends.
fn component() {
    let telemetry = logpipeline_service::telemetry::init("component-under-test").unwrap();
    tracing::debug!(target: "one_crate", "a detail of the one");
    tracing::warn!(target: "another_crate", "a warning of another");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let router = Router::new()
            .route("/logs", post(async || "ok"))
            .route_layer(axum::middleware::from_fn(logpipeline_service::telemetry::trace_requests));
        let request = http::Request::post("/logs")
            .header("traceparent", format!("00-{TRACE_ID}-{PARENT_SPAN_ID}-01"))
            .body(Body::empty())
            .unwrap();
        assert!(router.oneshot(request).await.unwrap().status().is_success());
    });
    drop(telemetry);
}

fn spans_reach_the_collector_under_the_callers_trace_whatever_is_logged(log_filter: &str) {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let exported = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4_096];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => break,
                Ok(count) => request.extend_from_slice(&chunk[..count]),
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        request
    });

    run(&endpoint, log_filter);

    let request = exported.join().unwrap();
    let holds = |bytes: &[u8]| request.windows(bytes.len()).any(|window| window == bytes);
    assert!(request.starts_with(b"POST /v1/traces"), "{log_filter}: {}", String::from_utf8_lossy(&request));
    assert!(holds(b"component-under-test") && holds(b"POST /logs"), "service and span are named");
    assert!(holds(&unhex(TRACE_ID)), "the span continues the caller's trace");
    assert!(holds(&unhex(PARENT_SPAN_ID)), "the span is the child of the caller's");
}

fn a_filter_for_one_target_leaves_the_warnings_of_others() {
    let log = run(NO_COLLECTOR, "one_crate=debug");
    assert!(log.contains("a detail of the one") && log.contains("a warning of another"), "{log}");
    let log = run(NO_COLLECTOR, "error");
    assert!(!log.contains("a detail of the one") && !log.contains("a warning of another"), "{log}");
}

fn a_filter_that_cannot_be_read_is_said_to_be_left_aside() {
    let log = run(NO_COLLECTOR, "one_crate=loud");
    assert!(log.contains("RUST_LOG cannot be read") && log.contains("one_crate=loud"), "{log}");
    assert!(log.contains("a warning of another") && !log.contains("a detail of the one"), "{log}");
}

/// Runs the component to its end; what it logged.
fn run(endpoint: &str, log_filter: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("RUST_LOG", log_filter)
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    log
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
