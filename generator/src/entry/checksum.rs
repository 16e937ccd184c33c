//! The checksum of an entry's content: CRC-32C over every field as the server stores it.

use std::borrow::Cow;

use logpipeline_model::{Level, Timestamp, level};

/// Everything of an entry that must come back as it was sent. An absent field is empty.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// In any spelling; it counts as what it is normalised to.
    pub level: &'a str,
    pub message: &'a str,
    pub resource_id: &'a str,
    /// `None` where the sender gave none.
    pub timestamp: Option<Timestamp>,
    pub trace_id: &'a str,
    pub span_id: &'a str,
    pub commit: &'a str,
    /// Canonical members of the metadata without `run`, `seq` and `check`.
    pub metadata: &'a str,
    pub run: &'a str,
    pub seq: u64,
}

pub fn checksum(content: &Content<'_>) -> u32 {
    let level = match Level::recognise(content.level) {
        Some(level) => Cow::Borrowed(level.as_str()),
        None => Cow::Owned(level::normalise(content.level)),
    };
    let mut sum = 0;
    for field in [
        level.as_ref(),
        content.message,
        content.resource_id,
        content.trace_id,
        content.span_id,
        content.commit,
        content.metadata,
        content.run,
    ] {
        // The length keeps a byte that moves from one field to the next from going unnoticed.
        sum = crc32c::crc32c_append(sum, &(field.len() as u64).to_le_bytes());
        sum = crc32c::crc32c_append(sum, field.as_bytes());
    }
    let nanos = content.timestamp.map_or(i128::MIN, Timestamp::unix_nanos);
    sum = crc32c::crc32c_append(sum, &nanos.to_le_bytes());
    crc32c::crc32c_append(sum, &content.seq.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: Content<'static> = Content {
        level: "error",
        message: "failed",
        resource_id: "server-1",
        timestamp: None,
        trace_id: "t",
        span_id: "s",
        commit: "c",
        metadata: r#""a":1"#,
        run: "r",
        seq: 7,
    };

    #[test]
    fn a_change_of_any_field_changes_the_checksum() {
        let changed = [
            Content { level: "warn", ..CONTENT },
            Content { message: "failed!", ..CONTENT },
            Content { resource_id: "server-2", ..CONTENT },
            Content { timestamp: Some(Timestamp::from_unix_seconds(0)), ..CONTENT },
            Content { trace_id: "u", ..CONTENT },
            Content { span_id: "", ..CONTENT },
            Content { trace_id: "ts", span_id: "", ..CONTENT },
            Content { commit: "d", ..CONTENT },
            Content { metadata: r#""a":2"#, ..CONTENT },
            Content { run: "q", ..CONTENT },
            Content { seq: 8, ..CONTENT },
        ];
        for content in changed {
            assert_ne!(checksum(&content), checksum(&CONTENT), "{content:?}");
        }
    }

    #[test]
    fn a_level_counts_as_it_is_normalised() {
        for level in ["ERROR", "err", "Severe", "3"] {
            assert_eq!(checksum(&Content { level, ..CONTENT }), checksum(&CONTENT), "{level}");
        }
    }
}
