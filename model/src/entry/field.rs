/// The fields of an entry that a sender may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Timestamp,
    Level,
    Message,
    ResourceId,
    TraceId,
    SpanId,
    Commit,
    Metadata,
}

impl Field {
    pub(crate) const COUNT: usize = 8;

    /// The field's key in the native format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Level => "level",
            Self::Message => "message",
            Self::ResourceId => "resourceId",
            Self::TraceId => "traceId",
            Self::SpanId => "spanId",
            Self::Commit => "commit",
            Self::Metadata => "metadata",
        }
    }

    pub(super) fn named(key: &str) -> Option<Self> {
        Some(match key {
            "timestamp" => Self::Timestamp,
            "level" => Self::Level,
            "message" => Self::Message,
            "resourceId" => Self::ResourceId,
            "traceId" => Self::TraceId,
            "spanId" => Self::SpanId,
            "commit" => Self::Commit,
            "metadata" => Self::Metadata,
            _ => return None,
        })
    }
}
