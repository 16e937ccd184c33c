//! Collects the entries of one request as a batch for the log.

use std::time::Duration;

use logpipeline_model::entry::{Incoming, Limits, Reason, Rejection, Stamp, resource_of};
use logpipeline_model::wire::{Full, Sink, Verdict};
use logpipeline_model::{EntryId, IdSeed, Timestamp};
use serde::Serialize;

use super::{Ingest, Origin, Protocol, Source};
use crate::budget::Reservation;
use crate::clock;
use crate::ids::IdSequence;
use crate::ledger::{Account, Latest, Ledger};
use crate::wal::Batch;

/// An answer lists at most this many rejected lines; their number is given whole.
pub(super) const LISTED_REJECTIONS: usize = 1_000;

/// Bytes of a request that is hardly ever sent twice within a millisecond.
const LONG: usize = 4 << 10;

const MILLISECOND: Duration = Duration::from_millis(1);

/// A batch of a stream that is larger goes to the log before more is read.
const STREAM_BATCH: usize = 1 << 20;

/// What became of a request's entries.
#[derive(Debug)]
pub struct Parsed {
    pub protocol: Protocol,
    pub origin: Origin,
    pub batch: Batch,
    pub account: Account,
    /// The first rejected lines.
    pub rejections: Vec<RejectedLine>,
    pub rejected: u64,
    /// Counts of rejected lines, in the order of [`Reason::ALL`].
    pub reasons: [u64; Reason::ALL.len()],
    pub memory: Reservation,
}

#[derive(Debug, Clone, Serialize)]
pub struct RejectedLine {
    pub line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    pub reason: String,
}

/// At most this many entries get another id once a later entry identifies their request.
const UNNAMED: usize = 1_024;

/// The [`Sink`] of one request. Ids come, in this order, from the sender's own identity of an entry, from the request's
/// `Idempotency-Key`, from the request's bytes where an entry's time is fine enough to tell the request apart, or are new.
#[derive(Debug)]
pub struct BatchSink<'a> {
    ledger: &'a Ledger,
    resource: Latest,
    ids: IdSequence,
    limits: Limits,
    source: &'a Source,
    /// The request's bytes; `None` where entries come in a stream, whose cuts no retry repeats.
    body: Option<&'a [u8]>,
    key: Option<IdSeed>,
    /// Where the request was sent, and for which tenant.
    target: &'a [u8],
    /// Set once an entry has identified the request.
    content: Option<IdSeed>,
    /// Records and numbers of the entries before that one.
    unnamed: Vec<(usize, u64)>,
    received_at: Timestamp,
    /// Memory held beside the batch.
    held: usize,
    parsed: Parsed,
}

impl<'a> BatchSink<'a> {
    /// `held` bytes of `memory` are those of the body and what comes with it.
    pub fn new(
        ingest: &'a Ingest,
        source: &'a Source,
        (target, body): (&'a [u8], &'a [u8]),
        key: Option<&str>,
        memory: Reservation,
        held: usize,
    ) -> Self {
        let mut sink =
            Self { target, body: Some(body), held, ..Self::streamed(ingest, source, body.len(), memory) };
        sink.parsed.origin.key = key.map(Origin::hash);
        sink.key = key.map(|key| source.key_seed(key));
        sink
    }

    /// A sink of entries that come in a stream, about as large as `bytes`. They have the identity that their sender
    /// gives them, or new ids.
    pub fn streamed(ingest: &'a Ingest, source: &'a Source, bytes: usize, memory: Reservation) -> Self {
        let batch = Batch::with_capacity((bytes * source.protocol.usual_growth() + 256).min(1 << 20));
        let (received_at, mut ids) = ingest.ids.request(clock::now());
        let parsed = Parsed {
            protocol: source.protocol,
            origin: Origin::new(source, received_at, &mut ids),
            batch,
            account: source.account(&ingest.ledger),
            rejections: Vec::new(),
            rejected: 0,
            reasons: [0; Reason::ALL.len()],
            memory,
        };
        Self {
            ledger: &ingest.ledger,
            resource: Latest::default(),
            ids,
            limits: ingest.bounds.entry,
            source,
            body: None,
            key: None,
            target: &[],
            content: None,
            unnamed: Vec::new(),
            received_at,
            held: 0,
            parsed,
        }
    }

    /// What was taken. Memory beside the batch is for the caller to give back.
    pub fn finish(self) -> Parsed {
        self.parsed
    }

    /// Whether the request alone takes so much memory that waiting for others would not help.
    pub fn dominates(&self) -> bool {
        self.parsed.memory.dominates()
    }

    /// Why nothing of what was read can be used: all of it was rejected.
    pub fn nothing_usable(&self) -> Option<String> {
        let first = self.parsed.rejections.first().filter(|_| self.parsed.batch.entries() == 0)?;
        let field = first.field.map(|field| format!("{field}: ")).unwrap_or_default();
        Some(format!("nothing of it can be used; entry {}: {field}{}", first.line, first.reason))
    }

    /// How many entries were rejected, and why the last of those that are listed.
    pub fn rejected(&self) -> (u64, Option<&RejectedLine>) {
        (self.parsed.rejected, self.parsed.rejections.last())
    }

    fn id(&mut self, number: u64, key: Option<&[u8]>, entry: &dyn Incoming) -> EntryId {
        if let Some(key) = key {
            return self.source.seed(key).id(1);
        }
        if let Some(key) = &self.key {
            return key.id(number);
        }
        if let (None, Some(body)) = (&self.content, self.body)
            && is_fine(entry, body.len())
        {
            let is_precise = entry.is_finer_than(MILLISECOND);
            let seed = self.source.content_seed(self.target, body, is_precise);
            for (start, number) in std::mem::take(&mut self.unnamed) {
                self.parsed.batch.rename(start, seed.id(number));
            }
            self.content = Some(seed);
        }
        match &self.content {
            Some(content) => content.id(number),
            None => self.ids.next_id(),
        }
    }

    /// Remembers the entry that was pushed last, because a later one may give it another id. Answers of the bulk API have named
    /// its id by then.
    fn remember(&mut self, number: u64, id: EntryId) {
        // Our own JSON is not parsed for times before it is written.
        let tells_later = !matches!(self.source.protocol, Protocol::Bulk | Protocol::Json | Protocol::Canary);
        if tells_later && self.body.is_some() && !id.is_derived() && self.unnamed.len() < UNNAMED {
            self.unnamed.push((self.parsed.batch.last_start(), number));
        }
    }

    fn put(&mut self, number: u64, id: EntryId, entry: &mut dyn Incoming) -> Result<Verdict, Full> {
        let stamp = Stamp { id, received_at: self.received_at };
        let nanos = u64::try_from(self.received_at.unix_nanos()).unwrap_or_default();
        let limits = self.limits;
        let pushed = self.parsed.batch.push(id, nanos, |out| entry.write(stamp, &limits, out));
        self.charge_batch()?;
        if let Err(rejection) = pushed {
            self.reject(number, rejection.clone())?;
            return Ok(Err(rejection));
        }
        self.remember(number, id);
        self.count_resource();
        Ok(Ok(id))
    }

    /// Counts the entry that was pushed last under its resource.
    fn count_resource(&mut self) {
        let name = resource_of(self.parsed.batch.last()).unwrap_or_default();
        let slot = self.resource.slot(&self.ledger.resources, name);
        *self.parsed.account.resources.of(slot) += 1;
    }

    fn charge_batch(&mut self) -> Result<(), Full> {
        let taken = self.held + self.parsed.batch.capacity();
        if taken > self.parsed.memory.bytes() {
            self.parsed.memory.resize(taken).map_err(|_| Full)?;
        }
        Ok(())
    }
}

impl Sink for BatchSink<'_> {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn take(&mut self, number: u64, key: Option<&[u8]>, entry: &mut dyn Incoming) -> Result<Verdict, Full> {
        let id = self.id(number, key, entry);
        self.put(number, id, entry)
    }

    fn take_of(
        &mut self,
        number: u64,
        batch: &[u8],
        place: u64,
        entry: &mut dyn Incoming,
    ) -> Result<Verdict, Full> {
        self.put(number, self.source.seed(batch).id(place), entry)
    }

    fn reject(&mut self, number: u64, rejection: Rejection) -> Result<(), Full> {
        let Rejection { kind, field, reason } = rejection;
        self.parsed.reasons[kind as usize] += 1;
        self.parsed.rejected += 1;
        if self.parsed.rejections.len() < LISTED_REJECTIONS {
            self.parsed.rejections.push(RejectedLine { line: number, field, reason });
        }
        Ok(())
    }

    fn receipt(&self) -> Option<EntryId> {
        Some(self.parsed.origin.receipt)
    }

    fn received_at(&self) -> Timestamp {
        self.received_at
    }

    fn enough(&self) -> bool {
        self.parsed.batch.size() >= STREAM_BATCH
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Full> {
        self.held += bytes;
        self.charge_batch()
    }
}

/// Whether two requests of so many bytes that have this entry are one that was sent again.
///
/// Equal entries are legal, and so are equal requests: a loop may log one line twice in a millisecond, each in a request of its
/// own. It does not in a smaller part of a second, nor with a long request.
fn is_fine(entry: &dyn Incoming, request: usize) -> bool {
    entry.is_finer_than(if request < LONG { MILLISECOND } else { Duration::from_secs(1) })
}
