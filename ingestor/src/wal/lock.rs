//! One ingestor a folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::OpenError;

/// Holds the folder until it is dropped, or the process ends in any way.
#[derive(Debug)]
pub(super) struct FolderLock(File);

impl FolderLock {
    /// Locks the folder itself, so that a full disk does not stand in the way.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let io = |action, source| OpenError::Io { action, path: folder.to_owned(), source };
        let file = File::open(folder).map_err(|error| io("open", error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { folder: folder.to_owned() }),
            Err(TryLockError::Error(error)) => Err(io("lock", error)),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing alone would leave the lock with a child process that is just being started.
        if let Err(error) = self.0.unlock() {
            tracing::debug!(%error, "failed to unlock the folder of the write-ahead log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderLock::take(folder.path()).unwrap();
        let error = FolderLock::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains("in use by another ingestor"), "{error}");
        drop(held);
        FolderLock::take(folder.path()).unwrap();
    }
}
