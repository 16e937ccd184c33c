//! Why a cluster cannot be used.

use crate::RequestError;

#[derive(Debug, Clone, thiserror::Error)]
pub enum ClusterError {
    /// Settings, or a server, of a kind that will not do however often it is tried.
    #[error("{reason}")]
    Unsupported { reason: String },
    #[error(transparent)]
    Request(#[from] RequestError),
}
