//! Bad times: a service fails for a while, its callers with it, and a deploy may be the reason.

use super::dice::Dice;
use super::services::{AUTH, CATALOG, CHECKOUT, INVENTORY, ORDERS_DB, PAYMENTS, PRICING, SEARCH};
use super::stack::Cause;

const SECOND: u64 = 1_000_000_000;

/// Services that incidents strike.
const STRUCK: &[usize] =
    &[PAYMENTS, CHECKOUT, ORDERS_DB, SEARCH, SEARCH, INVENTORY, CATALOG, CATALOG, PRICING, AUTH];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Incident {
    pub(crate) service: usize,
    pub(crate) cause: Cause,
    /// A new commit came with it, and the old one comes back at its end.
    pub(crate) deploy: bool,
    /// How often a span fails, of a thousand.
    pub(crate) failing: u64,
    /// Simulated nanoseconds since the start.
    pub(crate) from: u64,
    pub(crate) until: u64,
}

/// When incidents strike. At most one goes on at a time.
#[derive(Debug)]
pub(crate) struct Incidents {
    next: Incident,
    current: Option<Incident>,
}

/// What time did to the incidents.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Began(Incident),
    Ended(Incident),
}

impl Incidents {
    /// The first begins within 4 to 12 seconds, so that a short run has one too.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let from = dice.within(4, 12) * SECOND;
        Self { next: plan(from, dice.within(4, 8) * SECOND, dice), current: None }
    }

    /// The rate at which `service` fails for an incident, of a thousand, and why.
    pub(crate) fn striking(&self, service: usize) -> Option<(u64, Cause)> {
        let incident = self.current.as_ref().filter(|incident| incident.service == service)?;
        Some((incident.failing, incident.cause))
    }

    pub(crate) fn advance(&mut self, now: u64, dice: &mut Dice) -> Option<Change> {
        if let Some(current) = self.current {
            if now < current.until {
                return None;
            }
            self.current = None;
            // Short ones come often and long ones seldom, so that hours of logs look as lively as seconds.
            let length = match dice.below(10) {
                0..6 => dice.within(3, 20),
                6..9 => dice.within(20, 120),
                _ => dice.within(180, 900),
            } * SECOND;
            self.next = plan(now + length * dice.within(1, 4), length, dice);
            return Some(Change::Ended(current));
        }
        if now < self.next.from {
            return None;
        }
        self.current = Some(self.next);
        Some(Change::Began(self.next))
    }
}

fn plan(from: u64, length: u64, dice: &mut Dice) -> Incident {
    let cause = dice.pick(&[Cause::Timeout, Cause::Refused, Cause::Pool, Cause::Bug, Cause::Bug]);
    Incident {
        service: dice.pick(STRUCK),
        cause,
        deploy: cause == Cause::Bug,
        failing: dice.within(500, 950),
        from,
        until: from + length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incidents_follow_each_other_without_overlap_and_leave_most_of_the_time_in_peace() {
        let mut dice = Dice::new(3);
        let mut incidents = Incidents::new(&mut dice);
        let (mut bad, mut began) = (0u64, 0u64);
        let hours = 12 * 3_600;
        for second in 0..hours {
            match incidents.advance(second * SECOND, &mut dice) {
                Some(Change::Began(incident)) => {
                    began += 1;
                    assert!(incident.until > incident.from);
                }
                Some(Change::Ended(incident)) => assert!(incident.until <= second * SECOND),
                None => {}
            }
            bad += u64::from((0..20).any(|service| incidents.striking(service).is_some()));
        }
        assert!(began >= 20, "{began} incidents in twelve hours");
        assert!(bad * 100 / hours < 40, "{bad} of {hours} seconds were bad");
    }
}
