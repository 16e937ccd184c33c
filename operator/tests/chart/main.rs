//! What the chart makes, with a real helm and a real API server: `dev/with-kubernetes.sh cargo test -p logpipeline-operator --test chart`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod account;
mod admission;
mod crd;
mod flags;
mod metrics;
mod monitoring;
mod rbac;
mod snapshots;
mod support;
mod values;
