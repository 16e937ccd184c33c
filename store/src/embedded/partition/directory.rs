//! Tantivy's directory, which trusts no sync once one has failed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

use super::view::COMMIT;
use crate::embedded::folder;

/// A commit of it is safe from a power cut when it returns.
///
/// Linux reports a failed write-back once: the next sync succeeds, whatever was lost. So after a failure
/// nothing more is committed until a new writer starts from what is on disk; otherwise a commit, or a
/// merge in the background, would refer to files that the failed sync was for, and files would be deleted
/// that those replace.
#[derive(Debug, Clone)]
pub(in crate::embedded) struct SafeDirectory {
    files: MmapDirectory,
    folder: PathBuf,
    failed: Arc<AtomicBool>,
}

impl SafeDirectory {
    pub(super) fn open(folder: &Path) -> Result<Self, OpenDirectoryError> {
        let files = MmapDirectory::open(folder)?;
        Ok(Self { files, folder: folder.to_owned(), failed: Arc::default() })
    }

    /// For a new writer, which refers to nothing but what was synced before it was committed.
    pub(in crate::embedded) fn start_anew(&self) {
        self.failed.store(false, Ordering::Release);
    }

    fn unless_failed(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.failed.load(Ordering::Acquire) {
            return Err(io::Error::other(format!("an earlier sync of {} failed", self.folder.display())));
        }
        work().inspect_err(|_| self.failed.store(true, Ordering::Release))
    }
}

impl Directory for SafeDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.files.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.files.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.files.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.files.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        if path != Path::new(COMMIT) {
            return self.files.atomic_write(path, data);
        }
        self.unless_failed(|| {
            self.files.atomic_write(path, data)?;
            // Before Tantivy deletes what the last commit referred to.
            folder::sync(&self.folder)
        })
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.unless_failed(|| folder::sync(&self.folder))
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.files.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.files.watch(callback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::folder::faults::{self, Fault};

    #[test]
    fn nothing_is_committed_after_a_sync_that_failed_until_a_writer_starts_anew() {
        let folder = tempfile::tempdir().unwrap();
        let directory = SafeDirectory::open(folder.path()).unwrap();
        let commit = |text: &str| directory.atomic_write(Path::new(COMMIT), text.as_bytes());
        let committed = || directory.atomic_read(Path::new(COMMIT)).unwrap();
        commit("one").unwrap();

        // The folder's sync for the files of a merge.
        faults::inject(folder.path(), Fault::Error);
        directory.sync_directory().unwrap_err();
        for _ in 0..2 {
            let error = commit("two").unwrap_err();
            assert!(error.to_string().contains("earlier"), "{error}");
            directory.sync_directory().unwrap_err();
            directory.clone().sync_directory().unwrap_err();
        }
        assert_eq!(committed(), b"one");
        directory.start_anew();
        commit("three").unwrap();
        assert_eq!(committed(), b"three");

        // The one behind the rename.
        faults::inject(folder.path(), Fault::Error);
        commit("four").unwrap_err();
        commit("five").unwrap_err();
        directory.start_anew();
        commit("six").unwrap();
        assert_eq!(committed(), b"six");

        directory.atomic_write(Path::new(".managed.json"), b"[]").unwrap();
        assert_eq!(faults::left(folder.path()), 0);
    }
}
