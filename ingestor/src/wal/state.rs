//! What writer, reader and the rest of the process share about the log.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use opentelemetry::trace::SpanContext;
use tokio::sync::Notify;

use super::Position;
use super::segment::FIRST_OFFSET;
use super::synced::Synced;

/// Spans remembered for the batch that ships their entries; the latest are kept.
const MAX_LINKS: usize = 64;

/// A segment whose entries are not all settled, or that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) sequence: u64,
    pub(crate) salt: u64,
    pub(crate) first_number: u64,
    /// Up to where it holds committed records.
    pub(crate) end: u64,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) segments: VecDeque<Live>,
    /// The segment that is being written, where there is one.
    pub(crate) active: Option<u64>,
    /// Behind the last committed record.
    pub(crate) head: Position,
    /// Up to where a durable checkpoint has settled the log.
    pub(crate) settled: Position,
    links: VecDeque<(u64, SpanContext)>,
    pub(crate) synced: Synced,
}

impl State {
    pub(crate) fn new(
        segments: VecDeque<Live>,
        active: Option<u64>,
        head: Position,
        settled: Position,
    ) -> Self {
        Self { segments, active, head, settled, links: VecDeque::new(), synced: Synced::default() }
    }

    pub(crate) fn link(&mut self, number: u64, span: SpanContext) {
        if self.links.len() == MAX_LINKS {
            self.links.pop_front();
        }
        self.links.push_back((number, span));
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) appended: Notify,
}

/// How much of the log is taken, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Records that no durable checkpoint covers yet.
    pub waiting: u64,
    /// Segments that cannot be reused yet.
    pub segments: usize,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), appended: Notify::new() }
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn head(&self) -> Position {
        self.with(|state| state.head)
    }

    pub(crate) fn usage(&self) -> Usage {
        self.with(|state| {
            let waiting = state.segments.iter().map(|live| {
                let from =
                    if live.sequence == state.settled.segment { state.settled.offset } else { FIRST_OFFSET };
                live.end.saturating_sub(from)
            });
            Usage { waiting: waiting.sum(), segments: state.segments.len() }
        })
    }

    /// Takes the spans of requests whose entries have numbers up to `number`.
    pub(crate) fn take_links(&self, number: u64) -> Vec<SpanContext> {
        self.with(|state| {
            let count = state.links.iter().take_while(|(last, _)| *last <= number).count();
            state.links.drain(..count).map(|(_, span)| span).collect()
        })
    }

    /// Notes that a durable checkpoint covers everything before `position`; returns the sequences of the
    /// segments that nobody needs any more.
    pub(crate) fn settle(&self, position: Position) -> Vec<u64> {
        self.with(|state| {
            // The writer settles again what it read before, while the shipper may have moved on.
            state.settled = state.settled.max(position);
            let position = state.settled;
            let mut released = Vec::new();
            while let Some(oldest) = state.segments.front() {
                let passed = oldest.sequence < position.segment
                    || (oldest.sequence == position.segment && position.offset >= oldest.end);
                if !passed || state.active == Some(oldest.sequence) {
                    break;
                }
                released.push(oldest.sequence);
                state.segments.pop_front();
            }
            released
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_position_does_not_move_the_settled_one_back() {
        let at = |segment, offset| Position { segment, offset, number: offset };
        let shared = Shared::new(State::new(VecDeque::new(), None, at(2, 90), at(1, 10)));
        shared.settle(at(2, 50));
        shared.settle(at(1, 10));
        assert_eq!(shared.with(|state| state.settled), at(2, 50));
    }
}
