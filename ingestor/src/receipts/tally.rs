//! What became of a request's entries, by the batches that took them.

use std::time::Duration;

use logpipeline_model::Timestamp;

use super::line::{Batch, Counts, Outcome, Request};

/// By so much a clock may have been put back between a request and its batch.
const PUT_BACK: Duration = Duration::from_secs(3600);

/// Entries of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// In the log.
    pub(super) waiting: u64,
    /// Settled, and it is not known how.
    pub(super) unrecorded: u64,
    pub(super) parts: Vec<Part>,
}

/// What one batch took of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: u64,
    pub(super) written_at: Timestamp,
    pub(super) searchable_by: Option<Timestamp>,
    /// Entries, from the number `first` on.
    pub(super) first: u64,
    pub(super) entries: u64,
    /// Their outcomes, where they are known singly.
    outcomes: Vec<(Outcome, u64)>,
}

impl Tally {
    /// `batches` come in the order in which they were written down: a crash repeats some, and the first counts. Entries from
    /// the number `settled` on wait.
    pub(super) fn new(request: &Request, batches: &[Batch], settled: u64) -> Self {
        let mut tally = Self::default();
        let Some((first, end)) = request.range() else { return tally };
        let mut open = vec![(first, end)];
        // Numbers begin anew where a log was moved away; its batches are none of this request.
        let earliest = request.note.received_at.saturating_sub(PUT_BACK);
        for batch in batches.iter().filter(|batch| batch.written_at >= earliest) {
            let mut left = Vec::new();
            for (from, to) in open {
                let (start, stop) = (from.max(batch.first), to.min(batch.end));
                if start >= stop {
                    left.push((from, to));
                    continue;
                }
                tally.take(batch, start, stop);
                left.extend([(from, start), (stop, to)].into_iter().filter(|(from, to)| from < to));
            }
            open = left;
        }
        for (from, to) in open {
            let waiting = to.saturating_sub(from.max(settled));
            tally.waiting += waiting;
            tally.unrecorded += (to - from) - waiting;
        }
        tally
    }

    fn take(&mut self, batch: &Batch, start: u64, stop: u64) {
        let mut outcomes = Vec::new();
        let mut at = batch.first;
        for (outcome, count) in &batch.outcomes {
            let (from, to) = (at.max(start), at.saturating_add(*count).min(stop));
            if from < to {
                outcomes.push((*outcome, to - from));
                self.counts.add(*outcome, to - from);
            }
            at = at.saturating_add(*count);
        }
        let entries = stop - start;
        match batch.counts {
            Some(counts) if (start, stop) == (batch.first, batch.end) => self.counts.merge(counts),
            _ => {
                self.unrecorded += entries - outcomes.iter().map(|(_, count)| count).sum::<u64>().min(entries)
            }
        }
        let Batch { number, written_at, searchable_by, .. } = *batch;
        match self.parts.last_mut() {
            Some(last) if last.number == number && last.first + last.entries == start => {
                last.entries += entries;
                last.outcomes.extend(outcomes);
            }
            _ => self.parts.push(Part { number, written_at, searchable_by, first: start, entries, outcomes }),
        }
    }

    /// The batch that took the entry with a number, and what became of the entry where that is known.
    pub(super) fn of(&self, number: u64) -> Option<(&Part, Option<Outcome>)> {
        let part =
            self.parts.iter().find(|part| part.first <= number && number < part.first + part.entries)?;
        let mut at = part.first;
        let outcome = part.outcomes.iter().find(|(_, count)| {
            at += count;
            number < at
        });
        Some((part, outcome.map(|(outcome, _)| *outcome)))
    }

    /// What became of every entry, where that is the same for all.
    pub(super) fn of_all(&self) -> Option<Outcome> {
        let Counts { stored, duplicates, dead_lettered, lost } = self.counts;
        match (stored, duplicates, dead_lettered, lost) {
            _ if self.waiting + self.unrecorded > 0 => None,
            (1.., 0, 0, 0) => Some(Outcome::Stored),
            (0, 1.., 0, 0) => Some(Outcome::Duplicate),
            (0, 0, 1.., 0) => Some(Outcome::DeadLettered),
            (0, 0, 0, 1..) => Some(Outcome::Lost),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_700_000_000;

    fn request(first: u64, accepted: u64) -> Request {
        let note = format!(
            r#"{{"receipt":"018bcfe5-6800-7000-8000-000000000001","receivedAt":"2023-11-14T22:13:20Z","protocol":"json","accepted":{accepted}}}"#
        );
        Request { note: serde_json::from_str(&note).unwrap(), end: Some(first + accepted), synced_at: None }
    }

    fn batch(number: u64, first: u64, runs: &[(Outcome, u64)]) -> Batch {
        let mut batch = Batch::new(number, first, Timestamp::from_unix_seconds(AT + 1));
        for (outcome, count) in runs {
            batch.push(*outcome, *count);
        }
        batch
    }

    fn counts(stored: u64, duplicates: u64, dead_lettered: u64) -> Counts {
        Counts { stored, duplicates, dead_lettered, lost: 0 }
    }

    #[test]
    fn a_request_gets_its_part_of_the_batches_that_took_it() {
        use Outcome::{DeadLettered, Duplicate, Stored};
        let batches = [
            batch(1, 0, &[(Stored, 10), (DeadLettered, 2)]),
            batch(2, 12, &[(Stored, 3), (Duplicate, 4), (DeadLettered, 1), (Stored, 80)]),
        ];
        let tally = Tally::new(&request(11, 10), &batches, 100);
        assert_eq!((tally.counts, tally.waiting, tally.unrecorded), (counts(4, 4, 2), 0, 0));
        let parts: Vec<_> = tally.parts.iter().map(|part| (part.number, part.first, part.entries)).collect();
        assert_eq!(parts, [(1, 11, 1), (2, 12, 9)]);
        let of = |number| tally.of(number).map(|(part, outcome)| (part.number, outcome));
        assert_eq!(of(11), Some((1, Some(DeadLettered))));
        assert_eq!(of(14), Some((2, Some(Stored))));
        assert_eq!(of(15), Some((2, Some(Duplicate))));
        assert_eq!(of(19), Some((2, Some(DeadLettered))));
        assert_eq!(of(20), Some((2, Some(Stored))));
        assert_eq!(of(21), None);
        assert_eq!(tally.of_all(), None);
    }

    #[test]
    fn a_batch_that_a_crash_repeated_in_other_bounds_counts_once() {
        use Outcome::{Duplicate, Stored};
        let batches =
            [batch(1, 0, &[(Stored, 6)]), batch(2, 0, &[(Duplicate, 9)]), batch(3, 4, &[(Duplicate, 8)])];
        let tally = Tally::new(&request(2, 10), &batches, 12);
        assert_eq!((tally.counts, tally.waiting, tally.unrecorded), (counts(4, 6, 0), 0, 0));
    }

    #[test]
    fn what_no_batch_took_waits_or_is_not_known() {
        let batches = [batch(1, 4, &[(Outcome::Stored, 2)])];
        let tally = Tally::new(&request(0, 10), &batches, 8);
        assert_eq!((tally.counts, tally.waiting, tally.unrecorded), (counts(2, 0, 0), 2, 6));
        assert_eq!(tally.of_all(), None);
    }

    #[test]
    fn batches_of_an_earlier_log_with_the_same_numbers_do_not_count() {
        let mut old = batch(1, 0, &[(Outcome::DeadLettered, 10)]);
        old.written_at = Timestamp::from_unix_seconds(AT - 7_200);
        let tally = Tally::new(&request(0, 10), &[old, batch(1, 0, &[(Outcome::Stored, 10)])], 10);
        assert_eq!(tally.of_all(), Some(Outcome::Stored));
    }

    #[test]
    fn counts_of_a_batch_are_a_requests_where_it_is_the_whole_of_it() {
        let mut whole = batch(1, 0, &[]);
        whole.end = 10;
        whole.counts = Some(counts(7, 3, 0));
        let of = |first, accepted| Tally::new(&request(first, accepted), std::slice::from_ref(&whole), 10);
        assert_eq!((of(0, 10).counts, of(0, 10).unrecorded), (counts(7, 3, 0), 0));
        assert_eq!((of(0, 9).counts, of(0, 9).unrecorded), (counts(0, 0, 0), 9));
        assert_eq!(of(0, 9).of(3).map(|(part, outcome)| (part.entries, outcome)), Some((9, None)));
    }
}
