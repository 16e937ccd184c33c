//! The same entries as a request of each protocol.

use std::fmt::Write;

use super::entries::{self, COMMIT, Entry, LOGGER, REGION, SERVICE};
use super::protobuf::{bytes, fixed64, varint};

/// A request, and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Which items of a bulk answer Filebeat asks for.
const FILTERED: &str = "/_bulk?filter_path=errors,items.*.error,items.*.status";

const OTLP: &str = "/v1/logs";

/// Our own JSON first.
pub(crate) fn all() -> Vec<Body> {
    let post = |name, path, content_type, bytes| Body { name, path, content_type, bytes };
    vec![
        post("json", "/logs", "application/json", lines(json)),
        post("bulk", "/_bulk", "application/x-ndjson", lines(bulk)),
        post("bulk, filtered answer", FILTERED, "application/x-ndjson", lines(bulk)),
        post("jsonline", "/insert/jsonline", "application/stream+json", lines(jsonline)),
        post("otlp protobuf", OTLP, "application/x-protobuf", otlp_protobuf()),
        post("otlp json", OTLP, "application/json", otlp_json()),
        post("loki protobuf", "/loki/api/v1/push", "application/x-protobuf", loki_protobuf()),
        post("loki json", "/loki/api/v1/push", "application/json", loki_json()),
        post("hec", "/services/collector/event", "application/json", lines(hec)),
        post("datadog", "/api/v2/logs", "application/json", array(datadog)),
        post("text", "/logs", "text/plain", lines(text)),
    ]
}

fn lines(line: impl Fn(&Entry) -> String) -> Vec<u8> {
    entries::all().fold(String::new(), |text, entry| text + &line(&entry) + "\n").into_bytes()
}

fn array(element: impl Fn(&Entry) -> String) -> Vec<u8> {
    let elements: Vec<String> = entries::all().map(|entry| element(&entry)).collect();
    format!("[{}]", elements.join(",")).into_bytes()
}

fn json(entry: &Entry) -> String {
    let Entry { level, message, parent, status, .. } = entry;
    let (time, trace, span) = (entry.time(), entry.trace(), entry.span());
    format!(
        r#"{{"level":"{level}","message":"{message}","resourceId":"{SERVICE}","timestamp":"{time}","traceId":"{trace}","spanId":"{span}","commit":"{COMMIT}","metadata":{{"parentResourceId":"{parent}","region":"{REGION}","log.logger":"{LOGGER}","http.status":{status},"retry":false}}}}"#
    )
}

/// The members of an entry in the Elastic Common Schema, but for its time and message.
fn ecs(entry: &Entry) -> String {
    let Entry { level, parent, status, .. } = entry;
    let (trace, span) = (entry.trace(), entry.span());
    format!(
        r#""log.level":"{level}","service.name":"{SERVICE}","trace.id":"{trace}","span.id":"{span}","commit":"{COMMIT}","parentResourceId":"{parent}","region":"{REGION}","log.logger":"{LOGGER}","http.status":{status},"retry":false"#
    )
}

fn bulk(entry: &Entry) -> String {
    let (time, message) = (entry.time(), &entry.message);
    format!(
        "{{\"create\":{{\"_index\":\"app\"}}}}\n{{\"@timestamp\":\"{time}\",\"message\":\"{message}\",{}}}",
        ecs(entry)
    )
}

fn jsonline(entry: &Entry) -> String {
    format!(r#"{{"_time":"{}","_msg":"{}",{}}}"#, entry.time(), entry.message, ecs(entry))
}

fn hec(entry: &Entry) -> String {
    let Entry { message, millis, .. } = entry;
    format!(
        r#"{{"time":{}.{:03},"event":{{"message":"{message}",{}}}}}"#,
        millis / 1_000,
        millis % 1_000,
        ecs(entry)
    )
}

fn datadog(entry: &Entry) -> String {
    let Entry { level, message, millis, parent, status, .. } = entry;
    let (trace, span) = (entry.trace(), entry.span());
    format!(
        r#"{{"message":"{message}","ddtags":"region:{REGION}","service":"{SERVICE}","timestamp":{millis},"status":"{level}","dd.trace_id":"{trace}","dd.span_id":"{span}","git.commit.sha":"{COMMIT}","parentResourceId":"{parent}","logger":"{LOGGER}","http.status":{status},"retry":false}}"#
    )
}

fn text(entry: &Entry) -> String {
    let level = entry.level.to_uppercase();
    format!("{} [http-nio-8080-exec-1] {level:<5} {LOGGER} - {}", entry.time(), entry.message)
}

fn otlp_protobuf() -> Vec<u8> {
    let string = |text: &str| bytes(1, text);
    let attribute =
        |field, key: &str, value: Vec<u8>| bytes(field, [bytes(1, key), bytes(2, value)].concat());
    let record = |entry: Entry| {
        let fields = [
            fixed64(1, entry.nanos()),
            varint(2, entry.severity),
            bytes(3, entry.level.to_uppercase()),
            bytes(5, string(&entry.message)),
            attribute(6, "parentResourceId", string(&entry.parent)),
            attribute(6, "http.status", varint(3, entry.status)),
            attribute(6, "retry", varint(2, 0)),
            bytes(9, entry.trace.to_be_bytes()),
            bytes(10, entry.span.to_be_bytes()),
            fixed64(11, entry.nanos()),
        ];
        bytes(2, fields.concat())
    };
    let resource = [
        attribute(1, "service.name", string(SERVICE)),
        attribute(1, "vcs.ref.head.revision", string(COMMIT)),
        attribute(1, "cloud.region", string(REGION)),
    ];
    let records: Vec<u8> = entries::all().flat_map(record).collect();
    let scope = bytes(1, bytes(1, LOGGER));
    bytes(1, [bytes(1, resource.concat()), bytes(2, [scope, records].concat())].concat())
}

fn otlp_json() -> Vec<u8> {
    let string = |key: &str, text: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"{text}"}}}}"#);
    let record = |entry: Entry| {
        format!(
            r#"{{"timeUnixNano":"{nanos}","observedTimeUnixNano":"{nanos}","severityNumber":{},"severityText":"{}","body":{{"stringValue":"{}"}},"attributes":[{},{{"key":"http.status","value":{{"intValue":"{}"}}}},{{"key":"retry","value":{{"boolValue":false}}}}],"traceId":"{}","spanId":"{}"}}"#,
            entry.severity,
            entry.level.to_uppercase(),
            entry.message,
            string("parentResourceId", &entry.parent),
            entry.status,
            entry.trace(),
            entry.span(),
            nanos = entry.nanos(),
        )
    };
    let records: Vec<String> = entries::all().map(record).collect();
    let resource = [
        string("service.name", SERVICE),
        string("vcs.ref.head.revision", COMMIT),
        string("cloud.region", REGION),
    ];
    format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{}]}},"scopeLogs":[{{"scope":{{"name":"{LOGGER}"}},"logRecords":[{}]}}]}}]}}"#,
        resource.join(","),
        records.join(",")
    )
    .into_bytes()
}

/// What a line of Loki's has beside its text: structured metadata.
fn structured(entry: &Entry) -> [(&'static str, String); 6] {
    [
        ("level", entry.level.to_owned()),
        ("trace_id", entry.trace()),
        ("span_id", entry.span()),
        ("parentResourceId", entry.parent.clone()),
        ("http_status", entry.status.to_string()),
        ("retry", "false".to_owned()),
    ]
}

const LABELS: [(&str, &str); 4] =
    [("service_name", SERVICE), ("git_commit", COMMIT), ("region", REGION), ("logger", LOGGER)];

fn loki_protobuf() -> Vec<u8> {
    let line = |entry: Entry| {
        let time = [varint(1, entry.millis / 1_000), varint(2, entry.millis % 1_000 * 1_000_000)].concat();
        let pairs =
            structured(&entry).map(|(name, text)| bytes(3, [bytes(1, name), bytes(2, text)].concat()));
        bytes(2, [bytes(1, time), bytes(2, &entry.message), pairs.concat()].concat())
    };
    let labels: Vec<String> = LABELS.iter().map(|(name, text)| format!("{name}=\"{text}\"")).collect();
    let lines: Vec<u8> = entries::all().flat_map(line).collect();
    let request = bytes(1, [bytes(1, format!("{{{}}}", labels.join(", "))), lines].concat());
    snap::raw::Encoder::new().compress_vec(&request).unwrap_or_default()
}

fn loki_json() -> Vec<u8> {
    let object = |pairs: &[(&str, String)]| {
        let members: Vec<String> = pairs.iter().map(|(name, text)| format!(r#""{name}":"{text}""#)).collect();
        format!("{{{}}}", members.join(","))
    };
    let mut values = String::new();
    for entry in entries::all() {
        let comma = if values.is_empty() { "" } else { "," };
        let _ = write!(
            values,
            r#"{comma}["{}","{}",{}]"#,
            entry.nanos(),
            entry.message,
            object(&structured(&entry))
        );
    }
    let labels = object(&LABELS.map(|(name, text)| (name, text.to_owned())));
    format!(r#"{{"streams":[{{"stream":{labels},"values":[{values}]}}]}}"#).into_bytes()
}
