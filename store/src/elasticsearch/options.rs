//! Where the servers are, and how entries are laid out there.

use std::time::Duration;

use logpipeline_cluster::Access;
use logpipeline_model::elasticsearch::{Classes, Layout};

#[derive(Debug, Clone)]
pub struct Options {
    pub access: Access,
    pub classes: Classes,
    pub layout: Layout,
    /// Whether new indices take the mode `logsdb`, on Elasticsearch 8.17 and newer.
    pub logsdb: bool,
    /// Requests that write, at once. Fewer are sent while the servers are slow or busy.
    pub most_writes: usize,
    /// How long after its last sign of life another process takes over from the one that removes old
    /// indices: several times the interval at which each tries to.
    pub retention_lease: Duration,
}

impl Options {
    /// What most use: no credentials, everything else as it comes.
    pub fn new(urls: Vec<String>, classes: Classes) -> Self {
        Self {
            access: Access::new(urls),
            classes,
            layout: Layout::default(),
            logsdb: false,
            most_writes: 4,
            retention_lease: Duration::from_secs(300),
        }
    }
}
