//! What every protocol shares: from entries that were parsed to a batch that is on disk.

mod origin;
mod protocol;
mod sink;
mod source;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use logpipeline_model::entry::Limits;
use logpipeline_service::Shutdown;

pub use origin::Origin;
pub use protocol::Protocol;
pub use sink::{BatchSink, Parsed, RejectedLine};
pub use source::Source;
pub use submit::{Receipt, Submitted, submit};

use crate::budget::Budget;
use crate::canary::Canaries;
use crate::dead_letters::Bodies;
use crate::ids::IdGenerator;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::receipts::Receipts;
use crate::shipper::Progress;
use crate::wal::Wal;

/// Bounds of a request.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of a body, as it was sent and after decompression.
    pub body: usize,
    /// How long a body may pause.
    pub pause: Duration,
    /// How long a whole body may take.
    pub deadline: Duration,
    pub entry: Limits,
}

/// What the handlers of all protocols share.
#[derive(Debug)]
pub struct Ingest {
    pub wal: Wal,
    pub ledger: Arc<Ledger>,
    pub progress: Arc<Progress>,
    /// What canaries have shown, where there are any.
    pub canaries: Option<Arc<Canaries>>,
    pub receipts: Arc<Receipts>,
    pub ids: IdGenerator,
    pub budget: Budget,
    pub bounds: Bounds,
    pub bodies: Bodies,
    pub metrics: Metrics,
    pub shutdown: Shutdown,
}
