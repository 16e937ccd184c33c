//! Formats of lines, one file each. A format that doesn't recognise a line leaves it to the next.

mod access;
mod apt;
mod json;
mod klog;
mod logfmt;
mod plain;
mod syslog;

use std::collections::BTreeMap;

use crate::entry::{Draft, push_string};

use super::level;
use super::time::Clock;

/// What a record says, metadata by key as canonical JSON.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) draft: Draft,
    metadata: BTreeMap<String, String>,
}

impl Fields {
    /// Reads a record. Never fails: a record of no known format is its own message.
    pub(super) fn parse(text: &str, clock: &Clock) -> Self {
        const FORMATS: [fn(&str, &Clock) -> Option<Fields>; 7] =
            [json::parse, apt::parse, syslog::parse, access::parse, klog::parse, logfmt::parse, plain::parse];
        FORMATS.iter().find_map(|parse| parse(text, clock)).unwrap_or_else(|| {
            let mut fields =
                Self { draft: Draft { message: text.to_owned(), ..Draft::default() }, ..Self::default() };
            if let Some((found, _)) = level::find(text) {
                fields.draft.level = found.as_str().to_owned();
            }
            fields
        })
    }

    /// Adds a metadata member of canonical JSON. A name that is taken, or that the tags need, gets a `_`
    /// appended until it is free.
    pub(super) fn json(&mut self, name: &str, json: String) {
        let mut name = name.to_owned();
        while matches!(name.as_str(), "run" | "seq" | "check") || self.metadata.contains_key(&name) {
            name.push('_');
        }
        self.metadata.insert(name, json);
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        let mut json = String::with_capacity(text.len() + 2);
        push_string(text, &mut json);
        self.json(name, json);
    }

    /// Adds an object of members that are canonical JSON, leaving out empty ones.
    fn object(&mut self, name: &str, members: &[(&str, String)]) {
        let mut members: Vec<&(&str, String)> = members.iter().filter(|(_, json)| !json.is_empty()).collect();
        members.sort_by_key(|(key, _)| *key);
        if members.is_empty() {
            return;
        }
        let mut json = String::from("{");
        for (index, (key, value)) in members.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            push_string(key, &mut json);
            json.push(':');
            json.push_str(value);
        }
        json.push('}');
        self.json(name, json);
    }

    /// A smaller stand-in for a record that is too large: the beginning of its text, and where it came from.
    pub(super) fn cut(text: &str, bytes: usize, whole: Self) -> Self {
        let mut end = bytes.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut metadata = whole.metadata;
        metadata.retain(|name, _| ["file", "line", "droppedBytes"].contains(&name.as_str()));
        let mut fields = Self { draft: Draft { message: text[..end].to_owned(), ..whole.draft }, metadata };
        fields.json("cutBytes", (text.len() - end).to_string());
        fields
    }

    pub(super) fn into_draft(mut self) -> Draft {
        let out = &mut self.draft.metadata;
        for (name, json) in &self.metadata {
            if !out.is_empty() {
                out.push(',');
            }
            push_string(name, out);
            out.push(':');
            out.push_str(json);
        }
        self.draft
    }
}

/// Whether a line begins a record of a format that says so.
pub(super) fn has_header(line: &str, clock: &Clock) -> bool {
    line.starts_with('{')
        || plain::parse(line, clock).is_some()
        || syslog::parse(line, clock).is_some()
        || klog::parse(line, clock).is_some()
}

/// A JSON string, or nothing for an empty text.
fn quoted(text: &str) -> String {
    let mut json = String::new();
    if !text.is_empty() {
        push_string(text, &mut json);
    }
    json
}

/// A JSON number where `text` is one, a string otherwise.
fn number_or_text(text: &str) -> String {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok_and(|raw| raw.get() == text);
    if is_number || matches!(text, "true" | "false") { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests;
