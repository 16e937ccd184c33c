//! W3C trace context, from the incoming request to the store.

use opentelemetry::trace::{SpanId, Status, TraceId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_subscriber::layer::SubscriberExt;

use crate::server::{Server, eventually};

const CALLER: &str = "00f067aa0ba902b7";

/// Asks with a trace context; the request's span, and those of the store below it by their end.
async fn trace(
    server: &Server,
    exporter: &InMemorySpanExporter,
    path: &str,
    trace_id: u128,
) -> (SpanData, Vec<SpanData>) {
    let request = reqwest::Client::new()
        .get(server.url(&format!("/api/v1{path}")))
        .header("traceparent", format!("00-{trace_id:032x}-{CALLER}-01"));
    request.send().await.unwrap().bytes().await.unwrap();
    let ours = || -> Vec<SpanData> {
        let spans = exporter.get_finished_spans().unwrap().into_iter();
        spans.filter(|span| span.span_context.trace_id() == TraceId::from(trace_id)).collect()
    };
    let caller = SpanId::from_hex(CALLER).unwrap();
    eventually(async || ours().iter().any(|span| span.parent_span_id == caller), "the span ended").await;
    let (mut requests, store): (Vec<_>, Vec<_>) =
        ours().into_iter().partition(|span| span.parent_span_id == caller);
    assert_eq!(requests.len(), 1, "{path}");
    (requests.remove(0), store)
}

#[tokio::test]
async fn each_call_to_the_store_is_a_child_of_the_request_that_makes_it() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // Spans of the tests beside this one come too; they belong to other traces.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let server = Server::start().await;
    let id = server.ingest(r#"{"message":"m","level":"info"}"#);
    for _ in 0..400 {
        server.ingest(r#"{"message":"m"}"#);
    }
    for (number, (path, route, calls)) in [
        ("/search", "/search", &["store search"][..]),
        ("/histogram", "/histogram", &["store histogram"]),
        ("/fields", "/fields", &["store fields"]),
        ("/fields/level/values", "/fields/{name}/values", &["store values"]),
        (&format!("/logs/{id}"), "/logs/{id}", &["store get"]),
        (
            &format!("/logs/{id}/context"),
            "/logs/{id}/context",
            &["store get", "store search", "store search"],
        ),
        // The first page, and those that are read while the body is sent.
        ("/export", "/export", &["store search", "store search"]),
    ]
    .into_iter()
    .enumerate()
    {
        let trace_id = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4700 + number as u128;
        let (request, store) = trace(&server, &exporter, path, trace_id).await;
        assert_eq!(request.name, format!("GET /api/v1{route}"));
        let names: Vec<&str> = store.iter().map(|span| span.name.as_ref()).collect();
        assert_eq!(names, calls, "{path}");
        assert!(store.iter().all(|span| span.parent_span_id == request.span_context.span_id()), "{path}");
    }

    server.store.fail_after.store(0, std::sync::atomic::Ordering::SeqCst);
    let (_, store) = trace(&server, &exporter, "/search", 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_47ff).await;
    assert!(
        matches!(&store[0].status, Status::Error { description } if description.contains("told to fail"))
    );
}
