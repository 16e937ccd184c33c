//! Operators as processes that are ended, cut off and kept busy, each in a real control plane of its own:
//! `dev/with-kubernetes.sh cargo test -p logpipeline-operator --test resilience -- --nocapture` prints the figures too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, unreachable_pub)]

mod audit;
mod cluster;
mod fleet;
mod leadership;
mod outage;
mod restart;
#[allow(dead_code)]
#[path = "../it/support/mod.rs"]
mod support;

/// One test at a time: they measure, and each has servers of its own.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
