//! A letter as an entry in its stored form.

use super::{Content, DeadLetter, Request, id_of};
use crate::entry::{Draft, Field, Incoming, Limits, Members, Stamp};
use crate::{Document, EntryId};

impl DeadLetter<'_> {
    /// The id under which the letter is stored.
    pub fn id(&self) -> EntryId {
        match self.content {
            Content::Entry { id, .. } => id_of(id),
            Content::Body { id, .. } => id,
        }
    }

    /// The letter as an entry in its stored form.
    pub fn stored(&self) -> Vec<u8> {
        let bytes = match self.content {
            Content::Entry { stored, .. } => stored,
            Content::Body { bytes, .. } => bytes,
        };
        let text = String::from_utf8_lossy(bytes);
        let mut draft = Draft::default();
        draft.set_time(self.at);
        draft.set(Field::Message, &*text);
        if let Content::Entry { stored, .. } = self.content
            && let Ok(document) = Document::parse(stored)
        {
            for (field, value) in [(Field::Level, document.level), (Field::ResourceId, document.resource_id)]
            {
                if let Some(value) = value {
                    draft.set(field, value.into_owned());
                }
            }
        }
        self.describe(draft.metadata());
        if matches!(text, std::borrow::Cow::Owned(_)) {
            draft.metadata().key("rawBase64");
            draft.metadata().push_base64(bytes);
        }
        let stamp = Stamp { id: self.id(), received_at: self.at };
        let limits = Limits { entry_bytes: usize::MAX, depth: usize::MAX };
        let mut out = Vec::with_capacity(bytes.len() + 1024);
        // Every field is a text, so nothing is left that could be refused.
        let _ = draft.write(stamp, &limits, &mut out);
        out
    }

    fn describe(&self, metadata: &mut Members) {
        metadata.string("reason", self.reason);
        for (key, value) in [
            ("protocol", self.origin.protocol),
            ("sender", self.origin.sender),
            ("peer", self.origin.peer),
            ("receipt", self.origin.receipt),
        ] {
            if let Some(value) = value {
                metadata.string(key, value);
            }
        }
        match &self.content {
            Content::Entry { id, .. } => metadata.string("entryId", &id.to_string()),
            Content::Body { truncated, request, .. } => {
                if let Some(request) = request {
                    request.write(metadata);
                }
                if let Some(bytes) = truncated {
                    metadata.number("truncated", bytes);
                }
            }
        }
    }
}

impl Request {
    fn write(&self, metadata: &mut Members) {
        metadata.open_object("request");
        metadata.string("method", &self.method);
        metadata.string("path", &self.path);
        for (key, value) in [("contentType", &self.content_type), ("contentEncoding", &self.content_encoding)]
        {
            if let Some(value) = value {
                metadata.string(key, value);
            }
        }
        if !self.headers.is_empty() {
            metadata.open_object("headers");
            for (name, value) in &self.headers {
                metadata.string(name, value);
            }
            metadata.close();
        }
        metadata.close();
    }
}
