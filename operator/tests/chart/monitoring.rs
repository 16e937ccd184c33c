//! The kinds of the Prometheus operator.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::support::{Global, apply, established, kubectl, objects};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// For a while, where the cluster does not have them.
pub struct MonitoringKinds {
    _made: Vec<Global>,
    _turn: MutexGuard<'static, ()>,
}

impl MonitoringKinds {
    pub fn present() -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = Vec::new();
        for kind in objects(include_str!("monitoring.yaml")) {
            let name = format!("crd/{}", kind["metadata"]["name"].as_str().unwrap());
            if kubectl(&["get", &name], "").is_err() {
                apply(&kind);
                made.push(Global(name.clone()));
            }
            established(&name);
        }
        Self { _made: made, _turn: turn }
    }
}
