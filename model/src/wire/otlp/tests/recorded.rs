//! Requests as real senders sent them.

use serde_json::json;

use super::{from_json, from_protobuf};

#[test]
fn a_collector_that_writes_fields_backwards_and_knows_only_when_it_observed() {
    let entry = |time: &str, message: &str| json!({"timestamp": time, "message": message, "metadata": {"log.file.name": "in.log"}});
    let mut warning = entry("2026-11-30T11:55:16.540762703Z", "file line two level=warn");
    warning["level"] = json!("warn");
    assert_eq!(
        from_protobuf(include_bytes!("collector-0.148.bin")),
        [
            entry("2026-11-30T11:55:16.540699419Z", "file line one"),
            warning,
            entry("2026-11-30T11:55:16.540763444Z", r#"{"msg":"json line","n":3}"#),
        ]
    );
}

#[test]
fn the_sdk_for_rust() {
    let entries = from_protobuf(include_bytes!("rust-0.33.1.bin"));
    let resource = json!({
        "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "0.33.1", "telemetry.sdk.language": "rust",
    });
    let entry = |time: &str, level: &str, message: &str, scope: &str, attributes: serde_json::Value| {
        let mut metadata = attributes;
        metadata["eventName"] = json!("event src/main.rs:6");
        metadata["scope"] = json!({"name": scope});
        metadata["resource"] = resource.clone();
        json!({"timestamp": time, "level": level, "message": message, "resourceId": "shop", "metadata": metadata})
    };
    assert_eq!(
        entries,
        [
            entry(
                "2026-11-30T12:03:04.208821813Z",
                "info",
                "line 0",
                "senders",
                json!({"order": 42, "paid": true})
            ),
            entry("2026-11-30T12:03:04.208834532Z", "error", "line 1", "senders", json!({})),
            entry(
                "2026-11-30T12:03:04.208890345Z",
                "warn",
                "line 2 in span",
                "shop::cart",
                json!({"ratio": 0.5})
            ),
        ]
    );
}

#[test]
fn a_collector_by_json_with_empty_ids() {
    let body = r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"observedTimeUnixNano":"1796038976612258817","body":{"stringValue":"file line one"},"attributes":[{"key":"log.file.name","value":{"stringValue":"in.log"}}],"traceId":"","spanId":""}]}]}]}"#;
    let metadata = json!({"log.file.name": "in.log"});
    let expected = json!({"timestamp": "2026-11-30T11:42:56.612258817Z", "message": "file line one", "metadata": metadata});
    assert_eq!(from_json(body), [expected]);
}

#[test]
fn the_sdk_for_javascript_with_integers_as_numbers() {
    let body = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}],"droppedAttributesCount":0},"scopeLogs":[{"scope":{"name":"shop.cart","version":"1.0"},"logRecords":[{"timeUnixNano":"1796040160488000000","observedTimeUnixNano":"1796040160488000000","severityNumber":9,"severityText":"INFO","body":{"stringValue":"line 0"},"attributes":[{"key":"order","value":{"intValue":42}}],"droppedAttributesCount":0}]}]}]}"#;
    let expected = json!({
        "timestamp": "2026-11-30T12:02:40.488Z", "level": "info", "message": "line 0", "resourceId": "shop",
        "metadata": {"order": 42, "scope": {"name": "shop.cart", "version": "1.0"}},
    });
    assert_eq!(from_json(body), [expected]);
}
