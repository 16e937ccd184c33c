//! What the operator does, against a real API server where it takes one: `dev/with-kubernetes.sh cargo test -p logpipeline-operator`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod deletion;
mod diff;
mod drift;
mod elasticsearch;
mod generated;
mod listeners;
mod load_tests;
mod manifests;
mod optional_kinds;
mod pods;
mod privileges;
mod rules;
mod secrets;
mod status;
mod support;
mod traces;
