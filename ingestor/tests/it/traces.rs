//! W3C trace context, from the incoming request to the write to the store.

use opentelemetry::trace::{SpanContext, SpanId, TraceId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::eventually;
use crate::support::server::Server;

#[tokio::test]
async fn the_write_to_the_store_is_linked_to_the_requests_whose_entries_it_carries() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // Spans of the tests beside this one come too; they belong to other traces.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let server = Server::start(&["--linger=100ms"]).await;
    let trace = |number: u128| {
        format!("00-{:032x}-00f067aa0ba902b7-01", 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4730 + number)
    };
    for number in 0..3 {
        let answer =
            server.post_to("/logs", &[("traceparent", &trace(number))], "{\"message\":\"traced\"}").await;
        assert_eq!(answer.status, 202);
    }
    server.settled().await;
    let spans = || -> Vec<SpanData> { exporter.get_finished_spans().unwrap() };
    let caller = SpanId::from_hex("00f067aa0ba902b7").unwrap();
    let requests =
        || -> Vec<_> { spans().into_iter().filter(|span| span.parent_span_id == caller).collect() };
    eventually("the requests' spans ended", async || requests().len() == 3).await;
    let requests = requests();
    assert!(requests.iter().all(|span| span.name == "POST /logs"));
    let ours: Vec<_> = requests.iter().map(|span| span.span_context.trace_id()).collect();
    let linked = || -> Vec<_> {
        let batches = spans().into_iter().filter(|span| span.name == "store write");
        let links = batches
            .flat_map(|span| span.links.iter().map(|link| link.span_context.clone()).collect::<Vec<_>>());
        links.filter(|link| ours.contains(&link.trace_id())).map(|link| identity(&link)).collect()
    };
    eventually("the batches' spans ended", async || linked().len() == 3).await;
    let mut linked = linked();
    linked.sort();
    let mut expected: Vec<_> = requests.iter().map(|span| identity(&span.span_context)).collect();
    expected.sort();
    assert_eq!(linked, expected);
    // Who asks is named by the span, not by its token.
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef").unwrap();
    let guarded = Server::start(&[&format!("--tokens-file={}", tokens.display())]).await;
    let headers = [("traceparent", &*trace(9)), ("authorization", "Bearer 0123456789abcdef")];
    assert_eq!(guarded.post_to("/logs", &headers, "{\"message\":\"named\"}").await.status, 202);
    let named = || {
        let mut attributes = spans().into_iter().flat_map(|span| span.attributes);
        attributes
            .any(|attribute| attribute.key.as_str() == "enduser.id" && attribute.value.as_str() == "shop")
    };
    eventually("the request's span ended", async || named()).await;
    let first = TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4730").unwrap();
    assert_eq!(linked[0].0, first.to_bytes());
}

fn identity(span: &SpanContext) -> ([u8; 16], [u8; 8]) {
    (span.trace_id().to_bytes(), span.span_id().to_bytes())
}
