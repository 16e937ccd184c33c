//! Bytes of a segment that are no part of the log any more, kept in a file beside it.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use super::disk::{Disk, write_all_at};

/// The name under which damaged bytes of a segment are kept, from `offset` on.
pub(super) fn corrupt(segment: &Path, offset: u64) -> PathBuf {
    named(segment, "corrupt", offset)
}

/// The name under which what is left of an unfinished write is kept.
pub(super) fn torn(segment: &Path, offset: u64) -> PathBuf {
    named(segment, "torn", offset)
}

fn named(segment: &Path, why: &str, offset: u64) -> PathBuf {
    let mut name = segment.as_os_str().to_owned();
    name.push(format!(".{why}-{offset}"));
    name.into()
}

/// Writes the bytes, durably; returns the path, or nothing where that failed.
pub(super) fn keep(disk: &dyn Disk, folder: &Path, path: PathBuf, bytes: &[u8]) -> Option<PathBuf> {
    let write = || {
        // There from an earlier start that got no further.
        let file = match disk.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => disk.open(&path),
            other => other,
        }?;
        write_all_at(&*file, &mut [IoSlice::new(bytes)], 0)?;
        file.sync()?;
        disk.sync_folder(folder)
    };
    match write() {
        Ok(()) => Some(path),
        Err(error) => {
            tracing::error!(%error, path = %path.display(), "failed to keep bytes of the write-ahead log");
            None
        }
    }
}
