use std::sync::Arc;

use crate::LogStore;

/// The stores of one pipeline, of the same engine.
#[derive(Debug, Clone)]
pub struct Stores {
    /// What was accepted.
    pub logs: Arc<dyn LogStore>,
    /// What could not be taken or stored, as [`logpipeline_model::dead_letter`] writes it.
    pub dead_letters: Arc<dyn LogStore>,
}
