//! What a record says, by the model's parser of lines; and stanzas of apt, which are no lines.

mod apt;

use std::borrow::Cow;
use std::collections::BTreeMap;

use logpipeline_model::line::{Context, Value, recognise};

use crate::entry::{Draft, canonical, push_string};

/// What a record says, metadata by key as canonical JSON.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) draft: Draft,
    metadata: BTreeMap<String, String>,
}

impl Fields {
    /// Reads a record. Never fails: a record of no known format is its own message.
    pub(super) fn parse(text: &str, context: &Context) -> Self {
        if let Some(fields) = apt::parse(text, context) {
            return fields;
        }
        let recognised = recognise(text, context);
        let given = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
        let mut fields = Self {
            draft: Draft {
                level: given(&recognised.level),
                message: recognised.text().to_owned(),
                resource_id: given(&recognised.resource_id),
                timestamp: recognised.timestamp,
                trace_id: given(&recognised.trace_id),
                span_id: given(&recognised.span_id),
                commit: given(&recognised.commit),
                metadata: String::new(),
            },
            ..Self::default()
        };
        for (name, value) in recognised.metadata() {
            fields.value(&name, &value);
        }
        fields
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

    /// Adds what a line says beside its fields.
    fn value(&mut self, name: &str, value: &Value<'_>) {
        let mut json = Vec::new();
        value.write(&mut json);
        let mut canonical = String::with_capacity(json.len());
        // It has been read as JSON before, and within fewer levels than canonical form has.
        if canonical::write(&String::from_utf8_lossy(&json), &mut canonical).is_ok() {
            self.json(name, canonical);
        }
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

#[cfg(test)]
mod tests;
