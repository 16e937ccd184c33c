//! The system at work: one entry at a time, in the order of simulated time.

use std::collections::BinaryHeap;
use std::time::Duration;

use logpipeline_model::{Level, Timestamp};

use crate::entry::Draft;

use super::dice::Dice;
use super::flows::FLOWS;
use super::incident::{Change, Incidents};
use super::plan::{self, Event, Request, What};
use super::services::{Runtime, SERVICES};
use super::stack::{Cause, Stacks};
use super::template::{MetadataTemplate, Template, Values, hex, number, padded};
use super::voice::{Common, Line, Voice, spelling, voices};

/// Of a thousand entries that no request has due, so many are a service's own.
const IDLE_PER_MILLE: u64 = 550;

#[derive(Debug)]
pub(crate) struct Simulation {
    dice: Dice,
    start: Timestamp,
    step: u64,
    incidents: Incidents,
    due: BinaryHeap<Event>,
    planned: Vec<Event>,
    order: u64,
    voices: Vec<Voice>,
    common: Common,
    stacks: Stacks,
    paths: Vec<Template>,
    /// By service, then by replica.
    instances: Vec<Vec<Instance>>,
    /// By service: what is deployed, and what was before.
    commits: Vec<(String, String)>,
}

#[derive(Debug)]
struct Instance {
    resource_id: String,
    /// The machine it runs on; empty where the instance doesn't know.
    parent: String,
}

impl Simulation {
    pub(crate) fn new(seed: u64, start: Timestamp, step: Duration) -> Self {
        let mut dice = Dice::new(seed);
        let incidents = Incidents::new(&mut dice);
        let instances = SERVICES
            .iter()
            .map(|service| {
                (0..service.replicas)
                    .map(|_| Instance::new(service.name, service.runtime, &mut dice))
                    .collect()
            })
            .collect();
        let commits = SERVICES.iter().map(|_| (commit(&mut dice), commit(&mut dice))).collect();
        Self {
            dice,
            start,
            step: u64::try_from(step.as_nanos()).unwrap_or(u64::MAX).max(1),
            incidents,
            due: BinaryHeap::new(),
            planned: Vec::new(),
            order: 0,
            voices: voices(),
            common: Common::new(),
            stacks: Stacks::new(),
            paths: FLOWS.iter().map(|flow| Template::compile(flow.path)).collect(),
            instances,
            commits,
        }
    }

    /// Fills `draft` with the entry number `seq`.
    pub(crate) fn next(&mut self, seq: u64, draft: &mut Draft) {
        let now = seq.saturating_mul(self.step);
        if let Some(change) = self.incidents.advance(now, &mut self.dice) {
            self.turn(now, change);
        }
        let event = match self.due.peek() {
            Some(event) if event.due <= now => self.due.pop(),
            _ if self.dice.chance(IDLE_PER_MILLE) => None,
            _ => {
                plan::request(now, &mut self.dice, &self.incidents, &mut self.order, &mut self.planned);
                self.due.extend(self.planned.drain(..));
                self.due.pop()
            }
        };
        let event = event.unwrap_or_else(|| self.idle(now));
        draft.clear();
        self.write(&event, draft);
        draft.timestamp = self.timestamp(now, event.service);
    }

    /// Just after `now` and before the next entry's. One in two hundred lines of the shipping service has none.
    fn timestamp(&mut self, now: u64, service: usize) -> Option<Timestamp> {
        let nanos = now + self.dice.below(self.step);
        if service == super::services::SHIPPING && self.dice.chance(5) {
            return None;
        }
        let nanos = if self.step >= 2_000 { nanos - nanos % 1_000 } else { nanos };
        Some(self.start + Duration::from_nanos(nanos.max(now)))
    }

    fn idle(&mut self, now: u64) -> Event {
        let service = self.dice.below(SERVICES.len() as u64) as usize;
        self.beside(now, service, What::Idle)
    }

    /// A line beside any request.
    fn beside(&mut self, due: u64, service: usize, what: What) -> Event {
        self.order += 1;
        Event {
            due,
            order: self.order,
            request: Request::default(),
            service,
            replica: self.dice.below(SERVICES[service].replicas) as usize,
            span: 0,
            callee: 0,
            callee_replica: 0,
            micros: self.dice.latency(180_000),
            status: 0,
            attempt: 0,
            what,
        }
    }

    /// Incidents come with a crash or a new commit, and end with a recovery or the old commit.
    fn turn(&mut self, now: u64, change: Change) {
        let (incident, what) = match change {
            Change::Began(incident) if incident.deploy => {
                let fresh = commit(&mut self.dice);
                let commits = &mut self.commits[incident.service];
                commits.1 = std::mem::replace(&mut commits.0, fresh);
                (incident, What::Deployed)
            }
            Change::Began(incident) if incident.cause == Cause::Refused => (incident, What::Crashed),
            Change::Began(_) => return,
            Change::Ended(incident) if incident.deploy => {
                let commits = &mut self.commits[incident.service];
                std::mem::swap(&mut commits.0, &mut commits.1);
                (incident, What::RolledBack)
            }
            Change::Ended(incident) => (incident, What::Recovered),
        };
        for _ in 0..SERVICES[incident.service].replicas {
            let event = self.beside(now, incident.service, what);
            self.due.push(event);
        }
    }

    fn write(&mut self, event: &Event, draft: &mut Draft) {
        let service = &SERVICES[event.service];
        let instance = &self.instances[event.service][event.replica];
        let flow = &FLOWS[event.request.flow];
        let values = Values {
            bits: self.dice.bits(),
            micros: event.micros,
            status: event.status,
            attempt: event.attempt,
            method: flow.method,
            path: &self.paths[event.request.flow],
            request: event.request.id,
            user: event.request.user,
            service: service.name,
            callee: SERVICES[event.callee].name,
            callee_host: &self.instances[event.callee][event.callee_replica].resource_id,
            commit: &self.commits[event.service].0,
        };
        let voice = &self.voices[event.service];
        let line = match event.what {
            What::Work => voice.work.pick(&mut self.dice).or_else(|| voice.detail.pick(&mut self.dice)),
            What::Detail => voice.detail.pick(&mut self.dice).or_else(|| voice.work.pick(&mut self.dice)),
            What::Idle => voice.idle.pick(&mut self.dice),
            What::Access => Some(&self.common.access),
            What::Retrying => Some(&self.common.retrying),
            What::GaveUp => Some(&self.common.gave_up),
            What::Degraded => Some(&self.common.degraded),
            What::Deployed => Some(&self.common.deployed),
            What::RolledBack => Some(&self.common.rolled_back),
            What::Crashed => Some(&self.common.crashed),
            What::Recovered => Some(&self.common.recovered),
            What::Failed { cause, deep } => {
                self.stacks.write(service.runtime, cause, deep, &values, &mut draft.message);
                None
            }
        };
        let level = match line {
            Some(line) => {
                line.message.render(&values, &mut draft.message);
                level(line, event)
            }
            None => Level::Error,
        };
        let metadata: &MetadataTemplate = line.map_or(&self.common.failed, |line| &line.metadata);
        let in_request = event.request.id != 0 && service.runtime == Runtime::Go;
        metadata.render(&values, &instance.parent, in_request, &mut draft.metadata);

        // Native programs log through syslog, which often has no severity, and know no commits or spans.
        let native = service.runtime == Runtime::Native;
        if !native || !self.dice.chance(80) {
            draft.level.push_str(spelling(service.runtime, level));
        }
        draft.resource_id.push_str(&instance.resource_id);
        if !native {
            draft.commit.push_str(&self.commits[event.service].0);
        }
        if event.request.id != 0 && !(native && self.dice.chance(500)) {
            hex(event.request.trace.0, 16, &mut draft.trace_id);
            hex(event.request.trace.1, 16, &mut draft.trace_id);
            hex(event.span, 16, &mut draft.span_id);
        }
    }
}

/// A line's level; the gateway's follows the status.
fn level(line: &Line, event: &Event) -> Level {
    match event.status {
        500.. if event.what == What::Access => Level::Error,
        400..500 if event.what == What::Access => Level::Warn,
        _ => line.level,
    }
}

impl Instance {
    /// Native services run on servers of their own, the others as pods of which only some know their node.
    fn new(service: &str, runtime: Runtime, dice: &mut Dice) -> Self {
        let mut resource_id = String::new();
        let mut parent = String::new();
        if runtime == Runtime::Native {
            resource_id.push_str("server-");
            padded(dice.within(1_000, 9_999), 4, &mut resource_id);
            parent.push_str("server-");
            padded(dice.below(1_000), 4, &mut parent);
        } else {
            resource_id.push_str(service);
            resource_id.push('-');
            hex(dice.bits(), 5, &mut resource_id);
            if dice.chance(250) {
                parent.push_str("node-");
                number(dice.within(1, 12), &mut parent);
            }
        }
        Self { resource_id, parent }
    }
}

fn commit(dice: &mut Dice) -> String {
    let mut text = String::new();
    hex(dice.bits(), 7, &mut text);
    text
}
