//! Who may write and read: tokens, users and sessions, from files that are read again when they change.

pub mod require;
pub mod sessions;
pub mod throttle;
pub mod tls;
pub mod tokens;
pub mod users;
pub mod watched;
