use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, Protocol, WithExportConfig};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use tracing_subscriber::prelude::*;

use crate::{Job, text};

pub(crate) fn send(job: &Job) {
    // The exporter over gRPC wants a runtime to live in.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let exporter = match job.variant.as_str() {
        "grpc" => LogExporter::builder()
            .with_tonic()
            .with_endpoint(format!("http://{}:{}", job.host, job.port))
            .build(),
        _ => LogExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("http://{}:{}/v1/logs", job.host, job.port))
            .build(),
    };
    let provider = SdkLoggerProvider::builder().with_batch_exporter(exporter.unwrap()).build();
    tracing_subscriber::registry().with(OpenTelemetryTracingBridge::new(&provider)).init();
    for batch in job.batches() {
        for entry in batch {
            tracing::info!(target: "shop.cart", order = entry["fields"]["order"].as_i64(), paid = true, "{}", text(entry));
        }
    }
    drop(provider.shutdown());
}
