//! What is so, with the reason, in words.

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::Value;

/// One side of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub status: &'static str,
    /// Stable, for programs.
    pub reason: String,
    /// For people: why not, and what to do.
    pub message: String,
    pub(super) keeps_message: bool,
}

impl Verdict {
    pub fn yes(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new("True", reason, message)
    }

    pub fn no(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new("False", reason, message)
    }

    pub fn unknown(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new("Unknown", reason, message)
    }

    fn new(status: &'static str, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), message: message.into(), keeps_message: false }
    }

    /// Leaves the message as it was while the reason stays.
    #[must_use]
    pub fn keeping_message(mut self) -> Self {
        self.keeps_message = true;
        self
    }
}

/// A Deployment or a StatefulSet, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workload {
    pub wanted: i64,
    /// How many are enough: as many as are wanted, or fewer while an autoscaler adds some.
    pub enough: i64,
    pub available: i64,
    pub replicas: i64,
    /// Whether its controller has seen what it is to be.
    pub observed: bool,
    /// Whether all its pods are of what it is to be.
    pub updated: bool,
}

impl Workload {
    pub fn of(object: &DynamicObject) -> Self {
        let (spec, status) = (&object.data["spec"], &object.data["status"]);
        let number = |of: &Value, name: &str| of[name].as_i64().unwrap_or_default();
        let wanted = spec["replicas"].as_i64().unwrap_or(1);
        Self {
            wanted,
            enough: wanted,
            available: number(status, "availableReplicas"),
            replicas: number(status, "replicas"),
            observed: status["observedGeneration"].as_i64() >= object.metadata.generation,
            updated: number(status, "updatedReplicas") >= number(status, "replicas").min(wanted),
        }
    }
}

/// Whether a workload serves. `pods` are its pods, `container` the one that is asked about.
pub fn availability(workload: Option<&Workload>, pods: &[&DynamicObject], container: &str) -> Verdict {
    let Some(workload) = workload else {
        return Verdict::no("Missing", "its pods are not made yet");
    };
    if workload.wanted == 0 {
        return Verdict::no("ScaledToZero", "replicas is 0: nothing runs");
    }
    let trouble = pods.iter().find_map(|pod| trouble(pod, container));
    if !workload.observed {
        return Verdict::no("Progressing", "the change is not taken up yet");
    }
    if workload.available == 0 {
        let message = trouble.unwrap_or_else(|| "no pod is ready yet".to_owned());
        return Verdict::no("NoPodAvailable", message);
    }
    if !workload.updated {
        let message = trouble.unwrap_or_else(|| "a change is being rolled out".to_owned());
        return Verdict::no("RollingOut", message);
    }
    if workload.available < workload.wanted.min(workload.enough) {
        let message = trouble.unwrap_or_else(|| "fewer pods are ready than are wanted".to_owned());
        return Verdict::no("TooFewPods", message);
    }
    Verdict::yes("Available", "all pods are ready")
}

/// The last of what a container said before it ended, without the rest of its log.
fn last_line(log: &str) -> &str {
    let line = log.trim_end().lines().last().unwrap_or_default();
    let end = (0..=line.len().min(500)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
    &line[..end]
}

/// Why a pod does not run, in its own words.
fn trouble(pod: &DynamicObject, container: &str) -> Option<String> {
    let status = &pod.data["status"];
    let name = pod.name_any();
    let statuses = status["containerStatuses"].as_array().map(Vec::as_slice).unwrap_or_default();
    for one in statuses.iter().filter(|one| one["name"] == container) {
        let waiting = &one["state"]["waiting"];
        let usual = ["ContainerCreating", "PodInitializing"];
        if let Some(reason) = waiting["reason"].as_str().filter(|reason| !usual.contains(reason)) {
            let message = waiting["message"].as_str().unwrap_or_default();
            // Why it ended before says more than that it is started again later.
            let last = one["lastState"]["terminated"]["message"].as_str().map(last_line).unwrap_or_default();
            let message = if last.is_empty() { message } else { last };
            return Some(format!("pod {name}: {reason}: {message}").trim_end_matches([':', ' ']).to_owned());
        }
    }
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let unscheduled =
        conditions.iter().find(|one| one["type"] == "PodScheduled" && one["status"] == "False")?;
    let message = unscheduled["message"].as_str().unwrap_or("no node takes it");
    Some(format!("pod {name} is not scheduled: {message}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: &Value) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "shop-ingestor-0" }, "status": status,
        }))
        .unwrap()
    }

    fn workload(wanted: i64, available: i64) -> Workload {
        Workload { wanted, enough: wanted, available, replicas: wanted, observed: true, updated: true }
    }

    #[test]
    fn availability_says_why_not_in_the_pods_own_words() {
        let verdict = availability(Some(&workload(2, 2)), &[], "ingestor");
        assert_eq!((verdict.status, verdict.reason.as_str()), ("True", "Available"));
        let waiting = pod(&json!({ "containerStatuses": [{ "name": "ingestor", "state": { "waiting": {
            "reason": "ImagePullBackOff", "message": "back-off pulling image \"x\"" } } }] }));
        let verdict = availability(Some(&workload(1, 0)), &[&waiting], "ingestor");
        assert_eq!(verdict.reason, "NoPodAvailable");
        assert_eq!(verdict.message, "pod shop-ingestor-0: ImagePullBackOff: back-off pulling image \"x\"");
        let crashing = pod(&json!({ "containerStatuses": [{ "name": "ingestor",
            "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s restarting" } },
            "lastState": { "terminated": { "message": "starting\nline 2 of the tokens file has no colon\n" } } }] }));
        let verdict = availability(Some(&workload(1, 0)), &[&crashing], "ingestor");
        assert_eq!(
            verdict.message,
            "pod shop-ingestor-0: CrashLoopBackOff: line 2 of the tokens file has no colon"
        );
        // The other container of the same pod has no trouble of its own.
        assert_eq!(availability(Some(&workload(1, 0)), &[&waiting], "query").message, "no pod is ready yet");
        let unscheduled = pod(&json!({ "conditions": [
            { "type": "PodScheduled", "status": "False", "message": "0/1 nodes are available" }] }));
        let verdict = availability(Some(&workload(1, 0)), &[&unscheduled], "ingestor");
        assert_eq!(verdict.message, "pod shop-ingestor-0 is not scheduled: 0/1 nodes are available");
    }

    #[test]
    fn what_is_rolled_out_or_not_seen_yet_is_not_available() {
        let reason = |workload: Option<Workload>| availability(workload.as_ref(), &[], "ingestor").reason;
        assert_eq!(reason(None), "Missing");
        assert_eq!(reason(Some(workload(0, 0))), "ScaledToZero");
        assert_eq!(reason(Some(Workload { observed: false, ..workload(1, 1) })), "Progressing");
        assert_eq!(reason(Some(Workload { updated: false, ..workload(1, 1) })), "RollingOut");
        assert_eq!(reason(Some(workload(2, 1))), "TooFewPods");
        // While an autoscaler adds pods there are enough.
        assert_eq!(reason(Some(Workload { enough: 2, ..workload(5, 2) })), "Available");
        assert_eq!(reason(Some(Workload { enough: 2, ..workload(5, 1) })), "TooFewPods");
    }
}
