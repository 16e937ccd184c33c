//! What the crate promises.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod round_trip;
mod support;
