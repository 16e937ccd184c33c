//! The protocols of HTTP. Entries have what makes a retry known: a time to the microsecond, or an identity.

use std::net::SocketAddr;

use async_trait::async_trait;
use serde_json::json;

use super::sender::{Batch, Kind, PATIENCE, Sender};

/// A client that keeps its connections, as senders do.
struct Requests {
    client: reqwest::Client,
    path: &'static str,
    content_type: &'static str,
    /// Whether requests have a name of their own.
    named: bool,
    encode: fn(&Batch) -> String,
}

impl Requests {
    fn boxed(
        path: &'static str,
        content_type: &'static str,
        encode: fn(&Batch) -> String,
    ) -> Box<dyn Sender> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Box::new(Self { client, path, content_type, named: path == NATIVE && content_type == JSON, encode })
    }
}

#[async_trait]
impl Sender for Requests {
    async fn send(&mut self, to: SocketAddr, batch: &Batch) -> usize {
        let request = self.client.post(format!("http://{to}{}", self.path));
        let mut request = request.header("content-type", self.content_type).body((self.encode)(batch));
        if self.named {
            request = request.header("idempotency-key", format!("batch-{}", batch.number));
        }
        let response = request.send().await;
        if response.is_ok_and(|response| response.status().is_success()) { batch.messages.len() } else { 0 }
    }
}

const JSON: &str = "application/json";
const NATIVE: &str = "/logs";

pub const ALL: [Kind; 11] = [
    kind("json", || Requests::boxed(NATIVE, JSON, native)),
    kind("text", || Requests::boxed(NATIVE, "text/plain", text)),
    kind("bulk", || Requests::boxed("/_bulk", JSON, bulk)),
    kind("bulk with _id", || Requests::boxed("/_bulk", JSON, bulk_with_ids)),
    kind("jsonline", || Requests::boxed("/insert/jsonline", JSON, jsonline)),
    kind("otlp", || Requests::boxed("/v1/logs", JSON, otlp)),
    kind("loki", || Requests::boxed("/loki/api/v1/push", JSON, loki)),
    kind("hec", || Requests::boxed("/services/collector/event", JSON, hec)),
    kind("datadog", || Requests::boxed("/api/v2/logs", JSON, datadog)),
    kind("gelf", || Requests::boxed("/gelf", JSON, gelf)),
    kind("journal", || Requests::boxed("/upload", "application/vnd.fdo.journal", journal)),
];

const fn kind(name: &'static str, sender: fn() -> Box<dyn Sender>) -> Kind {
    Kind { name, listener: None, sender }
}

pub fn rfc3339(micros: u64) -> String {
    logpipeline_model::Timestamp::from_unix_nanos(i128::from(micros) * 1_000).to_string()
}

fn each<T>(batch: &Batch, write: impl Fn(usize, u64, &String) -> T) -> Vec<T> {
    let messages = batch.messages.iter().enumerate();
    messages.map(|(line, message)| write(line, batch.micros(line), message)).collect()
}

fn lines(batch: &Batch, line: impl Fn(u64, &String) -> String) -> String {
    each(batch, |_, micros, message| line(micros, message) + "\n").concat()
}

/// Nothing but the request's name makes a retry known.
fn native(batch: &Batch) -> String {
    lines(batch, |_, message| json!({"message": message}).to_string())
}

fn text(batch: &Batch) -> String {
    lines(batch, |micros, message| format!("{} INFO {message}", rfc3339(micros)))
}

fn bulk(batch: &Batch) -> String {
    lines(batch, |micros, message| {
        format!(
            "{{\"create\":{{\"_index\":\"faults\"}}}}\n{}",
            json!({"@timestamp": rfc3339(micros), "message": message})
        )
    })
}

/// Documents without a time of their own.
fn bulk_with_ids(batch: &Batch) -> String {
    lines(batch, |micros, message| {
        format!(
            "{{\"index\":{{\"_index\":\"faults\",\"_id\":\"{micros}\"}}}}\n{}",
            json!({"message": message})
        )
    })
}

fn jsonline(batch: &Batch) -> String {
    lines(batch, |micros, message| json!({"_time": rfc3339(micros), "_msg": message}).to_string())
}

fn otlp(batch: &Batch) -> String {
    let records = each(
        batch,
        |_, micros, message| json!({"timeUnixNano": (micros * 1_000).to_string(), "severityNumber": 9, "body": {"stringValue": message}}),
    );
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).to_string()
}

fn loki(batch: &Batch) -> String {
    let values = each(batch, |_, micros, message| json!([(micros * 1_000).to_string(), message]));
    json!({"streams": [{"stream": {"app": "faults"}, "values": values}]}).to_string()
}

/// Seconds with six digits of fraction.
fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn hec(batch: &Batch) -> String {
    lines(batch, |micros, message| json!({"time": seconds(micros), "event": message}).to_string())
}

/// The API has milliseconds; a batch of this size is known by them.
fn datadog(batch: &Batch) -> String {
    let entries = each(
        batch,
        |_, micros, message| json!({"timestamp": micros / 1_000, "message": message, "service": "faults"}),
    );
    json!(entries).to_string()
}

fn gelf(batch: &Batch) -> String {
    lines(batch, |micros, message| {
        format!(
            r#"{{"version":"1.1","host":"h","short_message":{},"timestamp":{}}}"#,
            json!(message),
            seconds(micros)
        )
    })
}

fn journal(batch: &Batch) -> String {
    let entries = each(batch, |line, micros, message| {
        format!(
            "__CURSOR=s=a8f51950bff14eaca1e75b953910129c;i={:x}\n__REALTIME_TIMESTAMP={micros}\nMESSAGE={message}\nPRIORITY=6\n_HOSTNAME=vm\n\n",
            batch.number * Batch::SIZE + line as u64
        )
    });
    entries.concat()
}
