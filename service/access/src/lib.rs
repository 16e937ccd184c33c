//! Who may write and read: tokens, users and sessions, from files that are read again when they change.

pub mod sessions;
pub mod throttle;
pub mod tokens;
pub mod users;
pub mod watched;
