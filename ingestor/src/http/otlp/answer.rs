//! `ExportLogsServiceResponse`: empty where every record was taken.

use serde_json::json;

use super::status::Message;
use crate::intake::Submitted;

/// Of this many rejected records the reasons are told.
const REASONS: usize = 5;

pub(super) fn protobuf(submitted: &Submitted) -> Vec<u8> {
    let mut response = Message::default();
    if submitted.rejected > 0 {
        let mut partial = Message::default();
        partial.varint(1, submitted.rejected);
        partial.bytes(2, reasons(submitted).as_bytes());
        response.bytes(1, &partial.0);
    }
    response.0
}

pub(super) fn json(submitted: &Submitted) -> Vec<u8> {
    if submitted.rejected == 0 {
        return b"{}".to_vec();
    }
    // JSON of protobuf has integers of 64 bits as strings.
    let rejected = submitted.rejected.to_string();
    let partial = json!({"rejectedLogRecords": rejected, "errorMessage": reasons(submitted)});
    json!({"partialSuccess": partial}).to_string().into_bytes()
}

/// Which records were rejected and why, as far as fits one message.
fn reasons(submitted: &Submitted) -> String {
    let listed = submitted.rejections.iter().take(REASONS).map(|rejected| {
        let field = rejected.field.map(|field| format!("{field}: ")).unwrap_or_default();
        format!("log record {}: {field}{}", rejected.line, rejected.reason)
    });
    let mut text = listed.collect::<Vec<_>>().join("; ");
    let more = submitted.rejected.saturating_sub(REASONS as u64);
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}
