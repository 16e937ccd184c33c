//! What must be looked at on a pipeline: [docs/alerts.md](../../../docs/alerts.md) says what each means, and what to do.

use serde_json::{Value, json};

use super::context::names;
use crate::validate::{Pipeline, Replicas, Storage};

struct Alert {
    name: &'static str,
    expression: String,
    lasting: &'static str,
    severity: &'static str,
    summary: &'static str,
    description: &'static str,
}

impl Alert {
    fn rule(&self, pipeline: &Pipeline) -> Value {
        let description = format!("{} See {} in docs/alerts.md.", self.description, self.name);
        json!({
            "alert": self.name,
            "expr": self.expression,
            "for": self.lasting,
            "labels": { "severity": self.severity, "pipeline": pipeline.name },
            "annotations": { "summary": self.summary, "description": description },
        })
    }
}

pub(super) fn rules(pipeline: &Pipeline) -> Vec<Value> {
    let of = Series(format!(
        "namespace=\"{}\",service=\"{}\"",
        pipeline.namespace,
        names::metrics(&pipeline.name)
    ));
    let alerts = reached(pipeline, &of).into_iter().chain(log(&of)).chain(delivery(&of)).chain(answers(&of));
    alerts.map(|alert| alert.rule(pipeline)).collect()
}

/// The matchers that select a pipeline's series.
struct Series(String);

impl Series {
    fn of(&self, metric: &str) -> String {
        format!("{metric}{{{}}}", self.0)
    }

    fn ingestor(&self, metric: &str) -> String {
        self.of(&format!("logpipeline_ingestor_{metric}"))
    }

    /// Counters of the ingestor of which one grew. What a process counted before it was first asked, it has grown by, too.
    fn grew(&self, counters: &[&str]) -> String {
        let each = |expression: fn(&str) -> String| {
            counters.iter().map(move |counter| expression(&self.ingestor(counter)))
        };
        let increased = each(|counter| format!("increase({counter}[10m]) > 0"));
        let found = each(|counter| format!("({counter} > 0 unless {counter} offset 10m > 0)"));
        increased.chain(found).collect::<Vec<_>>().join(" or ")
    }

    /// Whether over a twentieth of the requests that a counter counted lately, `among` some, are `such` ones.
    fn too_many(&self, counter: &str, lately: &str, among: &str, such: &str) -> String {
        let rate =
            |more: &str| format!("sum by (namespace) (rate({counter}{{{}{among}{more}}}[{lately}]))", self.0);
        format!("{} / {} > 0.05", rate(such), rate(""))
    }
}

/// Where no pod is wanted, none is missed.
fn reached(pipeline: &Pipeline, of: &Series) -> Vec<Alert> {
    let ingestors = pipeline.ingestor.replicas != Replicas::Fixed(0);
    let query_servers = match pipeline.storage {
        // They are containers of one pod.
        Storage::Embedded(_) => ingestors,
        Storage::Elasticsearch(_) => pipeline.query.replicas > 0,
    };
    let mut alerts = Vec::new();
    if ingestors {
        alerts.push(Alert {
            name: "LogpipelineIngestorsUnreachable",
            expression: format!("absent({})", of.ingestor("lag_seconds")),
            lasting: "5m",
            severity: "critical",
            summary: "No ingestor is reached: nothing takes entries, or nobody sees whether something does.",
            description: "No ingestor runs, or Prometheus does not reach any.",
        });
    }
    if query_servers {
        alerts.push(Alert {
            name: "LogpipelineQueryUnreachable",
            expression: format!("absent({})", of.of("logpipeline_query_tail_clients")),
            lasting: "5m",
            severity: "critical",
            summary: "No query server is reached: nothing can be searched, or nobody sees whether it can.",
            description: "No query server runs, or Prometheus does not reach any. Entries are taken all the same.",
        });
    }
    alerts
}

fn log(of: &Series) -> [Alert; 4] {
    [
        Alert {
            name: "LogpipelineLogFilling",
            expression: format!(
                "max by (namespace, pod) ({} / {}) > 0.8",
                of.ingestor("wal_waiting_bytes"),
                of.ingestor("wal_capacity_bytes")
            ),
            lasting: "1m",
            severity: "critical",
            summary: "The write-ahead log is over 80 % full: senders will be told to wait. Mend the store, or enlarge the log.",
            description: "It is the log of the pod {{ $labels.pod }}.",
        },
        Alert {
            name: "LogpipelineLogDamaged",
            expression: of.grew(&["wal_damaged_entries_total", "wal_damaged_regions_total"]),
            lasting: "0m",
            severity: "critical",
            summary: "Acknowledged entries may have been lost to damage of the log's files: check the disk.",
            description: "The log of the pod {{ $labels.pod }} was damaged. What could not be read was set aside.",
        },
        Alert {
            name: "LogpipelineLogNotWritten",
            expression: of.grew(&["wal_write_errors_total"]),
            lasting: "0m",
            severity: "critical",
            summary: "The disk refuses writes: it is full, or failing.",
            description: "It is the disk of the pod {{ $labels.pod }}.",
        },
        Alert {
            name: "LogpipelineCheckpointsNotWritten",
            expression: of.grew(&["checkpoint_errors_total"]),
            lasting: "0m",
            severity: "warning",
            summary: "The disk refuses to note how far the log is shipped: after a restart more of it is read again.",
            description: "It is the disk of the pod {{ $labels.pod }}. Nothing is lost, and nothing is stored twice.",
        },
    ]
}

fn delivery(of: &Series) -> [Alert; 4] {
    [
        Alert {
            name: "LogpipelineLagging",
            expression: format!("max by (namespace, pod) ({}) > 60", of.ingestor("lag_seconds")),
            lasting: "5m",
            severity: "warning",
            summary: "Entries take over a minute to be found: the store does not keep up, or fails.",
            description: "They wait in the pod {{ $labels.pod }}.",
        },
        Alert {
            name: "LogpipelineDeadLetters",
            expression: of.grew(&["dead_lettered_entries_total"]),
            lasting: "0m",
            severity: "warning",
            summary: "The store refuses entries for good: the dead letters have the reasons.",
            description: "The pod {{ $labels.pod }} keeps them.",
        },
        Alert {
            name: "LogpipelineCanaryLost",
            expression: format!(
                "increase({}[10m]) > 0",
                of.ingestor("canary_entries_total").replace('}', ",outcome=\"lost\"}")
            ),
            lasting: "0m",
            severity: "critical",
            summary: "A canary was acknowledged and taken by the store, and no search finds it: entries may be lost.",
            description: "The pod {{ $labels.pod }} sent it.",
        },
        Alert {
            name: "LogpipelineUnbalanced",
            expression: format!("max by (namespace, pod, by) ({}) > 0", of.ingestor("unbalanced_entries")),
            lasting: "1m",
            severity: "critical",
            summary: "Entries are unaccounted for: the counts by protocol, token or resource do not add up to the total.",
            description: "The pod {{ $labels.pod }} counts {{ $value }} entries apart by {{ $labels.by }}.",
        },
    ]
}

fn answers(of: &Series) -> [Alert; 2] {
    [
        Alert {
            name: "LogpipelineSendersRefused",
            expression: of.too_many(
                "logpipeline_ingestor_requests_total",
                "2m",
                "",
                ",outcome=~\"throttled|unavailable\"",
            ),
            lasting: "5m",
            severity: "critical",
            summary: "Over 5 % of the senders' requests are put off: their entries wait with them, or are dropped there.",
            description: "{{ $value | humanizePercentage }} of requests are answered 429, 503 or 507.",
        },
        Alert {
            name: "LogpipelineSearchesFailing",
            // The page's own files never fail, and would hide what does.
            expression: of.too_many(
                "logpipeline_query_requests_total",
                "5m",
                ",route!=\"ui\"",
                ",status=~\"5..\"",
            ),
            lasting: "10m",
            severity: "warning",
            summary: "Over 5 % of searches fail: the store does not answer, or too many are under way.",
            description: "{{ $value | humanizePercentage }} of requests to the API are answered 5xx.",
        },
    ]
}
