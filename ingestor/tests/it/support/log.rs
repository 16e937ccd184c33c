//! The write-ahead log on its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::ledger::Account;
use logpipeline_ingestor::wal::disk::{Disk, LocalDisk};
use logpipeline_ingestor::wal::record::HEADER;
use logpipeline_ingestor::wal::{
    AppendError, Batch, Chunk, OpenError, Opened, Options, Position, Reader, Wal,
};
use logpipeline_ingestor::{Ledger, Metrics};
use logpipeline_model::EntryId;

pub const SEGMENT: u64 = 64 << 10;

/// Segments of 64 KiB, sixteen of them.
pub const SMALL: Options =
    Options { size: 16 * SEGMENT, segment_size: SEGMENT, group_bytes: 1 << 20, retry_delay: Duration::ZERO };

/// Entries that nobody in particular sent.
pub fn anonymous() -> Account {
    Account::anonymous(Protocol::Json)
}

pub fn metrics() -> Metrics {
    Metrics::register(&prometheus::Registry::new()).unwrap()
}

pub fn try_open(folder: &Path, options: Options, disk: Arc<dyn Disk>) -> Result<Opened, OpenError> {
    Wal::open(folder, options, disk, metrics())
}

pub fn open(folder: &Path) -> Opened {
    open_on(folder, Arc::new(LocalDisk))
}

pub fn open_on(folder: &Path, disk: Arc<dyn Disk>) -> Opened {
    try_open(folder, SMALL, disk).unwrap()
}

/// Ends the log in an orderly way, so that its folder can be opened again.
pub async fn close(opened: Opened) {
    let Opened { wal, writer, .. } = opened;
    wal.close();
    let _ = writer.await.unwrap();
}

pub fn body(number: u64) -> Vec<u8> {
    // Lengths of every remainder by 8, so that padding differs.
    format!("{{\"message\":\"{number:08}{}\"}}", "x".repeat((number % 97) as usize)).into_bytes()
}

pub fn batch(numbers: impl IntoIterator<Item = u64>) -> Batch {
    let mut batch = Batch::default();
    for number in numbers {
        let body = body(number);
        push(&mut batch, number, &body);
    }
    batch
}

pub fn push(batch: &mut Batch, number: u64, body: &[u8]) {
    let write = |out: &mut Vec<u8>| -> Result<(), ()> {
        out.extend_from_slice(body);
        Ok(())
    };
    batch.push(EntryId::from_parts(0, number), number + 1, write).unwrap();
}

/// The id of the note on the entries up to `last`.
pub fn receipt(last: u64) -> EntryId {
    EntryId::from_parts(0x7000, last)
}

/// As [`batch`], with a note behind.
pub fn noted(numbers: impl IntoIterator<Item = u64>) -> Batch {
    let numbers: Vec<_> = numbers.into_iter().collect();
    let last = *numbers.last().unwrap();
    let count = numbers.len();
    let mut batch = batch(numbers);
    let note = format!(
        "{{\"receipt\":\"{}\",\"receivedAt\":\"2026-11-30T10:00:00.{last:09}Z\",\"protocol\":\"json\",\"accepted\":{count}}}",
        receipt(last)
    );
    let at: logpipeline_model::Timestamp = format!("2026-11-30T10:00:00.{last:09}Z").parse().unwrap();
    batch.note(receipt(last), at.unix_nanos() as u64, note.as_bytes());
    batch
}

pub async fn append(wal: &Wal, numbers: impl IntoIterator<Item = u64>) -> Result<Position, AppendError> {
    wal.append(batch(numbers), 0, anonymous(), None, None).await
}

/// Bytes a record of `body(number)` takes.
pub fn record_size(number: u64) -> u64 {
    (HEADER + body(number).len().next_multiple_of(8)) as u64
}

/// Reads everything that is committed, in small steps.
pub fn read_all(reader: &mut Reader) -> Chunk {
    let mut all = Chunk::default();
    loop {
        let chunk = reader.read(1_000, 7).unwrap();
        if chunk.is_empty() {
            all.end = chunk.end;
            return all;
        }
        all.entries.extend(chunk.entries);
        all.notes.extend(chunk.notes);
        all.damage.extend(chunk.damage);
        all.lost += chunk.lost;
    }
}

/// The numbers of the entries read, each checked to be whole.
pub fn numbers(chunk: &Chunk) -> Vec<u64> {
    let number = |entry: &logpipeline_ingestor::wal::LoggedEntry| {
        let number = entry.id.parts().1;
        assert_eq!(entry.body, body(number), "entry {number}");
        assert_eq!(entry.received_at, number + 1);
        number
    };
    chunk.entries.iter().map(number).collect()
}

/// The segments of a log, oldest first.
pub fn segments(folder: &Path) -> Vec<PathBuf> {
    files(folder, |name| name.starts_with("segment-") && name.ends_with(".wal"))
}

pub fn files(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| wanted(path.file_name().unwrap().to_str().unwrap())).collect();
    paths.sort();
    paths
}

pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in files(from, |_| true) {
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

pub fn waiting(ledger: &Ledger) -> u64 {
    ledger.read().waiting
}
