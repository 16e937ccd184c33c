//! A request's way through the system, laid out as the lines that will be written on it.

use std::cmp::Ordering;

use super::dice::Dice;
use super::flows::FLOWS;
use super::incident::Incidents;
use super::services::{GATEWAY, SERVICES};
use super::stack::Cause;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A line of the service's own work at info level or above.
    Work,
    /// A line of its work at debug level or below.
    Detail,
    Failed {
        cause: Cause,
        deep: bool,
    },
    /// A call failed and is tried again.
    Retrying,
    GaveUp,
    Degraded,
    /// The gateway's line at the end of a request.
    Access,
    /// A line beside any request.
    Idle,
    Deployed,
    RolledBack,
    Crashed,
    Recovered,
}

/// A request as its entries share it. All zero for lines beside any request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) trace: (u64, u64),
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) flow: usize,
}

/// One line to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    /// Simulated nanoseconds since the start.
    pub(crate) due: u64,
    pub(crate) order: u64,
    pub(crate) request: Request,
    pub(crate) service: usize,
    pub(crate) replica: usize,
    pub(crate) span: u64,
    pub(crate) callee: usize,
    pub(crate) callee_replica: usize,
    pub(crate) micros: u64,
    pub(crate) status: u16,
    pub(crate) attempt: u8,
    pub(crate) what: What,
}

/// The earliest is the greatest, for a max-heap.
impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.order).cmp(&(self.due, self.order))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Plans the lines of one request that starts at `now`, into `events`.
pub(crate) fn request(
    now: u64,
    dice: &mut Dice,
    incidents: &Incidents,
    order: &mut u64,
    events: &mut Vec<Event>,
) {
    let mut roll = dice.below(FLOWS.iter().map(|flow| flow.weight).sum());
    let mut flow = 0;
    while roll >= FLOWS[flow].weight {
        roll -= FLOWS[flow].weight;
        flow += 1;
    }
    let request = Request {
        trace: (dice.bits(), dice.bits()),
        id: dice.bits() | 1,
        user: 1_000 + dice.below(40_000),
        flow,
    };
    let mut planner = Planner { request, dice, incidents, order, events };
    let span = planner.begin(0, now);
    let end = planner.calls(span, now);
    let status = match end.failed {
        Some(Cause::Timeout) => 504,
        Some(Cause::Refused) => 502,
        Some(Cause::Pool) => 503,
        Some(Cause::Bug) => 500,
        None => match planner.dice.below(1_000) {
            0..12 => 404,
            12..18 => 401,
            18..22 => 422,
            22..60 => 304,
            _ if FLOWS[flow].method == "POST" => 201,
            _ => 200,
        },
    };
    let micros = (end.at - now) / 1_000;
    planner.push(span, end.at, What::Access, Details { micros, status, ..Details::default() });
}

#[derive(Clone, Copy)]
struct Span {
    position: usize,
    replica: usize,
    id: u64,
}

struct End {
    at: u64,
    failed: Option<Cause>,
}

#[derive(Default)]
struct Details {
    micros: u64,
    status: u16,
    attempt: u8,
    callee: usize,
    callee_replica: usize,
}

struct Planner<'a> {
    request: Request,
    dice: &'a mut Dice,
    incidents: &'a Incidents,
    order: &'a mut u64,
    events: &'a mut Vec<Event>,
}

impl Planner<'_> {
    fn service(&self, position: usize) -> usize {
        FLOWS[self.request.flow].calls[position].0
    }

    fn begin(&mut self, position: usize, at: u64) -> Span {
        let service = &SERVICES[self.service(position)];
        let span =
            Span { position, replica: self.dice.below(service.replicas) as usize, id: self.dice.bits() };
        if self.dice.chance(service.verbose) {
            let due = at + self.dice_nanos(50);
            self.push(span, due, What::Detail, Details { micros: 40, ..Details::default() });
        }
        span
    }

    /// Plans one call with everything below it.
    fn call(&mut self, position: usize, at: u64) -> (Span, End) {
        let index = self.service(position);
        let service = &SERVICES[index];
        let span = self.begin(position, at);
        let own = self.dice.latency(service.own_micros);
        let cause = match self.incidents.striking(index) {
            Some((failing, cause)) => self.dice.chance(failing).then_some(cause),
            None => self
                .dice
                .chance(service.failing)
                .then(|| self.dice.pick(&[Cause::Timeout, Cause::Refused, Cause::Pool, Cause::Bug])),
        };
        if let Some(cause) = cause {
            let micros = match cause {
                Cause::Timeout => 1_000_000 + self.dice.below(2_000_000),
                Cause::Pool => 400_000 + self.dice.below(200_000),
                Cause::Refused => 300,
                Cause::Bug => own,
            };
            let failed_at = at + micros * 1_000;
            let deep = self.dice.chance(550);
            self.push(
                span,
                failed_at,
                What::Failed { cause, deep },
                Details { micros, ..Details::default() },
            );
            return (span, End { at: failed_at, failed: Some(cause) });
        }
        let end = self.calls(span, at + own * 500);
        if end.failed.is_none() && self.dice.chance(780) {
            let micros = (end.at + own * 500 - at) / 1_000;
            self.push(span, end.at + own * 400, What::Work, Details { micros, ..Details::default() });
        }
        (span, End { at: end.at + own * 500, failed: end.failed })
    }

    /// Plans the calls that `span` makes, one after the other.
    fn calls(&mut self, span: Span, at: u64) -> End {
        let calls = FLOWS[self.request.flow].calls;
        let mut at = at + self.dice_nanos(80);
        for (position, (service, caller)) in calls.iter().enumerate().skip(span.position + 1) {
            if *caller != span.position {
                continue;
            }
            let (callee, mut end) = self.call(position, at);
            at = end.at + self.dice_nanos(60);
            let Some(cause) = end.failed else { continue };
            let details = |attempt, callee: Span| Details {
                attempt,
                callee: *service,
                callee_replica: callee.replica,
                status: if cause == Cause::Timeout { 504 } else { 503 },
                micros: 100,
            };
            if self.dice.chance(400) {
                self.push(span, at, What::Retrying, details(1, callee));
                at += 50_000_000 + self.dice_nanos(40_000);
                end = self.call(position, at).1;
                at = end.at + self.dice_nanos(60);
                if end.failed.is_none() {
                    continue;
                }
            }
            if span.position != 0 && self.dice.chance(250) {
                self.push(span, at, What::Degraded, details(2, callee));
                continue;
            }
            self.push(span, at, What::GaveUp, details(2, callee));
            return End { at, failed: Some(cause) };
        }
        End { at, failed: None }
    }

    fn push(&mut self, span: Span, due: u64, what: What, details: Details) {
        *self.order += 1;
        self.events.push(Event {
            due,
            order: *self.order,
            request: self.request,
            service: if span.position == 0 { GATEWAY } else { self.service(span.position) },
            replica: span.replica,
            span: span.id,
            callee: details.callee,
            callee_replica: details.callee_replica,
            micros: details.micros,
            status: details.status,
            attempt: details.attempt,
            what,
        });
    }

    /// A moment of at most `micros` microseconds.
    fn dice_nanos(&mut self, micros: u64) -> u64 {
        self.dice.within(1_000, micros * 1_000)
    }
}
