//! What the embedded store promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, unreachable_pub)]

mod ground;
mod reading;
mod writing;
