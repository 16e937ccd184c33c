//! From a batch to its acknowledgement: written and synced, and counted.

use std::fmt;

use logpipeline_model::EntryId;
use logpipeline_model::entry::Reason;
use opentelemetry::trace::TraceContextExt;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{Ingest, Parsed, RejectedLine};
use crate::receipts::Note;
use crate::wal::AppendError;

/// What was acknowledged: accepted entries are on disk.
#[derive(Debug)]
pub struct Submitted {
    pub receipt: Receipt,
    /// Ids of the first and the last accepted entry.
    pub ids: Option<(EntryId, EntryId)>,
    pub accepted: u64,
    pub rejected: u64,
    /// The first rejected lines.
    pub rejections: Vec<RejectedLine>,
}

/// What an acknowledgement can be asked about later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt(pub EntryId);

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Appends the accepted entries and the note on them to the log, and returns once they are on disk; counts accepted and
/// rejected ones. After an error nothing of the request was kept or counted.
pub async fn submit(ingest: &Ingest, parsed: Parsed) -> Result<Submitted, AppendError> {
    let Parsed { protocol, origin, mut batch, account, rejections, rejected, reasons, memory } = parsed;
    let accepted = batch.entries();
    let receipt = Receipt(origin.receipt);
    let ids = batch.ids();
    let note = Note::new(protocol, origin, &batch, rejected, &rejections);
    if accepted > 0 {
        note.add_to(&mut batch);
        let context = tracing::Span::current().context();
        let span = Some(context.span().span_context().clone()).filter(|span| span.is_valid());
        ingest.wal.append(batch, rejected, account, span, Some(memory)).await?;
    } else {
        ingest.ledger.received(0, rejected, &account);
        ingest.metrics.received(0, rejected);
        ingest.receipts.journal().add(&note);
    }
    ingest.metrics.spoken(protocol, accepted, rejected);
    for (reason, count) in Reason::ALL.into_iter().zip(reasons) {
        ingest.metrics.reject(reason, count);
    }
    Ok(Submitted { receipt, ids, accepted, rejected, rejections })
}
