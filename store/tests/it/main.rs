//! What the stores promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, unreachable_pub)]

mod address;
mod deadlines;
mod dice;
mod differential;
mod elasticsearch;
mod engines;
mod full_disk;
mod ground;
mod reading;
mod retaining;
mod writing;
