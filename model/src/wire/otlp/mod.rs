//! OTLP: the logs of OpenTelemetry's SDKs and Collectors, a whole `ExportLogsServiceRequest` as protobuf or as JSON.
//!
//! Attributes of a record lie under `metadata`, those of its resource under `metadata.resource`, the scope under
//! `metadata.scope`. Names that the [vocabulary](crate::vocabulary) knows become fields of the entry.

mod any;
mod entries;
mod json;
mod keys;
mod protobuf;
mod record;
mod resource;
mod shared;
#[cfg(test)]
mod tests;

use super::{Sink, Unreadable};
use entries::Entries;

/// Hands every log record of a request in protobuf to the sink.
pub fn read_protobuf(body: &[u8], sink: &mut dyn Sink) -> Result<(), Unreadable> {
    protobuf::read(body, &mut Entries::new(sink))
}

/// Hands every log record of a request in JSON to the sink.
pub fn read_json(body: &[u8], sink: &mut dyn Sink) -> Result<(), Unreadable> {
    // Text that is not UTF-8 is kept as far as it can be read.
    let text = String::from_utf8_lossy(body);
    if let std::borrow::Cow::Owned(text) = &text {
        sink.charge(text.capacity())?;
    }
    json::read(&text, &mut Entries::new(sink))
}
