//! `logq` as its users run it: the binary, against a server over the embedded store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod fake;
mod server;

mod access;
mod errors;
mod follow;
mod output;
mod partial;
mod progress;
mod replay;
mod search;
mod why;
