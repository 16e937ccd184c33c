//! Realistic log load, and the proof that all of it arrived.

pub mod access;
pub mod app;
pub mod cli;
pub mod entry;
pub mod import;
pub mod load;
mod progress;
pub mod replay;
pub mod report;
pub mod run_id;
pub mod source;
pub mod verify;
pub mod workload;
