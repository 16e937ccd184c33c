#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod access;
mod documentation;
mod fake;
mod import;
mod load;
mod process;
mod replay;
mod replay_again;
mod report;
mod terminal;
mod verify;
