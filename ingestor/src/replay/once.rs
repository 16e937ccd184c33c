//! What became of a body that is sent once more, whatever its protocol answers.

use std::sync::{Arc, Mutex, PoisonError};

/// Travels with the request, as an extension of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Once(Arc<Mutex<Outcome>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nobody has said.
    #[default]
    Unknown,
    /// So many entries are in the log.
    Taken(u64),
    /// Nothing of it can be used.
    Failed(String),
}

impl Once {
    pub(crate) fn taken(&self, accepted: u64) {
        let mut outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *outcome == Outcome::Unknown {
            *outcome = Outcome::Taken(accepted);
        }
    }

    pub(crate) fn failed(&self, reason: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Outcome::Failed(reason.to_owned());
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
