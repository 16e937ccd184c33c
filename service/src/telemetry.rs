//! Structured logs on stderr, and traces to an OpenTelemetry collector where one is named.

use std::env;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// What is logged where `RUST_LOG` says nothing else of a target.
const DEFAULT_LEVEL: &str = "info";
/// How the names of this workspace's crates begin: spans of others are not exported.
const OUR_CRATES: &str = "logpipeline";

/// Keeps telemetry running; dropping it sends the spans that are left.
#[derive(Debug)]
#[must_use]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Starts logging as JSON on stderr, filtered by `RUST_LOG` (`info` for the targets it does not name). With
/// `OTEL_EXPORTER_OTLP_ENDPOINT` set, spans go there by OTLP over HTTP under the service name `component`,
/// whatever is logged.
pub fn init(component: &'static str) -> anyhow::Result<Telemetry> {
    init_at(component, &env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default())
}

/// As [`init`], with what `RUST_LOG` would hold given by the caller.
pub fn init_at(component: &'static str, given: &str) -> anyhow::Result<Telemetry> {
    let (filter, refused) = match log_filter(given) {
        Ok(filter) => (filter, None),
        Err(reason) => (EnvFilter::new(DEFAULT_LEVEL), Some(reason)),
    };
    let logs = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_filter(filter);
    let traces = match env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Some(endpoint) if !endpoint.is_empty() => Some(exporter(component)?),
        _ => None,
    };
    let spans = traces.as_ref().map(|provider| {
        let ours = Targets::new().with_target(OUR_CRATES, LevelFilter::INFO);
        tracing_opentelemetry::layer().with_tracer(provider.tracer(component)).with_filter(ours)
    });
    tracing_subscriber::registry().with(logs).with(spans).try_init()?;
    if let Some(reason) = refused {
        tracing::warn!(reason, default = DEFAULT_LEVEL, "RUST_LOG cannot be read and is left aside");
    }
    Ok(Telemetry { traces })
}

/// The directives given, behind the default: one without a target replaces it, others are for their targets alone.
fn log_filter(given: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(format!("{DEFAULT_LEVEL},{given}")).map_err(|error| format!("{given:?}: {error}"))
}

fn exporter(component: &'static str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    let resource = Resource::builder().with_service_name(component).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Middleware: runs each request in a span that continues the caller's W3C trace context.
pub async fn trace_requests(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", |path| path.as_str());
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = route,
        // Who asks, where that is known.
        enduser.id = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
    );
    let caller = TraceContextPropagator::new().extract(&Headers(request.headers()));
    // Without an exporter there is no OpenTelemetry layer, and nothing to attach the context to.
    let _ = span.set_parent(caller);
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    response
}

/// Adds the current span's W3C trace context to a request that is about to be sent. Without an exporter
/// there is none, and nothing is added.
pub fn propagate(headers: &mut HeaderMap) {
    TraceContextPropagator::new()
        .inject_context(&tracing::Span::current().context(), &mut HeadersMut(headers));
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The filter's directives, as it prints them.
    fn directives(given: &str) -> Vec<String> {
        let mut directives: Vec<String> =
            log_filter(given).unwrap().to_string().split(',').map(str::to_owned).collect();
        directives.sort();
        directives
    }

    #[test]
    fn a_target_that_is_named_leaves_the_others_at_the_default() {
        assert_eq!(directives(""), ["info"]);
        assert_eq!(directives("logpipeline_ingestor=debug"), ["info", "logpipeline_ingestor=debug"]);
        assert_eq!(directives("warn"), ["warn"]);
        assert_eq!(directives("off"), ["off"]);
        assert_eq!(directives("hyper=trace,debug"), ["debug", "hyper=trace"]);
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused_by_what_it_says() {
        let reason = log_filter("logpipeline=loud").unwrap_err();
        assert!(reason.contains("loud"), "{reason}");
    }
}
