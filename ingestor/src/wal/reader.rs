//! Follows the log in order, past whatever is damaged.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use logpipeline_model::EntryId;

use super::disk::{Disk, DiskFile, read_full_at, read_lossy_at};
use super::record::{self, HEADER, Parsed};
use super::segment::{self, FIRST_OFFSET};
use super::state::{Live, Shared};
use super::{Position, aside};

/// Reads committed entries from a position on. It is not bound to the checkpoint: reading moves it alone.
#[derive(Debug, Clone)]
pub struct Reader {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    shared: Arc<Shared>,
    position: Position,
    open: Option<(u64, Arc<dyn DiskFile>)>,
    /// What was read last: its memory serves again once nobody holds any of it.
    window: Bytes,
    /// Reads that failed since one succeeded.
    failures: u32,
    /// Whether damage is left where it is.
    peeks: bool,
}

/// A disk that is away for a moment must not make the reader pass entries by: blocks are given up only
/// after so many reads failed, and only while the segment's header can still be read.
const PATIENCE: u32 = 5;

/// What one read brought.
#[derive(Debug, Default)]
pub struct Chunk {
    pub entries: Vec<LoggedEntry>,
    /// Each lies behind the entries of its request, some of which may have come with an earlier read.
    pub notes: Vec<LoggedNote>,
    /// Stretches without a sound record, set aside.
    pub damage: Vec<Damage>,
    /// Entries that were in those, or in segments that are missing.
    pub lost: u64,
    /// Where the next read begins.
    pub end: Position,
}

#[derive(Debug, Clone)]
pub struct LoggedEntry {
    pub number: u64,
    pub id: EntryId,
    /// Nanoseconds since the Unix epoch.
    pub received_at: u64,
    /// The stored form.
    pub body: Bytes,
}

/// What the log says of the entries of one request.
#[derive(Debug, Clone)]
pub struct LoggedNote {
    /// Of the entry behind the request's last.
    pub number: u64,
    pub receipt: EntryId,
    /// Nanoseconds since the Unix epoch.
    pub received_at: u64,
    /// JSON, as [`crate::receipts::Note`] reads it.
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub segment: PathBuf,
    pub offset: u64,
    pub bytes: u64,
    /// The file that keeps the bytes, unless it could not be written.
    pub kept_in: Option<PathBuf>,
}

impl Reader {
    pub(super) fn new(disk: Arc<dyn Disk>, folder: PathBuf, shared: Arc<Shared>, position: Position) -> Self {
        Self { disk, folder, shared, position, open: None, window: Bytes::new(), failures: 0, peeks: false }
    }

    /// A reader that goes on from here with this one's memory.
    pub fn hand_over(&mut self) -> Self {
        let window = std::mem::take(&mut self.window);
        Self { window, ..self.clone() }
    }

    /// Gives back memory that is held for the next read.
    pub fn rest(&mut self) {
        self.window = Bytes::new();
    }

    /// A reader that looks at what waits for another one, and sets no damage aside.
    pub(super) fn peeking(self) -> Self {
        Self { peeks: true, ..self }
    }

    /// Where the next read begins.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Reads what is committed, at most about `max_bytes` and `max_entries`, at least one entry where
    /// there is one; and notes that follow. On an error the position is as it was; the same read may succeed later.
    pub fn read(&mut self, max_bytes: usize, max_entries: usize) -> io::Result<Chunk> {
        let result = self.read_chunk(max_bytes, max_entries);
        match &result {
            Ok(chunk) => (self.position, self.failures) = (chunk.end, 0),
            Err(_) => {
                self.failures += 1;
                self.open = None;
            }
        }
        result
    }

    fn read_chunk(&mut self, max_bytes: usize, max_entries: usize) -> io::Result<Chunk> {
        let mut chunk = Chunk { end: self.position, ..Chunk::default() };
        let (segments, head) = self.shared.with(|state| (state.segments.clone(), state.head));
        let mut taken = 0;
        while taken < max_bytes && chunk.entries.len() < max_entries {
            let at = chunk.end;
            let here = segments.iter().find(|live| live.sequence == at.segment && live.end > at.offset);
            let Some(live) = here.or_else(|| segments.iter().find(|live| live.sequence > at.segment)) else {
                break;
            };
            if live.sequence != at.segment {
                chunk.skip_to(live.first_number);
                chunk.end.segment = live.sequence;
                chunk.end.offset = FIRST_OFFSET;
                if live.end == FIRST_OFFSET {
                    continue;
                }
            }
            taken += self.read_segment(*live, max_bytes - taken, max_entries, &mut chunk)?;
        }
        if (chunk.end.segment, chunk.end.offset) == (head.segment, head.offset) {
            chunk.skip_to(head.number);
        }
        Ok(chunk)
    }

    /// Reads records of one segment, and goes past one stretch of damage at most. Returns the bytes passed.
    fn read_segment(
        &mut self,
        live: Live,
        max_bytes: usize,
        max_entries: usize,
        chunk: &mut Chunk,
    ) -> io::Result<usize> {
        let file = self.file(live.sequence)?;
        let seed = record::seed(live.salt, live.sequence);
        let from = chunk.end.offset;
        let left = usize::try_from(live.end - from).unwrap_or(usize::MAX);
        let mut read = |at: usize, length: usize| self.read_window(&*file, from + at as u64, length);
        let mut window = read(0, left.min(max_bytes.max(HEADER)))?;
        let mut at = 0;
        while at < left {
            let rest = &window[at..];
            let partial = window.len() < left;
            let parsed = record::parse(rest, seed, from + at as u64);
            let is_note = matches!(&parsed, Parsed::Record(record) if record.is_note);
            if chunk.entries.len() >= max_entries && !is_note {
                break;
            }
            match parsed {
                Parsed::Record(record) => {
                    let start = at + HEADER;
                    let (size, length) = (record.size(), record.payload.len());
                    chunk.skip_to(record.number);
                    chunk.end.number = record.next_number();
                    let body = window.slice(start..start + length);
                    let (number, id) = (record.number, record.id);
                    let received_at = record.received_at;
                    if is_note {
                        chunk.notes.push(LoggedNote { number, receipt: id, received_at, body });
                    } else {
                        chunk.entries.push(LoggedEntry { number, id, received_at, body });
                    }
                    at += size;
                }
                Parsed::Cut { size } if partial && at + size <= left => {
                    if at > 0 {
                        break;
                    }
                    window = read(0, size)?;
                }
                Parsed::Nothing if partial && rest.len() < HEADER => {
                    if at > 0 {
                        break;
                    }
                    window = read(0, left.min(HEADER))?;
                }
                parsed => {
                    let rest = read(at, left - at)?;
                    let distance = match parsed {
                        Parsed::BadPayload { size } => size,
                        _ => record::resync(&rest, seed, from + at as u64).unwrap_or(rest.len()),
                    };
                    chunk.damage.push(self.set_aside(
                        live.sequence,
                        from + at as u64,
                        &rest[..distance.min(rest.len())],
                    ));
                    at += distance;
                    break;
                }
            }
        }
        chunk.end.offset = from + at as u64;
        Ok(at)
    }

    fn file(&mut self, sequence: u64) -> io::Result<Arc<dyn DiskFile>> {
        if let Some((open, file)) = &self.open
            && *open == sequence
        {
            return Ok(Arc::clone(file));
        }
        let file = self.disk.open(&segment::path(&self.folder, sequence))?;
        self.open = Some((sequence, Arc::clone(&file)));
        Ok(file)
    }

    /// Bytes of a segment; zeros behind its end, and where blocks are given up.
    fn read_window(&mut self, file: &dyn DiskFile, offset: u64, length: usize) -> io::Result<Bytes> {
        // To get and to clear new memory takes about as long as to read into it.
        let mut bytes = std::mem::take(&mut self.window).try_into_mut().unwrap_or_default();
        if bytes.capacity() < length {
            bytes = BytesMut::zeroed(length);
        }
        bytes.resize(length, 0);
        let filled = if self.failures < PATIENCE {
            read_full_at(file, &mut bytes, offset)?
        } else {
            read_full_at(file, &mut [0; 1], 0)?;
            let (filled, bad) = read_lossy_at(file, &mut bytes, offset);
            if bad > 0 {
                tracing::error!(
                    blocks = bad,
                    offset,
                    "blocks of the write-ahead log cannot be read and are given up"
                );
            }
            filled
        };
        if let Some(rest) = bytes.get_mut(filled..) {
            rest.fill(0);
        }
        self.window = bytes.freeze();
        Ok(self.window.clone())
    }

    fn set_aside(&self, sequence: u64, offset: u64, bytes: &[u8]) -> Damage {
        let segment = segment::path(&self.folder, sequence);
        let kept_in = if self.peeks {
            None
        } else {
            let path = aside::corrupt(&segment, offset);
            aside::keep(&*self.disk, &self.folder, path, bytes)
        };
        Damage { segment, offset, bytes: bytes.len() as u64, kept_in }
    }
}

impl Chunk {
    /// Moves to entry `number`; those between are lost.
    fn skip_to(&mut self, number: u64) {
        if number > self.end.number {
            self.lost += number - self.end.number;
            self.end.number = number;
        }
    }

    /// The note on the request that brought an entry; `None` where it is not in this chunk.
    pub fn note_of(&self, entry: &LoggedEntry) -> Option<&LoggedNote> {
        let behind = self.notes.partition_point(|note| note.number <= entry.number);
        self.notes.get(behind)
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.notes.is_empty() && self.damage.is_empty() && self.lost == 0
    }
}
