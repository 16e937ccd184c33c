//! What the embedded store promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, unreachable_pub)]

mod dice;
mod differential;
mod full_disk;
mod ground;
mod reading;
mod retaining;
mod writing;
