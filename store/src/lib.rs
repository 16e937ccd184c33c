//! Where entries are kept and found: one trait, one folder for each engine behind it.

pub mod embedded;
mod log_store;

pub use log_store::*;
