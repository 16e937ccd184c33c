//! What became of load tests: phases from Jobs, figures from what their containers said at their end.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::Value;

use crate::build::job_name;
use crate::crd::{GeneratorPhase, GeneratorStatus};
use crate::validate::Pipeline;

const JOB_NAME: &str = "batch.kubernetes.io/job-name";

/// Names of the Jobs that are known to have ended. They are not run again, though somebody removed them.
pub fn finished_jobs(before: &[GeneratorStatus]) -> BTreeSet<String> {
    let ended =
        |one: &&GeneratorStatus| matches!(one.phase, GeneratorPhase::Succeeded | GeneratorPhase::Failed);
    before.iter().filter(ended).map(|one| one.job.clone()).collect()
}

/// The status of each generator of a pipeline.
pub fn generators(
    pipeline: &Pipeline,
    before: &[GeneratorStatus],
    jobs: &[Arc<DynamicObject>],
    pods: &[Arc<DynamicObject>],
) -> Vec<GeneratorStatus> {
    let of = |generator| {
        let job = job_name(&pipeline.name, generator);
        let known = before.iter().find(|one| one.job == job);
        let Some(found) = jobs.iter().find(|one| one.name_any() == job) else {
            return known.cloned().unwrap_or_else(|| pending(&generator.spec.name, &job));
        };
        let mut status = GeneratorStatus { phase: phase(found), ..pending(&generator.spec.name, &job) };
        if let Some(report) = report(&job, pods) {
            figures(&mut status, &report);
        } else if let Some(known) = known.filter(|one| one.phase == status.phase) {
            status = known.clone();
        }
        status
    };
    pipeline.generators.iter().map(of).collect()
}

fn pending(name: &str, job: &str) -> GeneratorStatus {
    GeneratorStatus {
        name: name.to_owned(),
        job: job.to_owned(),
        phase: GeneratorPhase::Pending,
        sent: None,
        verified: None,
        lost: None,
        p99: None,
    }
}

fn phase(job: &DynamicObject) -> GeneratorPhase {
    let status = &job.data["status"];
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is = |kind: &str| conditions.iter().any(|one| one["type"] == kind && one["status"] == "True");
    if is("Complete") {
        GeneratorPhase::Succeeded
    } else if is("Failed") {
        GeneratorPhase::Failed
    } else if status["active"].as_i64().unwrap_or_default() > 0 {
        GeneratorPhase::Running
    } else {
        GeneratorPhase::Pending
    }
}

/// What the Job's container wrote at its end.
fn report(job: &str, pods: &[Arc<DynamicObject>]) -> Option<Value> {
    let pod = pods.iter().find(|pod| pod.labels().get(JOB_NAME).is_some_and(|name| name == job))?;
    let statuses = pod.data["status"]["containerStatuses"].as_array()?;
    let message = statuses.iter().find_map(|one| one["state"]["terminated"]["message"].as_str())?;
    serde_json::from_str(message).ok()
}

fn figures(status: &mut GeneratorStatus, report: &Value) {
    status.sent = report["sent"].as_i64();
    status.verified = report["verified"].as_i64();
    status.lost = report["lost"].as_i64();
    status.p99 = report["latencyMs"]["p99"].as_f64().map(|millis| format!("{millis:.1}ms"));
}
