use crate::json::Fault;

/// Why an entry was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", field.map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct Rejection {
    pub kind: Reason,
    /// The field at fault, where it is one.
    pub field: Option<&'static str>,
    /// What is wrong, and what is expected instead.
    pub reason: String,
}

/// Sorts of rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Not of the format, or cut off.
    Malformed,
    /// A field's value is not what it must be.
    Field,
    /// Larger or more deeply nested than allowed.
    Limit,
}

impl Reason {
    pub const ALL: [Self; 3] = [Self::Malformed, Self::Field, Self::Limit];

    /// The name for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Field => "field",
            Self::Limit => "limit",
        }
    }
}

impl Rejection {
    pub fn whole(reason: impl Into<String>) -> Self {
        Self { kind: Reason::Malformed, field: None, reason: reason.into() }
    }

    pub(crate) fn limit(reason: impl Into<String>) -> Self {
        Self { kind: Reason::Limit, field: None, reason: reason.into() }
    }

    pub(crate) fn field(field: &'static str, reason: impl Into<String>) -> Self {
        Self { kind: Reason::Field, field: Some(field), reason: reason.into() }
    }
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            Fault::Depth { .. } => Reason::Limit,
            _ => Reason::Malformed,
        };
        Self { kind, field: None, reason: fault.to_string() }
    }
}
