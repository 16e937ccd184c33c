//! A service of another team that sends: a pod with the generator's image, which checks afterwards that each entry that was acknowledged is found
//! exactly once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::places::{PIPELINE, PROD, SEARCH, TEAM};
use crate::site::{self, Site};
use crate::waiting::eventually;

pub struct Sender<'a> {
    site: &'a Site,
    name: String,
    ends: Instant,
}

/// What a sender may say.
pub struct Load<'a> {
    pub name: &'a str,
    /// The namespace of the pipeline that it sends to.
    pub to: &'a str,
    pub rate: u32,
    pub seconds: u32,
}

impl<'a> Sender<'a> {
    pub fn start(site: &'a Site, load: &Load<'_>) -> Self {
        let Load { name, to, rate, seconds } = load;
        let (rate, duration) = (rate.to_string(), format!("{seconds}s"));
        let args = [
            "--rate",
            &rate,
            "--duration",
            &duration,
            "--batch-size",
            "20",
            "--concurrency",
            "4",
            "--retry-for",
            "300s",
        ];
        let mut sender = Self::with(site, name, to, &args);
        eventually("the sender runs", 90, || {
            let pod = site.cluster.get(TEAM, &["pod", name])?;
            (pod["status"]["phase"] == "Running").then_some(())
        });
        sender.ends = Instant::now() + Duration::from_secs(u64::from(*seconds));
        sender
    }

    pub fn with(site: &'a Site, name: &str, to: &str, args: &[&str]) -> Self {
        site.cluster.namespace(TEAM);
        let pipeline = if to == SEARCH { "audit" } else { PIPELINE };
        let address = |service: &str, port| format!("http://{pipeline}-{service}.{to}.svc:{port}");
        let (target, query) = (address("ingestor", 3000), address("query", 8080));
        let mut all = vec![
            "--target",
            &target,
            "--query-url",
            &query,
            "--verify",
            "--verify-timeout",
            "180s",
            "--wait",
            "180s",
        ];
        let run = site.run(name);
        all.extend(["--run-id", &run, "--report", "/dev/termination-log"]);
        all.extend(args);
        let tokens = format!("tokens-{to}");
        let internal = site.internal_token(to, pipeline);
        // With the embedded store anybody may send.
        let ingest = if to == PROD { site::SENDER_TOKEN } else { &internal };
        site.cluster.secret(TEAM, &tokens, &json!({ "ingest": ingest, "query": internal }));
        all.extend(["--token-file", "/tokens/ingest", "--query-token-file", "/tokens/query"]);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name },
            "spec": {
                "restartPolicy": "Never",
                // It must outlive a node's pressure to tell what became of its entries.
                "priorityClassName": site.pressure.as_ref().map(|_| "system-cluster-critical"),
                "automountServiceAccountToken": false,
                "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
                "volumes": [{ "name": "tokens", "secret": { "secretName": tokens } }],
                "containers": [{
                    "name": "sender", "image": site.image("generator"), "args": all,
                    "volumeMounts": [{ "name": "tokens", "mountPath": "/tokens", "readOnly": true }],
                    "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
                }],
            },
        });
        let _ =
            site.cluster.try_kubectl(&["delete", "pod", "-n", TEAM, name, "--ignore-not-found", "--wait"]);
        site.cluster.apply(TEAM, &pod);
        Self { site, name: name.to_owned(), ends: Instant::now() }
    }

    /// It panics where all entries have been sent already: what was done meanwhile was not done under load.
    pub fn still_sends(&self) {
        assert!(
            Instant::now() < self.ends,
            "the load {} ended before what was to happen under it",
            self.name
        );
    }

    /// What it found at its end. It panics where an acknowledged entry was not found exactly once.
    pub fn report(self) -> Report {
        let pod = eventually(&format!("the sender {} ends", self.name), 600, || {
            let pod = self.site.cluster.get(TEAM, &["pod", &self.name])?;
            ["Succeeded", "Failed"].contains(&pod["status"]["phase"].as_str()?).then_some(pod)
        });
        let said = pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
            .as_str()
            .unwrap_or_default();
        let report: Value = serde_json::from_str(said).unwrap_or_default();
        if pod["status"]["phase"] != "Succeeded" || report["ok"] != true {
            let log = self.site.cluster.kubectl(&["logs", "-n", TEAM, &self.name, "--tail=30"]);
            panic!("the sender {} failed: {log} {said}", self.name);
        }
        Report(report)
    }
}

pub struct Report(Value);

impl Report {
    pub fn count(&self, field: &str) -> u64 {
        self.0[field].as_u64().unwrap_or_else(|| panic!("the report has no {field}: {}", self.0))
    }

    /// Its outcome in words; the counts are asserted, so that the words cannot be wrong.
    pub fn in_words(&self) -> String {
        let [sent, acknowledged, verified, lost, duplicated, retried] =
            ["sent", "acknowledged", "verified", "lost", "duplicated", "retried"]
                .map(|field| self.count(field));
        assert_eq!((acknowledged, verified, lost, duplicated), (sent, sent, 0, 0), "{}", self.0);
        format!("{sent} entries sent, acknowledged and found exactly once, {retried} requests retried")
    }
}
