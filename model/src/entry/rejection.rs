use crate::json::Fault;

/// Why an entry was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", field.map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct Rejection {
    /// The field at fault, where it is one.
    pub field: Option<&'static str>,
    /// What is wrong, and what is expected instead.
    pub reason: String,
}

impl Rejection {
    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self { field: None, reason: reason.into() }
    }

    pub(crate) fn field(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field: Some(field), reason: reason.into() }
    }
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self::whole(fault.to_string())
    }
}
