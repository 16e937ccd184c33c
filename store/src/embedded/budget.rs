//! How long a request may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Shared by all parts of one request: once spent, it stays spent.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget {
    deadline: Option<Instant>,
    spent: Arc<AtomicBool>,
}

impl Budget {
    pub(super) fn until(deadline: Option<Instant>) -> Self {
        Self { deadline, spent: Arc::default() }
    }

    pub(super) fn is_spent(&self) -> bool {
        let Some(deadline) = self.deadline else { return false };
        if self.spent.load(Ordering::Relaxed) {
            return true;
        }
        let spent = Instant::now() >= deadline;
        if spent {
            self.spent.store(true, Ordering::Relaxed);
        }
        spent
    }
}
