//! Who may search, and by which way.

mod admit;
mod args;
mod origin;

pub(crate) use admit::{Admission, Caller, admit};
pub use args::{AccessArgs, AccessError, InvalidAccess};
pub(crate) use origin::check_origin;

use std::sync::Arc;

use logpipeline_access::sessions::Sessions;
use logpipeline_access::throttle::Throttle;
use logpipeline_access::tokens::Tokens;
use logpipeline_access::users::Users;
use logpipeline_service::Shutdown;

/// Who may search.
#[derive(Debug, Clone)]
pub enum Access {
    Anybody,
    Known(Arc<Guard>),
}

/// Knows people by their sessions, which begin with a password, and programs by their tokens.
#[derive(Debug)]
pub struct Guard {
    pub(crate) users: Option<Users>,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) throttle: Throttle,
}

impl Access {
    /// Follows the files until stopping begins.
    pub fn spawn(&self, shutdown: &Shutdown) {
        if let Self::Known(guard) = self {
            guard.tokens.spawn(shutdown);
            guard.sessions.spawn(shutdown);
            if let Some(users) = &guard.users {
                users.spawn(shutdown);
            }
        }
    }
}
