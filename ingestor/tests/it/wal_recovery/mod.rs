//! What is found again of a log that was left in any state.

mod checkpoint;
mod damage;
mod memory;
mod notes;
mod opening;
mod torn;

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use logpipeline_ingestor::wal;
use logpipeline_ingestor::wal::Opened;
use logpipeline_ingestor::wal::record::HEADER;

use crate::support::log::{append, close, numbers, open, read_all, waiting};

/// A log with entries 0..count, ten to an append.
async fn write_log(folder: &Path, count: u64) {
    let opened = open(folder);
    for start in (0..count).step_by(10) {
        append(&opened.wal, start..(start + 10).min(count)).await.unwrap();
    }
    close(opened).await;
}

/// Opens a log, reads everything, appends one more entry, and opens it once more: recovery must leave a
/// log that goes on.
async fn recover(folder: &Path) -> (Opened, wal::Chunk) {
    let mut opened = open(folder);
    let chunk = read_all(&mut opened.reader);
    assert_eq!(waiting(&opened.ledger), chunk.entries.len() as u64 + chunk.lost);
    append(&opened.wal, [9_999_999]).await.unwrap();
    assert_eq!(numbers(&read_all(&mut opened.reader)), [9_999_999]);
    close(opened).await;

    let mut again = open(folder);
    let mut expected = numbers(&chunk);
    expected.push(9_999_999);
    assert_eq!(numbers(&read_all(&mut again.reader)), expected);
    (again, chunk)
}

/// What recovery reports.
async fn look(folder: &Path) -> wal::Recovery {
    let opened = open(folder);
    let recovery = opened.recovery.clone();
    close(opened).await;
    recovery
}

/// Takes away what says that the last write was synced, as a power cut does that comes before.
fn unconfirm(segment: &Path, end: u64) {
    let file = OpenOptions::new().read(true).write(true).open(segment).unwrap();
    let mut mark = [0; HEADER];
    file.read_exact_at(&mut mark, end).unwrap();
    assert_ne!(mark, [0; HEADER]);
    file.write_all_at(&[0; HEADER], end).unwrap();
}

fn random(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8 | 1
    };
    (0..length).map(|_| next()).collect()
}
