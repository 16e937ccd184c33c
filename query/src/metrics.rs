//! The server's own figures.

use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) requests: IntCounterVec,
    pub(crate) duration: HistogramVec,
    pub(crate) sign_ins: IntCounterVec,
    pub(crate) partial: IntCounter,
    pub(crate) exported: IntCounter,
    pub(crate) exports_failed: IntCounter,
    pub(crate) tail_clients: IntGauge,
    pub(crate) tail_sent: IntCounter,
    pub(crate) tail_dropped: IntCounter,
    pub(crate) tail_polls_failed: IntCounter,
}

/// What became of an attempt to sign in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SignIn {
    Accepted,
    /// The name or the password was wrong.
    Refused,
    /// Too many wrong ones came before.
    Throttled,
    /// Too many others signed in at the same time.
    Busy,
}

impl SignIn {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Busy => "busy",
        }
    }
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let requests = IntCounterVec::new(
            Opts::new("logpipeline_query_requests_total", "Requests answered, by route and status."),
            &["route", "status"],
        )?;
        let buckets =
            vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "logpipeline_query_request_seconds",
                "Time until a request's answer began, by route.",
            )
            .buckets(buckets),
            &["route"],
        )?;
        let tail_clients =
            IntGauge::new("logpipeline_query_tail_clients", "Clients that follow the live tail.")?;
        let sign_ins = IntCounterVec::new(
            Opts::new("logpipeline_query_sign_ins_total", "Attempts to sign in, by what became of them."),
            &["outcome"],
        )?;
        registry.register(Box::new(sign_ins.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(tail_clients.clone()))?;
        Ok(Self {
            requests,
            duration,
            sign_ins,
            tail_clients,
            partial: counter(
                "logpipeline_query_partial_total",
                "Answers that were cut by the time budget and marked as partial.",
            )?,
            exported: counter("logpipeline_query_exported_entries_total", "Entries sent by exports.")?,
            exports_failed: counter("logpipeline_query_exports_failed_total", "Exports that broke off.")?,
            tail_sent: counter(
                "logpipeline_query_tail_entries_total",
                "Entries queued for clients of the live tail.",
            )?,
            tail_dropped: counter(
                "logpipeline_query_tail_dropped_total",
                "Entries not sent to clients of the live tail because they read too slowly.",
            )?,
            tail_polls_failed: counter(
                "logpipeline_query_tail_polls_failed_total",
                "Times that the live tail could not read the store.",
            )?,
        })
    }

    pub(crate) fn count_partial(&self, partial: bool) {
        self.partial.inc_by(partial.into());
    }
}
