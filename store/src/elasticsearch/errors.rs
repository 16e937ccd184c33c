//! What goes wrong with a cluster, as errors of the store.

use logpipeline_cluster::{ClusterError, RequestError};

use crate::StoreError;

impl From<RequestError> for StoreError {
    fn from(error: RequestError) -> Self {
        let reason = error.to_string();
        match &error {
            RequestError::Refused { status: 400, .. } => Self::Unsupported { reason },
            RequestError::Garbled { .. } => Self::Damaged { reason },
            _ => Self::Unavailable { reason },
        }
    }
}

impl From<ClusterError> for StoreError {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Unsupported { reason } => Self::Unsupported { reason },
            ClusterError::Request(error) => error.into(),
        }
    }
}
