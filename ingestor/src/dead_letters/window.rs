//! How many bodies of one sender are kept in a minute.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;
use twox_hash::XxHash3_128;

use crate::intake::Source;

const LENGTH: Duration = Duration::from_secs(60);
/// Bodies of one sender by one protocol from one address.
const MOST_OF_ONE: u32 = 60;
/// Bodies of all of them together: it bounds what is remembered.
const MOST: usize = 10_000;

/// Why a body is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// An equal one of its sender was kept within the minute.
    Repeated,
    /// There were too many of its sender, or of all, within the minute.
    Rate,
    /// Too many wait to be written.
    Full,
    /// The store does not take it.
    Refused,
}

impl Dropped {
    pub const ALL: [Self; 4] = [Self::Repeated, Self::Rate, Self::Full, Self::Refused];

    pub fn label(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::Rate => "rate",
            Self::Full => "full",
            Self::Refused => "refused",
        }
    }
}

/// The minute under way.
#[derive(Debug)]
pub(super) struct Window {
    began: Instant,
    counts: HashMap<u128, u32>,
    seen: HashSet<u128>,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, counts: HashMap::new(), seen: HashSet::new() }
    }

    /// Counts a body, unless it is one too many.
    pub(super) fn admit(&mut self, now: Instant, source: &Source, body: &[u8]) -> Result<(), Dropped> {
        if now.duration_since(self.began) >= LENGTH {
            *self = Self::new(now);
        }
        let sender = source.sender.as_ref().map_or("", |sender| sender.as_str());
        let who = format!("{}\n{sender}\n{:?}", source.protocol.label(), source.peer);
        let who = XxHash3_128::oneshot(who.as_bytes());
        let body = XxHash3_128::oneshot(body).wrapping_add(who.rotate_left(64));
        if self.seen.contains(&body) {
            return Err(Dropped::Repeated);
        }
        if self.seen.len() >= MOST {
            return Err(Dropped::Rate);
        }
        let count = self.counts.entry(who).or_default();
        if *count >= MOST_OF_ONE {
            return Err(Dropped::Rate);
        }
        *count += 1;
        self.seen.insert(body);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::intake::Protocol;

    fn source(protocol: Protocol, peer: u32) -> Source {
        Source { protocol, sender: None, peer: Some(IpAddr::from(peer.to_be_bytes())) }
    }

    #[test]
    fn a_sender_has_sixty_bodies_a_minute_and_equal_ones_once() {
        let start = Instant::now();
        let mut window = Window::new(start);
        let one = source(Protocol::Json, 1);
        assert_eq!(window.admit(start, &one, b"body"), Ok(()));
        assert_eq!(window.admit(start, &one, b"body"), Err(Dropped::Repeated));
        for number in 1..60 {
            assert_eq!(window.admit(start, &one, format!("{number}").as_bytes()), Ok(()));
        }
        let late = start + LENGTH - Duration::from_millis(1);
        assert_eq!(window.admit(late, &one, b"another"), Err(Dropped::Rate));
        // Nobody else is concerned.
        assert_eq!(window.admit(late, &source(Protocol::Json, 2), b"body"), Ok(()));
        assert_eq!(window.admit(late, &source(Protocol::Loki, 1), b"body"), Ok(()));
        assert_eq!(window.admit(start + LENGTH, &one, b"body"), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let start = Instant::now();
        let mut window = Window::new(start);
        let admitted = (0..20_000)
            .filter(|peer| window.admit(start, &source(Protocol::Bulk, *peer), b"x").is_ok())
            .count();
        assert_eq!(admitted, MOST);
        assert!(window.counts.len() <= MOST && window.seen.len() <= MOST);
    }
}
