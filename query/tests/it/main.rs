//! The server as its clients see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod memory_store;
mod server;

mod access;
mod agreement;
mod canaries;
mod context;
mod dead_letters;
mod delivery;
mod entries;
mod errors;
mod export;
mod fields;
mod histogram;
mod limits;
mod openapi;
mod paging;
mod process;
mod replay;
mod search;
mod tail;
mod traces;
mod ui;
