//! The count of what became of every entry, always in balance: in all, and by who sent it and what it is of.

mod account;
mod book;
mod names;
mod senders;

use std::sync::{Mutex, PoisonError};

use logpipeline_model::entry::resource_of;
use serde::Serialize;

pub use account::{Account, Outcome, Settlement, Tally};
pub use names::{Latest, NONE, Names, OTHERS, RECOVERED, Slot};

use book::Book;
use senders::Senders;

use crate::intake::Protocol;

/// Tokens, and resources, that are counted by name.
const TOKENS: u16 = 500;
const RESOURCES: u16 = 500;

/// Counts of entries whose way has ended. They go into the checkpoint, so that they outlive the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    pub stored: u64,
    pub duplicates: u64,
    pub dead_lettered: u64,
    pub rejected: u64,
}

impl Settled {
    fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.duplicates += other.duplicates;
        self.dead_lettered += other.dead_lettered;
        self.rejected += other.rejected;
    }
}

/// A reading of the ledger: `received = stored + duplicates + rejected + dead_lettered + waiting`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub received: u64,
    pub stored: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub dead_lettered: u64,
    pub waiting: u64,
}

impl Figures {
    fn plus(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            stored: self.stored + other.stored,
            duplicates: self.duplicates + other.duplicates,
            rejected: self.rejected + other.rejected,
            dead_lettered: self.dead_lettered + other.dead_lettered,
            waiting: self.waiting + other.waiting,
        }
    }
}

/// A reading of the ledger by name, since the process began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Breakdown {
    /// All entries.
    pub total: Figures,
    pub protocols: Vec<Line>,
    pub tokens: Vec<Line>,
    pub resources: Vec<Line>,
}

/// The figures of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub name: Box<str>,
    #[serde(flatten)]
    pub figures: Figures,
}

#[derive(Debug)]
pub struct Ledger {
    pub tokens: Names,
    pub resources: Names,
    protocols: Names,
    /// The number of the first entry that came to this process.
    head: u64,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    settled: Settled,
    waiting: u64,
    senders: Senders,
    by_protocol: Book,
    by_token: Book,
    by_resource: Book,
    /// Of this process alone, as the books are.
    since: (u64, Settled),
}

impl Ledger {
    /// A ledger that goes on from a checkpoint, with what the log holds behind it: `waiting` entries, the last before
    /// number `head`.
    pub fn restore(settled: Settled, waiting: u64, head: u64) -> Self {
        let mut counts = Counts {
            settled,
            waiting,
            senders: Senders::new(head),
            by_protocol: Book::default(),
            by_token: Book::default(),
            by_resource: Book::default(),
            since: (waiting, Settled::default()),
        };
        for book in [&mut counts.by_protocol, &mut counts.by_token, &mut counts.by_resource] {
            book.received(Slot::RECOVERED, waiting, 0);
        }
        Self {
            tokens: Names::new(TOKENS),
            resources: Names::new(RESOURCES),
            protocols: Names::new(Protocol::ALL.len() as u16),
            head,
            counts: Mutex::new(counts),
        }
    }

    /// A request was committed to the log, or refused because nothing of it was usable. Those that are committed come in
    /// the order of the log.
    pub fn received(&self, accepted: u64, rejected: u64, account: &Account) {
        let protocol = self.protocols.slot(Some(account.protocol.label()));
        self.with(|counts| {
            counts.waiting += accepted;
            counts.settled.rejected += rejected;
            counts.since.0 += accepted + rejected;
            counts.since.1.rejected += rejected;
            let (protocol, token) = counts.senders.push(accepted, protocol, account.token);
            counts.by_protocol.received(protocol, accepted, rejected);
            counts.by_token.received(token, accepted, rejected);
            for (resource, count) in account.resources.iter() {
                counts.by_resource.received(*resource, *count, 0);
            }
            // What was rejected has no resource that could be read for sure.
            counts.by_resource.received(Slot::NONE, 0, rejected);
        });
    }

    /// The store's verdict on entries that waited, in the order of the log.
    pub fn settle(&self, settlement: &Settlement) -> Settled {
        self.with(|counts| {
            let total = settlement.total;
            counts.settled.add(total);
            counts.since.1.add(total);
            let Settled { stored, duplicates, dead_lettered, .. } = total;
            counts.waiting = counts.waiting.saturating_sub(stored + duplicates + dead_lettered);
            let mut from = settlement.from;
            for run in counts.senders.take(settlement.end()) {
                let settled = settlement.between(from, run.end);
                counts.by_protocol.settle(run.protocol, settled);
                counts.by_token.settle(run.token, settled);
                from = run.end.max(from);
            }
            for (resource, settled) in settlement.resources.iter() {
                counts.by_resource.settle(*resource, *settled);
            }
            counts.settled
        })
    }

    pub fn settled(&self) -> Settled {
        self.with(|counts| counts.settled)
    }

    /// The name under which an entry is counted: that of its resource, where it came to this process.
    pub fn resource(&self, number: u64, stored: &[u8], latest: &mut Latest) -> Slot {
        if number < self.head {
            return Slot::RECOVERED;
        }
        latest.slot(&self.resources, resource_of(stored).unwrap_or_default())
    }

    pub fn read(&self) -> Figures {
        self.with(|counts| figures(counts.settled, counts.waiting))
    }

    /// The figures by name, since the process began.
    pub fn breakdown(&self) -> Breakdown {
        let (total, protocols, tokens, resources) = self.with(|counts| {
            let lines = |book: &Book| book.figures().collect::<Vec<_>>();
            let total = counts.since_total();
            (total, lines(&counts.by_protocol), lines(&counts.by_token), lines(&counts.by_resource))
        });
        let named = |names: &Names, lines: Vec<(usize, Figures)>| {
            let names = names.list();
            let line = |(slot, figures)| Some(Line { name: names.get(slot).cloned()?, figures });
            lines.into_iter().filter_map(line).collect()
        };
        Breakdown {
            total,
            protocols: named(&self.protocols, protocols),
            tokens: named(&self.tokens, tokens),
            resources: named(&self.resources, resources),
        }
    }

    /// Where the ledger contradicts itself: what it counts by, and the difference to what it counts in all. A bug.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        self.with(|counts| {
            let total = counts.since_total();
            let books = [
                ("protocol", &counts.by_protocol),
                ("token", &counts.by_token),
                ("resource", &counts.by_resource),
            ];
            let sums = books.map(|(by, book)| (by, book.total()));
            let differ = sums.into_iter().filter(|(_, sum)| *sum != total);
            let mut found: Vec<_> = differ.map(|(by, sum)| Contradiction { by, sum, total }).collect();
            if total.waiting != counts.waiting {
                let sum = Figures { waiting: counts.waiting, ..total };
                found.push(Contradiction { by: "log", sum, total });
            }
            found
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sums by name that are not what is counted in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    pub by: &'static str,
    pub sum: Figures,
    pub total: Figures,
}

impl Contradiction {
    /// The largest difference of a column.
    pub fn entries(&self) -> u64 {
        let (one, other) = (self.sum, self.total);
        let columns = [
            one.received.abs_diff(other.received),
            one.stored.abs_diff(other.stored),
            one.duplicates.abs_diff(other.duplicates),
            one.rejected.abs_diff(other.rejected),
            one.dead_lettered.abs_diff(other.dead_lettered),
            one.waiting.abs_diff(other.waiting),
        ];
        columns.into_iter().max().unwrap_or_default()
    }
}

impl Counts {
    fn since_total(&self) -> Figures {
        let (received, Settled { stored, duplicates, dead_lettered, rejected }) = self.since;
        let waiting = received.saturating_sub(stored + duplicates + dead_lettered + rejected);
        Figures { received, stored, duplicates, rejected, dead_lettered, waiting }
    }
}

fn figures(settled: Settled, waiting: u64) -> Figures {
    let Settled { stored, duplicates, dead_lettered, rejected } = settled;
    let received = stored + duplicates + dead_lettered + rejected + waiting;
    Figures { received, stored, duplicates, rejected, dead_lettered, waiting }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(
        ledger: &Ledger,
        protocol: Protocol,
        token: Option<&str>,
        resources: &[(&str, u64)],
    ) -> Account {
        let mut tally = Tally::default();
        for (resource, count) in resources {
            *tally.of(ledger.resources.slot(Some(resource))) += count;
        }
        Account { protocol, token: ledger.tokens.slot(token), resources: tally }
    }

    fn line(lines: &[Line], name: &str) -> Figures {
        lines.iter().find(|line| &*line.name == name).unwrap().figures
    }

    #[test]
    fn every_entry_is_in_exactly_one_column() {
        let settled = Settled { stored: 10, duplicates: 1, dead_lettered: 2, rejected: 3 };
        let ledger = Ledger::restore(settled, 4, 17);
        ledger.received(5, 2, &account(&ledger, Protocol::Json, None, &[("a", 5)]));
        let mut settlement = Settlement::new(13);
        settlement.push(3, Outcome::Stored, Slot::RECOVERED);
        settlement.push(1, Outcome::Duplicate, Slot::RECOVERED);
        settlement.push(1, Outcome::DeadLettered, ledger.resources.slot(Some("a")));
        let settled = ledger.settle(&settlement);
        assert_eq!(settled, Settled { stored: 13, duplicates: 2, dead_lettered: 3, rejected: 5 });
        assert_eq!(
            ledger.read(),
            Figures { received: 27, stored: 13, duplicates: 2, rejected: 5, dead_lettered: 3, waiting: 4 }
        );
        assert_eq!(ledger.contradictions(), []);
    }

    #[test]
    fn entries_are_counted_by_who_sent_them_and_what_they_are_of() {
        let ledger = Ledger::restore(Settled::default(), 2, 2);
        ledger.received(4, 1, &account(&ledger, Protocol::Bulk, Some("team-a"), &[("shop", 3), ("db", 1)]));
        ledger.received(2, 0, &account(&ledger, Protocol::Loki, Some("team-b"), &[("shop", 2)]));
        ledger.received(0, 7, &account(&ledger, Protocol::Loki, Some("team-b"), &[]));
        let mut latest = Latest::default();
        let stored = br#"{"id":"x","receivedAt":"y","timestamp":"z","message":"m","resourceId":"shop"}"#;
        let shop = ledger.resource(2, stored, &mut latest);
        let mut settlement = Settlement::new(0);
        settlement.push(2, Outcome::Stored, ledger.resource(1, b"{}", &mut latest));
        settlement.push(3, Outcome::Stored, shop);
        settlement.push(1, Outcome::Duplicate, ledger.resources.slot(Some("db")));
        settlement.push(1, Outcome::DeadLettered, shop);
        ledger.settle(&settlement);

        let found = ledger.breakdown();
        let figures = |received, stored, duplicates, rejected, dead_lettered, waiting| Figures {
            received,
            stored,
            duplicates,
            rejected,
            dead_lettered,
            waiting,
        };
        assert_eq!(found.total, figures(16, 5, 1, 8, 1, 1));
        for (lines, name, expected) in [
            (&found.protocols, "bulk", figures(5, 3, 1, 1, 0, 0)),
            (&found.protocols, "loki", figures(9, 0, 0, 7, 1, 1)),
            (&found.protocols, RECOVERED, figures(2, 2, 0, 0, 0, 0)),
            (&found.tokens, "team-a", figures(5, 3, 1, 1, 0, 0)),
            (&found.tokens, "team-b", figures(9, 0, 0, 7, 1, 1)),
            (&found.resources, "shop", figures(5, 3, 0, 0, 1, 1)),
            (&found.resources, "db", figures(1, 0, 1, 0, 0, 0)),
            (&found.resources, NONE, figures(8, 0, 0, 8, 0, 0)),
        ] {
            assert_eq!(line(lines, name), expected, "{name}");
        }
        assert_eq!(ledger.contradictions(), []);
    }

    #[test]
    fn entries_that_are_settled_under_another_name_are_a_contradiction() {
        let ledger = Ledger::restore(Settled::default(), 0, 0);
        ledger.received(2, 0, &account(&ledger, Protocol::Json, None, &[("a", 1)]));
        let found = ledger.contradictions();
        assert_eq!(found.iter().map(|one| one.by).collect::<Vec<_>>(), ["resource"]);
        assert_eq!((found[0].sum.received, found[0].total.received), (1, 2));
    }
}
