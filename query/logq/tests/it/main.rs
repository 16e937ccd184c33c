//! `logq` as its users run it: the binary, against a server over the embedded store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod server;

mod errors;
mod follow;
mod output;
mod progress;
mod search;
