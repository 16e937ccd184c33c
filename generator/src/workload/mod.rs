//! Realistic entries: a small simulated system whose services serve requests together, log about it in
//! their own ways, and fail in bursts. The same configuration gives the same bytes.

mod dice;
mod flows;
mod incident;
mod plan;
mod services;
mod simulation;
mod stack;
mod template;
mod voice;
mod words;

use std::time::Duration;

use logpipeline_model::Timestamp;

use crate::entry::{Draft, Tag};

pub use dice::Dice;
use simulation::Simulation;

/// What a workload depends on, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadConfig {
    pub seed: u64,
    /// Written into each entry as `metadata.run`.
    pub run: String,
    /// The time of the first entry.
    pub start: Timestamp,
    /// The time from one entry to the next.
    pub step: Duration,
}

/// An endless sequence of entries.
#[derive(Debug)]
pub struct Workload {
    run: String,
    next_seq: u64,
    simulation: Simulation,
    draft: Draft,
}

impl Workload {
    pub fn new(config: &WorkloadConfig) -> Self {
        Self {
            run: config.run.clone(),
            next_seq: 0,
            simulation: Simulation::new(config.seed, config.start, config.step),
            draft: Draft::default(),
        }
    }

    /// Appends the next entry as a line of NDJSON.
    pub fn append(&mut self, out: &mut Vec<u8>) {
        self.simulation.next(self.next_seq, &mut self.draft);
        self.draft.encode(Tag { run: &self.run, seq: self.next_seq }, out);
        self.next_seq += 1;
    }
}

#[cfg(test)]
mod tests;
