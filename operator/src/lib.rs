//! Makes a `LogPipeline` resource a running platform, and keeps it one.
//!
//! A reconcile goes in steps, one module each: [`fetch`] reads what the spec refers to, [`validate`] parses both once into
//! types, [`build`] makes whole objects of that, [`apply`] makes the cluster hold them, and [`status`] tells of it.

pub mod apply;
pub mod backoff;
pub mod build;
pub mod capabilities;
pub mod cli;
pub mod controller;
// What KubeSchema generates repeats each type within a block.
#[allow(unreachable_pub)]
pub mod crd;
pub mod delivery;
pub mod diff;
pub mod elasticsearch;
pub mod fetch;
pub mod leader;
pub mod metrics;
pub mod quantity;
pub mod ready;
pub mod reconcile;
pub mod reference;
pub mod requests;
pub mod run;
pub mod settings;
pub mod status;
pub mod validate;
pub mod watch;
