//! Which step failed, and why.

use crate::apply::ApplyError;
use crate::fetch::FetchError;

#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error("it took over two minutes: the API server, Elasticsearch or a pod does not answer")]
    Late,
    #[error("failed to write the finalizer: {0}")]
    Finalizer(kube::Error),
    #[error("failed to write the status: {0}")]
    Status(kube::Error),
}

impl ReconcileError {
    pub fn step(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "fetch",
            Self::Apply(_) => "apply",
            Self::Late => "deadline",
            Self::Finalizer(_) => "finalizer",
            Self::Status(_) => "status",
        }
    }
}
