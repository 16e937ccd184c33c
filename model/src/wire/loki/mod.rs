//! Loki's push API: streams of lines, each stream with its labels, as JSON or as protobuf in a block of Snappy.
//!
//! Labels and structured metadata are attributes of an entry: names that the [vocabulary](crate::vocabulary) knows become its
//! fields, the others lie under `metadata`. The line is the message as it is.

mod json;
mod labels;
mod lines;
mod protobuf;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::{Sink, Unreadable};
use lines::Lines;

/// Snappy makes at most 64 bytes of three.
const RATIO: usize = 22;

/// Hands every line of a push in JSON to the sink. `tenant` is kept with each.
pub fn read_json(body: &[u8], tenant: Option<&str>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    // Text that is not UTF-8 is kept as far as it can be read.
    let text = String::from_utf8_lossy(body);
    if let Cow::Owned(text) = &text {
        sink.charge(text.capacity())?;
    }
    json::read(&text, &mut Lines::new(tenant, sink))
}

/// Hands every line of a push in protobuf, which inflates to at most `limit` bytes, to the sink.
pub fn read_protobuf(
    body: &[u8],
    tenant: Option<&str>,
    limit: usize,
    sink: &mut dyn Sink,
) -> Result<(), Unreadable> {
    if body.is_empty() {
        return Ok(());
    }
    let garbled = |what: &dyn std::fmt::Display| {
        Unreadable::Malformed(format!("protobuf must come as one block of Snappy, not framed: {what}"))
    };
    let length = snap::raw::decompress_len(body).map_err(|error| garbled(&error))?;
    if length / RATIO > body.len() {
        return Err(garbled(&format!("{} bytes cannot hold the {length} that they claim", body.len())));
    }
    if length > limit {
        return Err(Unreadable::TooLarge);
    }
    sink.charge(length)?;
    let mut message = vec![0; length];
    snap::raw::Decoder::new().decompress(body, &mut message).map_err(|error| garbled(&error))?;
    protobuf::read(&message, &mut Lines::new(tenant, sink))
}
