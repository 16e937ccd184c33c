use std::io;
use std::path::PathBuf;

/// Why the log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "{folder} is in use by another ingestor: stop that one, or give this one a --data-dir of its own"
    )]
    Locked { folder: PathBuf },
    #[error(
        "{path} has format version {found}, this program reads version {expected}: run the version that wrote \
         it until everything is shipped, then move this folder aside; nothing was changed"
    )]
    Version { path: PathBuf, found: u32, expected: u32 },
    #[error("failed to {action} {path}: {source}")]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

/// Why a request's entries are not in the log. None of them was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The store has not yet confirmed enough of the log.
    #[error("the write-ahead log is full")]
    Full,
    /// The request would not fit into an empty log either.
    #[error("the entries take {size} bytes, the write-ahead log holds {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error("the disk of the write-ahead log is full: {reason}")]
    DiskFull { reason: String },
    /// The disk failed. What was written may or may not be there after a restart.
    #[error("the write-ahead log could not be written: {reason}")]
    Failed { reason: String },
    #[error("the write-ahead log is closed")]
    Closed,
}
