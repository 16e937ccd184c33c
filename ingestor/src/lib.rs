//! Accepts log entries over HTTP, makes them durable in a write-ahead log, and ships them to the store.

pub mod access;
pub mod app;
pub mod balance;
pub mod budget;
pub mod canary;
pub mod clock;
pub mod config;
pub mod dead_letters;
pub mod http;
pub mod ids;
pub mod intake;
pub mod ledger;
pub mod listeners;
pub mod metrics;
pub mod receipts;
pub mod replay;
pub mod retention;
pub mod shipper;
pub mod wal;

pub use app::{Ingestor, IngestorError};
pub use config::Config;
pub use ledger::{Figures, Ledger, Settled};
pub use metrics::Metrics;
