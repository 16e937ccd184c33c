//! What went wrong in the engine, in the terms of the store.

use std::io;
use std::path::Path;

use tantivy::TantivyError;
use tantivy::directory::error::OpenReadError;

use crate::StoreError;

/// A failure to write is worth another try: there may be room again, or the device may answer.
pub(super) fn writing(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable { reason: format!("failed to write: {error}") }
}

/// What cannot be read for want of files or memory may be readable later; anything else is damage.
pub(super) fn reading(error: TantivyError) -> StoreError {
    match error {
        TantivyError::IoError(error) if error.kind() != io::ErrorKind::InvalidData => {
            StoreError::Unavailable { reason: format!("failed to read: {error}") }
        }
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, filepath }) => {
            StoreError::Unavailable { reason: format!("failed to read {}: {io_error}", filepath.display()) }
        }
        other => StoreError::Damaged { reason: other.to_string() },
    }
}

pub(super) fn io(action: &str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable { reason: format!("failed to {action} {}: {error}", path.display()) }
}
