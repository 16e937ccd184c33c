//! Where entries are kept and found: one trait, one folder for each engine behind it.

pub mod elasticsearch;
pub mod embedded;
mod levels;
mod log_store;
mod stores;
mod terms;

pub use log_store::*;
pub use stores::Stores;
