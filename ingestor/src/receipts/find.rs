//! Requests and batches in the journal.

use std::time::Instant;

use logpipeline_model::{EntryId, Timestamp};

use super::answer::Known;
use super::journal::Scanned;
use super::line::{self, Batch, Request};
use super::{Journal, MOST, NoAnswer, Receipts, lines, waiting};

/// More than a request has ids.
const IDS: u128 = 1 << 32;

/// By what a request is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Receipt(EntryId),
    /// Its time of receipt.
    Time(Timestamp),
    /// One of its entries. Where the id is derived, several requests may have brought it: retries of one.
    Entry(EntryId),
    /// The hash of its `Idempotency-Key`.
    Key(String),
}

impl Wanted {
    pub(super) fn is(&self, request: &Request) -> bool {
        let note = &request.note;
        match self {
            Self::Receipt(receipt) => note.receipt == *receipt,
            Self::Time(at) => note.received_at == *at,
            Self::Entry(id) => note.ids.is_some_and(|ids| ids.hold(*id)),
            Self::Key(key) => note.key.as_ref() == Some(key),
        }
    }

    /// Whether several requests may be wanted.
    fn is_of_several(&self) -> bool {
        match self {
            Self::Receipt(_) | Self::Time(_) => false,
            Self::Entry(id) => id.is_derived(),
            Self::Key(_) => true,
        }
    }

    /// The receipts among which a request may be; `None` for all.
    fn receipts(&self) -> Option<(EntryId, EntryId)> {
        match self {
            Self::Receipt(receipt) => Some((*receipt, *receipt)),
            Self::Entry(id) if id.is_derived() => None,
            Self::Entry(id) => {
                let least = u128::from_be_bytes(id.0).saturating_sub(IDS);
                Some((EntryId(least.to_be_bytes()), *id))
            }
            Self::Time(_) | Self::Key(_) => None,
        }
    }
}

impl Receipts {
    /// Requests, newest first, and what became of them.
    pub(super) fn find(&self, wanted: &Wanted, until: Instant) -> Result<Known, NoAnswer> {
        let (requests, complete) = match wanted {
            Wanted::Key(_) => self.all(wanted, until)?,
            _ => (self.one(wanted, until)?.into_iter().collect(), true),
        };
        let answers: Result<Vec<_>, NoAnswer> =
            requests.into_iter().map(|request| self.answer(request, until)).collect();
        Ok(Known { requests: answers?, complete, oldest_receipt: self.journal.oldest() })
    }

    /// The request that is wanted, of those that there can be one of.
    pub(super) fn one(&self, wanted: &Wanted, until: Instant) -> Result<Option<Request>, NoAnswer> {
        let (known, _) = self.journal.requests(wanted, until)?;
        if let Some(request) = known.into_iter().next() {
            return Ok(Some(request));
        }
        if let Some(request) = waiting::look(&self.wal, wanted, until)?.requests.into_iter().next() {
            return Ok(Some(request));
        }
        // What was shipped in between is in the journal now.
        let (known, _) = self.journal.requests(wanted, until)?;
        Ok(known.into_iter().next())
    }

    /// All that are wanted, newest first and at most [`MOST`], and whether these are all.
    pub(super) fn all(&self, wanted: &Wanted, until: Instant) -> Result<(Vec<Request>, bool), NoAnswer> {
        // In this order: what is not in the log any more is in the journal.
        let mut requests = waiting::look(&self.wal, wanted, until)?.requests;
        requests.reverse();
        let (known, complete) = self.journal.requests(wanted, until)?;
        for request in known {
            if !requests.iter().any(|other| other.note.receipt == request.note.receipt) {
                requests.push(request);
            }
        }
        let complete = complete && requests.len() <= MOST;
        requests.truncate(MOST);
        Ok((requests, complete))
    }
}

impl Journal {
    /// Requests, newest first, and whether these are all.
    fn requests(&self, wanted: &Wanted, until: Instant) -> Result<(Vec<Request>, bool), NoAnswer> {
        let range = wanted.receipts();
        let mut found: Vec<Request> = Vec::new();
        let mut late = false;
        self.scan(
            |span| match (wanted, range) {
                (_, Some((first, last))) => span.has_receipt_within(first, last),
                (Wanted::Time(at), _) => span.has_time(*at),
                (Wanted::Key(_), _) => span.keyed,
                _ => span.has_requests(),
            },
            |text| {
                let before = found.len();
                for request in candidates(text, wanted, range) {
                    let again = found.iter().any(|known| known.note.receipt == request.note.receipt);
                    if !again && wanted.is(&request) {
                        found.push(request);
                    }
                }
                found[before..].reverse();
                late = Instant::now() > until;
                let enough = found.len() >= if wanted.is_of_several() { MOST } else { 1 };
                if enough || late { Scanned::Enough } else { Scanned::On }
            },
        )?;
        if late && found.is_empty() {
            return Err(NoAnswer::TooLong);
        }
        Ok((found, !late))
    }

    /// Batches that took entries of numbers from `first` and before `end`, in the order in which they were written down.
    pub(super) fn batches(&self, first: u64, end: u64, until: Instant) -> Result<Vec<Batch>, NoAnswer> {
        let mut files: Vec<Vec<Batch>> = Vec::new();
        let mut late = false;
        self.scan(
            |span| span.has_numbers(first, end),
            |text| {
                let batches = lines(text).filter_map(Batch::parse);
                files.push(batches.filter(|batch| batch.first < end && first < batch.end).collect());
                late = Instant::now() > until;
                if late { Scanned::Enough } else { Scanned::On }
            },
        )?;
        if late {
            return Err(NoAnswer::TooLong);
        }
        files.reverse();
        Ok(files.concat())
    }
}

/// The requests of a text that may be the wanted one; few lines are read whole.
fn candidates<'a>(
    text: &'a [u8],
    wanted: &'a Wanted,
    range: Option<(EntryId, EntryId)>,
) -> impl Iterator<Item = Request> + 'a {
    let literal = match wanted {
        Wanted::Time(at) => format!("\"receivedAt\":\"{at}\""),
        Wanted::Key(key) => format!("\"key\":\"{key}\""),
        // Of a derived id, which has no range.
        Wanted::Entry(id) => format!("\"{}", str::from_utf8(&id.seed_text()).unwrap_or_default()),
        Wanted::Receipt(_) => String::new(),
    };
    let range = range.map(|(first, last)| (first.to_text(), last.to_text()));
    let finder = memchr::memmem::Finder::new(literal.as_bytes()).into_owned();
    lines(text)
        .filter(move |line| match range {
            Some((first, last)) => line::receipt(line).is_some_and(|id| first <= *id && *id <= last),
            None => finder.find(line).is_some(),
        })
        .filter_map(line::request)
}

impl From<waiting::Broken> for NoAnswer {
    fn from(broken: waiting::Broken) -> Self {
        match broken {
            waiting::Broken::TooLong => Self::TooLong,
            waiting::Broken::Unreadable(error) => Self::Unreadable(error),
        }
    }
}
