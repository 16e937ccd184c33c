//! An entry as the generator sends it: tagged with its run and number, and with a checksum of its content
//! by which the copy that the query server returns is recognised as intact.

pub mod canonical;
mod checksum;
mod text;

use logpipeline_model::Timestamp;

pub use checksum::{Content, checksum};
pub use text::{push_string, push_string_bytes};

/// An entry before it is tagged. An empty field other than `message` is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    pub level: String,
    pub message: String,
    pub resource_id: String,
    pub timestamp: Option<Timestamp>,
    pub trace_id: String,
    pub span_id: String,
    pub commit: String,
    /// Members of the metadata object in canonical JSON ([`canonical`]), without the braces around them.
    pub metadata: String,
}

/// What makes an entry findable: its run, and its number in that run.
#[derive(Debug, Clone, Copy)]
pub struct Tag<'a> {
    pub run: &'a str,
    pub seq: u64,
}

impl Draft {
    /// Empties every field and keeps the memory.
    pub fn clear(&mut self) {
        for field in [
            &mut self.level,
            &mut self.message,
            &mut self.resource_id,
            &mut self.trace_id,
            &mut self.span_id,
            &mut self.commit,
            &mut self.metadata,
        ] {
            field.clear();
        }
        self.timestamp = None;
    }

    /// Appends the entry as one line of NDJSON, `metadata.run`, `metadata.seq` and `metadata.check` added.
    pub fn encode(&self, tag: Tag<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut first = true;
        let mut member = |name: &str, value: &str, out: &mut Vec<u8>| {
            if value.is_empty() && name != "message" {
                return;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            push_string_bytes(value, out);
        };
        member("level", &self.level, out);
        member("message", &self.message, out);
        member("resourceId", &self.resource_id, out);
        if let Some(timestamp) = self.timestamp {
            out.extend_from_slice(b",\"timestamp\":\"");
            timestamp.write_rfc3339(out);
            out.push(b'"');
        }
        member("traceId", &self.trace_id, out);
        member("spanId", &self.span_id, out);
        member("commit", &self.commit, out);
        out.extend_from_slice(b",\"metadata\":{");
        out.extend_from_slice(self.metadata.as_bytes());
        if !self.metadata.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"run\":");
        push_string_bytes(tag.run, out);
        out.extend_from_slice(b",\"seq\":");
        push_decimal(tag.seq, out);
        out.extend_from_slice(b",\"check\":\"");
        push_hex(checksum(&self.content(tag)), out);
        out.extend_from_slice(b"\"}}\n");
    }

    fn content<'a>(&'a self, tag: Tag<'a>) -> Content<'a> {
        Content {
            level: &self.level,
            message: &self.message,
            resource_id: &self.resource_id,
            timestamp: self.timestamp,
            trace_id: &self.trace_id,
            span_id: &self.span_id,
            commit: &self.commit,
            metadata: &self.metadata,
            run: tag.run,
            seq: tag.seq,
        }
    }
}

fn push_decimal(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn push_hex(value: u32, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for place in (0..8).rev() {
        out.push(HEX[(value >> (place * 4) & 0xf) as usize]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn encoded(draft: &Draft, seq: u64) -> Value {
        let mut line = Vec::new();
        draft.encode(Tag { run: "r1", seq }, &mut line);
        assert_eq!(line.last(), Some(&b'\n'));
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn every_field_is_written_and_the_tag_is_added() {
        let draft = Draft {
            level: "ERROR".to_owned(),
            message: "a \"quoted\"\nline".to_owned(),
            resource_id: "server-1234".to_owned(),
            timestamp: Some(Timestamp::from_unix_seconds(1_694_764_800)),
            trace_id: "abc-xyz-123".to_owned(),
            span_id: "span-456".to_owned(),
            commit: "5e5342f".to_owned(),
            metadata: r#""parentResourceId":"server-0987""#.to_owned(),
        };
        let mut value = encoded(&draft, 18_446_744_073_709_551_615);
        let check = value["metadata"].as_object_mut().unwrap().remove("check").unwrap();
        assert_eq!(check.as_str().unwrap().len(), 8);
        assert_eq!(
            value,
            json!({
                "level": "ERROR",
                "message": "a \"quoted\"\nline",
                "resourceId": "server-1234",
                "timestamp": "2023-09-15T08:00:00Z",
                "traceId": "abc-xyz-123",
                "spanId": "span-456",
                "commit": "5e5342f",
                "metadata": {"parentResourceId": "server-0987", "run": "r1", "seq": u64::MAX},
            })
        );
    }

    #[test]
    fn absent_fields_are_left_out_and_an_empty_message_is_not() {
        let value = encoded(&Draft::default(), 0);
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["message", "metadata"]);
        assert_eq!(value["message"], "");
    }
}
