use std::fmt;

/// Why bytes are not JSON, or not JSON within bounds. Offsets count bytes from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("invalid JSON at byte offset {offset}: expected {expected}, found {}", Found(*found))]
    Unexpected { offset: usize, expected: &'static str, found: u8 },
    #[error("the JSON ends at byte offset {offset}, where {expected} was expected")]
    End { offset: usize, expected: &'static str },
    #[error(
        "control byte 0x{byte:02x} in a string at byte offset {offset}: send it escaped, as \\u{:04x}",
        u16::from(*byte)
    )]
    Control { offset: usize, byte: u8 },
    #[error("invalid escape in a string at byte offset {offset}")]
    Escape { offset: usize },
    #[error("nested deeper than {limit} levels at byte offset {offset}")]
    Depth { offset: usize, limit: usize },
}

impl Fault {
    /// A byte that is wrong where it stands, or the end of the text.
    pub(crate) fn at(bytes: &[u8], offset: usize, expected: &'static str) -> Self {
        match bytes.get(offset) {
            Some(&found) => Self::Unexpected { offset, expected, found },
            None => Self::End { offset, expected },
        }
    }

    pub(crate) fn offset(&self) -> usize {
        match *self {
            Self::Unexpected { offset, .. }
            | Self::End { offset, .. }
            | Self::Control { offset, .. }
            | Self::Escape { offset }
            | Self::Depth { offset, .. } => offset,
        }
    }
}

struct Found(u8);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\n' => f.write_str("a line break"),
            b'\'' => f.write_str("a single quote"),
            byte if byte.is_ascii_graphic() => write!(f, "'{}'", char::from(byte)),
            byte => write!(f, "byte 0x{byte:02x}"),
        }
    }
}
