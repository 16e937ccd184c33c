//! The W3C trace context of a request to a cluster, so that its trace goes on there.

use elasticsearch::http::headers::{HeaderMap, HeaderValue};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Adds the current span's. Without an exporter there is none, and nothing is added.
pub(crate) fn propagate(headers: &mut HeaderMap) {
    let context = tracing::Span::current().context();
    let span = context.span();
    if span.span_context().is_valid() {
        add(span.span_context(), headers);
    }
}

fn add(span: &SpanContext, headers: &mut HeaderMap) {
    let parent = format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8());
    let state = span.trace_state().header();
    let values = [("traceparent", parent), ("tracestate", state)];
    for (name, value) in values.into_iter().filter(|(_, value)| !value.is_empty()) {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use elasticsearch::http::Method;
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use serde_json::Value;
    use tracing::Instrument;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::{Access, Connection};

    /// Asks a server for something; the head of the request that it gets.
    async fn head() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let count = stream.read(&mut head).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").unwrap();
            String::from_utf8_lossy(&head[..count]).to_ascii_lowercase()
        });
        let connection = Connection::new(&Access::new(vec![url])).unwrap();
        connection.ask_within::<Value>(Method::Get, "/", None, Duration::from_secs(5)).await.unwrap();
        server.join().unwrap()
    }

    #[tokio::test]
    async fn a_request_carries_the_span_in_which_it_is_made() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let span = tracing::info_span!("store search");
        let context = span.context().span().span_context().clone();
        let expected = format!("traceparent: 00-{}-{}-01\r\n", context.trace_id(), context.span_id());
        let head = head().instrument(span).await;
        assert!(head.contains(&expected), "{expected}{head}");
    }

    #[tokio::test]
    async fn without_an_exporter_nothing_is_added() {
        let head = head().await;
        assert!(!head.contains("traceparent") && !head.contains("tracestate"), "{head}");
    }

    #[test]
    fn what_others_keep_in_a_trace_goes_on_too() {
        let state = TraceState::from_key_value([("vendor", "1")]).unwrap();
        let (trace, span) = (TraceId::from(7), SpanId::from(9));
        let context = SpanContext::new(trace, span, TraceFlags::NOT_SAMPLED, true, state);
        let mut headers = HeaderMap::new();
        add(&context, &mut headers);
        assert_eq!(headers["traceparent"], "00-00000000000000000000000000000007-0000000000000009-00");
        assert_eq!(headers["tracestate"], "vendor=1");
    }
}
