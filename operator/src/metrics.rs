//! The operator's own figures.

use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::ready::ReadyPipelines;

#[derive(Debug, Clone)]
pub struct Metrics {
    /// By result: `ok`, `invalid` (the spec is wrong) or `error`.
    pub reconciles: IntCounterVec,
    pub duration: HistogramVec,
    /// By step.
    pub errors: IntCounterVec,
    /// Objects made, changed or removed, by kind.
    pub changes: IntCounterVec,
    pub status_writes: IntCounter,
    pub under_way: IntGauge,
    /// The queue: pipelines that wait for others to be reconciled.
    pub waiting: IntGauge,
    pub leader: IntGauge,
    pub ready: ReadyPipelines,
    /// By verb and resource, as the API server has them.
    pub requests: IntCounterVec,
}

impl Metrics {
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        fn add<C: prometheus::core::Collector + Clone + 'static>(
            registry: &Registry,
            made: prometheus::Result<C>,
        ) -> prometheus::Result<C> {
            let made = made?;
            registry.register(Box::new(made.clone()))?;
            Ok(made)
        }
        let name = |name: &str, help: &str| Opts::new(format!("logpipeline_operator_{name}"), help);
        let counter = |text, help, label| IntCounterVec::new(name(text, help), &[label]);
        let buckets = vec![0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
        let seconds = HistogramOpts::from(name("reconcile_seconds", "How long reconciles take, by result"));
        Ok(Self {
            reconciles: add(registry, counter("reconciles_total", "Reconciles, by result", "result"))?,
            duration: add(registry, HistogramVec::new(seconds.buckets(buckets), &["result"]))?,
            errors: add(registry, counter("errors_total", "Reconciles that failed, by step", "step"))?,
            changes: add(
                registry,
                counter("changes_total", "Objects that were made, changed or removed, by kind", "kind"),
            )?,
            status_writes: add(
                registry,
                IntCounter::with_opts(name("status_writes_total", "Statuses that were written")),
            )?,
            under_way: add(
                registry,
                IntGauge::with_opts(name("reconciles_under_way", "Reconciles under way")),
            )?,
            waiting: add(
                registry,
                IntGauge::with_opts(name("queue_length", "Pipelines that wait to be reconciled")),
            )?,
            requests: add(
                registry,
                IntCounterVec::new(
                    name("api_requests_total", "Requests to the API server, by verb and resource"),
                    &["verb", "resource"],
                ),
            )?,
            leader: add(
                registry,
                IntGauge::with_opts(name("leader", "1 where this process is the one that reconciles")),
            )?,
            ready: add(
                registry,
                ReadyPipelines::new(name(
                    "pipeline_ready",
                    "1 where a pipeline is ready, 0 where it is not, by pipeline",
                )),
            )?,
        })
    }
}
