//! The model's promises, over inputs that nobody chose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any_bytes;
mod batch;
mod grammar;
mod hostile;
mod ids;
mod lines;
mod one_parser;
mod query;
mod repeated;
mod round_trip;
mod texts;
mod vocabulary;
