//! One entry on its way, as the two lines of a bulk request, under a name that its source gives it.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// What the bulk protocol allows.
const LONGEST_ID: usize = 512;

/// An action and a document, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document(Vec<u8>);

impl Document {
    /// `source` is JSON, and goes out as it is but for line breaks between its tokens.
    pub(super) fn new(index: &str, id: &str, source: &[u8]) -> Self {
        let mut lines = Vec::with_capacity(source.len() + index.len() + id.len() + 40);
        lines.extend_from_slice(b"{\"create\":{\"_index\":");
        push_json(&mut lines, index);
        lines.extend_from_slice(b",\"_id\":");
        match id.len() > LONGEST_ID {
            true => push_json(&mut lines, &hashed(id)),
            false => push_json(&mut lines, id),
        }
        lines.extend_from_slice(b"}}\n");
        let from = lines.len();
        lines.extend_from_slice(source);
        // Within strings JSON has them escaped.
        for byte in lines[from..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        lines.push(b'\n');
        Self(lines)
    }

    pub(super) fn lines(&self) -> &[u8] {
        &self.0
    }
}

fn hashed(id: &str) -> String {
    let mut name = Name::new("id");
    name.add(id.as_bytes());
    name.id(0)
}

/// Makes the id of an entry whose source has none, of what the source says of it.
#[derive(Debug, Clone)]
pub(super) struct Name(Sha256);

impl Name {
    pub(super) fn new(kind: &str) -> Self {
        let mut name = Self(Sha256::new());
        name.add(b"logpipeline import 1");
        name.add(kind.as_bytes());
        name
    }

    /// Parts are told apart by their lengths.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    pub(super) fn digest(self) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.copy_from_slice(&self.0.finalize()[..16]);
        digest
    }

    fn id(self, ordinal: u32) -> String {
        id(&self.digest(), ordinal)
    }
}

/// The id of the entry that is the `ordinal`-th, from 0, among equal ones.
pub(super) fn id(digest: &[u8; 16], ordinal: u32) -> String {
    let mut id = String::with_capacity(40);
    for byte in digest {
        for digit in [byte >> 4, byte & 15] {
            id.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    if ordinal > 0 {
        id.push('-');
        id.push_str(&ordinal.to_string());
    }
    id
}

/// Appends a JSON value.
pub(super) fn push_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Strings and what was parsed from JSON can be written to memory.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: &Document) -> &str {
        std::str::from_utf8(document.lines()).unwrap()
    }

    #[test]
    fn a_document_is_two_lines_whatever_its_source_looks_like() {
        let document =
            Document::new("logs-\"a\"", "x\n1", b"{\r\n  \"message\": \"a\\nb\",\n  \"n\": 1.50\n}");
        let expected = concat!(
            r#"{"create":{"_index":"logs-\"a\"","_id":"x\n1"}}"#,
            "\n",
            r#"{    "message": "a\nb",   "n": 1.50 }"#,
            "\n"
        );
        assert_eq!(text(&document), expected);
    }

    #[test]
    fn an_id_that_is_too_long_is_hashed() {
        let longest = "x".repeat(512);
        assert!(text(&Document::new("i", &longest, b"{}")).contains(&longest));
        let longer = Document::new("i", &"x".repeat(513), b"{}");
        let other = Document::new("i", &"x".repeat(514), b"{}");
        assert!(!text(&longer).contains("xx") && longer != other);
        assert_eq!(longer, Document::new("i", &"x".repeat(513), b"{}"));
    }

    #[test]
    fn names_differ_with_any_part_and_its_place() {
        let name = |parts: &[&str]| {
            let mut name = Name::new("loki");
            parts.iter().for_each(|part| name.add(part.as_bytes()));
            name.id(0)
        };
        assert_eq!(name(&["a", "bc"]), name(&["a", "bc"]));
        let others = [name(&["ab", "c"]), name(&["bc", "a"]), name(&["a", "bc", ""]), name(&["abc"])];
        assert!(others.iter().all(|other| *other != name(&["a", "bc"])));
        assert_eq!(id(&[0x0f; 16], 0), "0f".repeat(16));
        assert_eq!(id(&[0x0f; 16], 12), format!("{}-12", "0f".repeat(16)));
    }
}
