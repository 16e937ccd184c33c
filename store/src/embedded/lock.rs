//! One writer for a directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::error;
use crate::StoreError;

const FILE: &str = "writer.lock";

/// Held by the process that writes, and released when it ends, however it ends.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

impl WriterLock {
    pub(super) fn acquire(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| error::io("open", &path, &error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(locked(directory, &path)),
            Err(errno) => return Err(error::io("lock", &path, &io::Error::from(errno))),
        }
        // Only for the message to whoever comes second; the lock is what counts.
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| error::io("write", &path, &error))?;
        Ok(Self { _file: file })
    }
}

fn locked(directory: &Path, path: &Path) -> StoreError {
    let holder = match fs::read_to_string(path) {
        Ok(pid) if !pid.trim().is_empty() => format!("process {}", pid.trim()),
        _ => "it".to_owned(),
    };
    StoreError::Locked {
        path: directory.display().to_string(),
        hint: format!("stop {holder}, or use another data directory"),
    }
}
