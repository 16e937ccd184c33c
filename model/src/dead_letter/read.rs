//! A stored letter, opened to send once more what is in it.

use serde::Deserialize;

use super::Request;
use crate::{Document, EntryId};

/// A letter as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub id: EntryId,
    pub protocol: Option<String>,
    pub sender: Option<String>,
    pub peer: Option<String>,
    pub content: Returned,
}

/// What a letter gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// An entry that was refused, in its stored form.
    Entry { id: EntryId, stored: Vec<u8> },
    /// A whole body that could not be read.
    Body { request: Request, bytes: Vec<u8> },
}

/// Why nothing can be sent again of a letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("this is no dead letter: {0}")]
    Garbled(String),
    #[error("only the first {kept} of {whole} bytes were kept; have the sender send it again")]
    Truncated { kept: usize, whole: u64 },
    #[error(
        "it did not come by a request of HTTP, so it cannot be sent again; the message, or rawBase64, has its bytes"
    )]
    NoRequest,
}

#[derive(Deserialize)]
struct Stored {
    id: EntryId,
    message: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    protocol: Option<String>,
    sender: Option<String>,
    peer: Option<String>,
    entry_id: Option<EntryId>,
    request: Option<Request>,
    raw_base64: Option<String>,
    truncated: Option<u64>,
}

impl Letter {
    /// Reads a letter in its stored form.
    ///
    /// # Errors
    /// What is no letter, and a letter of which nothing can be sent again.
    pub fn read(stored: &[u8]) -> Result<Self, Invalid> {
        let garbled = |what: String| Invalid::Garbled(what);
        let letter: Stored = serde_json::from_slice(stored).map_err(|error| garbled(error.to_string()))?;
        let Metadata { protocol, sender, peer, entry_id, request, raw_base64, truncated } = letter.metadata;
        let bytes = match raw_base64 {
            Some(text) => decode(&text).ok_or_else(|| garbled("rawBase64 is no base64".to_owned()))?,
            None => letter.message.into_bytes(),
        };
        let content = match (entry_id, request) {
            (Some(id), _) => {
                let document = Document::parse(&bytes).map_err(|error| garbled(error.to_string()))?;
                if document.id != id {
                    return Err(garbled(format!("it holds the entry {}, not {id}", document.id)));
                }
                Returned::Entry { id, stored: bytes }
            }
            (None, Some(request)) => match truncated {
                Some(whole) => return Err(Invalid::Truncated { kept: bytes.len(), whole }),
                None => Returned::Body { request, bytes },
            },
            (None, None) => return Err(Invalid::NoRequest),
        };
        Ok(Self { id: letter.id, protocol, sender, peer, content })
    }
}

/// Base64 as RFC 4648 has it, padded.
fn decode(text: &str) -> Option<Vec<u8>> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (index, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || padding > 0 && index + 1 < groups.len() {
            return None;
        }
        let mut bits = 0u32;
        for byte in group.iter().take(4 - padding) {
            bits = bits << 6 | digit(*byte)?;
        }
        bits <<= 6 * padding;
        bytes.extend_from_slice(bits.to_be_bytes().get(1..4 - padding)?);
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}
