//! Step five: what is told of a pipeline. Pure: facts in, status out.

mod facts;
mod generators;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use crate::crd::{Endpoints, GeneratorStatus, LogPipelineStatus};

pub use facts::{Verdict, Workload, availability};
pub use generators::{finished_jobs, generators};

pub const READY: &str = "Ready";
pub const CONFIG_VALID: &str = "ConfigValid";
pub const STORAGE_READY: &str = "StorageReady";
pub const TEMPLATES_APPLIED: &str = "TemplatesApplied";
pub const RETENTION_APPLIED: &str = "RetentionApplied";
pub const INGESTOR_AVAILABLE: &str = "IngestorAvailable";
pub const QUERY_AVAILABLE: &str = "QueryAvailable";
pub const DELIVERED: &str = "Delivered";

/// Everything that a pipeline being ready is made of.
const PARTS: [&str; 7] = [
    CONFIG_VALID,
    STORAGE_READY,
    TEMPLATES_APPLIED,
    RETENTION_APPLIED,
    INGESTOR_AVAILABLE,
    QUERY_AVAILABLE,
    DELIVERED,
];

/// What became of a reconcile.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub generation: i64,
    /// By condition, without [`READY`]. What is not there stays as it was told before.
    pub verdicts: Vec<(&'static str, Verdict)>,
    /// In place of what the parts make of it.
    pub ready: Option<Verdict>,
    pub endpoints: Option<Endpoints>,
    pub replicas: Option<i32>,
    pub selector: Option<String>,
    pub generators: Option<Vec<GeneratorStatus>>,
}

/// A condition that changed sides or its reason, or came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    pub kind: String,
    pub verdict: Verdict,
}

/// The status after a report, and what turned by it.
pub fn status(
    before: &LogPipelineStatus,
    report: &Report,
    now: Timestamp,
) -> (LogPipelineStatus, Vec<Transition>) {
    let mut status = before.clone();
    let mut transitions = Vec::new();
    status.observed_generation = Some(report.generation);
    for (kind, verdict) in &report.verdicts {
        set(&mut status, kind, verdict, report.generation, now, &mut transitions);
    }
    let ready = report.ready.clone().unwrap_or_else(|| ready(&status, report.generation));
    set(&mut status, READY, &ready, report.generation, now, &mut transitions);
    if report.endpoints.is_some() {
        status.endpoints = report.endpoints.clone();
    }
    if report.replicas.is_some() {
        status.replicas = report.replicas;
    }
    if report.selector.is_some() {
        status.selector = report.selector.clone();
    }
    if let Some(generators) = &report.generators {
        status.generators = generators.clone();
    }
    (status, transitions)
}

/// Ready where every part is, of this generation.
fn ready(status: &LogPipelineStatus, generation: i64) -> Verdict {
    for part in PARTS {
        let condition = status.conditions.iter().find(|one| one.type_ == part);
        match condition {
            Some(one) if one.observed_generation == Some(generation) && one.status == "True" => {}
            Some(one) if one.observed_generation == Some(generation) => {
                return Verdict::no(format!("{part}{}", one.reason), format!("{part}: {}", one.message));
            }
            _ => return Verdict::no("Progressing", format!("{part} is not known yet of this generation")),
        }
    }
    Verdict::yes("Ready", "entries are taken, kept and found")
}

fn set(
    status: &mut LogPipelineStatus,
    kind: &str,
    verdict: &Verdict,
    generation: i64,
    now: Timestamp,
    transitions: &mut Vec<Transition>,
) {
    let fresh = Condition {
        type_: kind.to_owned(),
        status: verdict.status.to_owned(),
        reason: verdict.reason.clone(),
        message: verdict.message.clone(),
        observed_generation: Some(generation),
        last_transition_time: Time(now),
    };
    let transition = Transition { kind: kind.to_owned(), verdict: verdict.clone() };
    let Some(known) = status.conditions.iter_mut().find(|one| one.type_ == kind) else {
        status.conditions.push(fresh);
        transitions.push(transition);
        return;
    };
    let same_side = known.status == verdict.status;
    if same_side && known.reason == verdict.reason && verdict.keeps_message {
        // Its figures are those of the moment when it turned: they move with traffic.
        known.observed_generation = Some(generation);
        return;
    }
    let since = if same_side { known.last_transition_time.clone() } else { Time(now) };
    let turned = !same_side || known.reason != verdict.reason;
    *known = Condition { last_transition_time: since, ..fresh };
    if turned {
        transitions.push(transition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn all_well(generation: i64) -> Report {
        let verdicts = PARTS.map(|part| (part, Verdict::yes("Well", "it is")));
        Report { generation, verdicts: verdicts.to_vec(), ..Report::default() }
    }

    fn find<'a>(status: &'a LogPipelineStatus, kind: &str) -> &'a Condition {
        status.conditions.iter().find(|one| one.type_ == kind).unwrap()
    }

    #[test]
    fn ready_is_what_all_parts_are_and_tells_the_first_that_is_not() {
        let (status, _) = status(&LogPipelineStatus::default(), &all_well(1), at(1));
        assert_eq!(find(&status, READY).status, "True");
        let mut report = all_well(1);
        report.verdicts[1].1 = Verdict::no("Unreachable", "connection refused");
        let (status, transitions) = super::status(&status, &report, at(2));
        let ready = find(&status, READY);
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "StorageReadyUnreachable"));
        assert_eq!(ready.message, "StorageReady: connection refused");
        let turned: Vec<_> = transitions.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(turned, [STORAGE_READY, READY]);
    }

    #[test]
    fn ready_never_speaks_of_an_older_generation() {
        let (before, _) = status(&LogPipelineStatus::default(), &all_well(1), at(1));
        // Of generation 2 nothing is known but that its settings are valid.
        let report = Report {
            generation: 2,
            verdicts: vec![(CONFIG_VALID, Verdict::yes("Well", "it is"))],
            ..Report::default()
        };
        let (after, _) = status(&before, &report, at(2));
        let ready = find(&after, READY);
        assert_eq!((ready.status.as_str(), ready.observed_generation), ("False", Some(2)));
        assert_eq!(find(&after, STORAGE_READY).observed_generation, Some(1));
    }

    #[test]
    fn nothing_changes_where_nothing_changed_and_times_are_those_of_the_turn() {
        let (first, _) = status(&LogPipelineStatus::default(), &all_well(1), at(1));
        let (second, transitions) = status(&first, &all_well(1), at(100));
        assert_eq!(first, second);
        assert!(transitions.is_empty());
        let mut report = all_well(1);
        report.verdicts[6].1 = Verdict::no("Lagging", "5 entries wait").keeping_message();
        let (third, _) = status(&second, &report, at(200));
        report.verdicts[6].1 = Verdict::no("Lagging", "9 entries wait").keeping_message();
        let (fourth, transitions) = status(&third, &report, at(300));
        assert_eq!(third, fourth);
        assert_eq!(find(&fourth, DELIVERED).message, "5 entries wait");
        assert_eq!(find(&fourth, DELIVERED).last_transition_time, Time(at(200)));
        assert!(transitions.is_empty());
    }
}
