//! What a log that was left in any state holds, and where to go on.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checkpoint::{self, CheckpointFile, Loaded};
use super::disk::{Disk, DiskFile, read_lossy_at};
use super::record::{self, Parsed};
use super::segment::{self, FIRST_OFFSET, Header, HeaderError};
use super::state::{Live, State};
use super::writer::Active;
use super::{Checkpoint, OpenError, Position, aside};
use crate::ledger::Settled;

/// What was found when the log was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Entries that wait for the store.
    pub waiting: u64,
    /// A write that a crash cut off. Its entries were not acknowledged.
    pub torn: Option<Torn>,
    /// Segments whose header is lost, under the names they were given.
    pub set_aside: Vec<PathBuf>,
    /// The checkpoint was there but could not be read: everything in the log is shipped again.
    pub checkpoint_damaged: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    pub path: PathBuf,
    pub offset: u64,
    pub bytes: u64,
    /// The file that keeps the bytes, where whole records were among them. Should it have been damage of
    /// the disk after all, they are not gone.
    pub kept_in: Option<PathBuf>,
}

pub(super) struct Found {
    pub(super) state: State,
    pub(super) active: Option<Active>,
    pub(super) last: (u64, u64),
    pub(super) next_sequence: u64,
    pub(super) start: Position,
    pub(super) settled: Settled,
    pub(super) checkpoints: CheckpointFile,
    /// Segments that nobody needs.
    pub(super) unused: Vec<PathBuf>,
    pub(super) recovery: Recovery,
}

struct Candidate {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    header: Header,
    /// Where it ends, as the segment behind says.
    end: Option<u64>,
}

/// Reads a log's folder. Where another version of the format is found, nothing has been changed.
pub(super) fn recover(
    disk: &Arc<dyn Disk>,
    folder: &Path,
    files: &[PathBuf],
    segment_size: u64,
) -> Result<Found, OpenError> {
    let io = |action, path: &Path, source| OpenError::Io { action, path: path.to_owned(), source };
    let checkpoint_path = checkpoint::path(folder);
    let (checkpoints, loaded) = CheckpointFile::load(Arc::clone(disk), folder)
        .map_err(|error| io("read", &checkpoint_path, error))?;
    let checkpoint = match loaded {
        Loaded::Sound(checkpoint) => Some(checkpoint),
        Loaded::Absent | Loaded::Damaged => None,
        Loaded::Version(found) => {
            return Err(OpenError::Version { path: checkpoint_path, found, expected: checkpoint::VERSION });
        }
    };
    let passed = checkpoint.map_or(0, |checkpoint| checkpoint.position.segment);
    let mut recovery = Recovery { checkpoint_damaged: loaded == Loaded::Damaged, ..Recovery::default() };

    let mut sequences: Vec<_> = files.iter().filter_map(|path| segment::sequence_of(path)).collect();
    sequences.sort_unstable();
    let next_sequence = sequences.last().copied().unwrap_or_default().max(passed) + 1;
    let (mut sound, mut damaged, mut unused) = (Vec::new(), Vec::new(), Vec::new());
    for sequence in sequences {
        let path = segment::path(folder, sequence);
        let file = disk.open(&path).map_err(|error| io("open", &path, error))?;
        match Header::read(&*file) {
            Err(HeaderError::Version(found)) => {
                return Err(OpenError::Version { path, found, expected: segment::VERSION });
            }
            _ if sequence < passed => unused.push(path),
            // It may be sound: the disk has to answer first.
            Err(HeaderError::Unreadable(error)) => return Err(io("read", &path, error)),
            Ok(header) if header.sequence == sequence => {
                sound.push(Candidate { path, file, header, end: None })
            }
            Ok(_) | Err(HeaderError::Damaged) => damaged.push(path),
        }
    }
    for path in damaged {
        let aside = aside::corrupt(&path, 0);
        disk.rename(&path, &aside).map_err(|error| io("set aside", &path, error))?;
        recovery.set_aside.push(aside);
    }

    let mut kept = chain(sound, &mut unused);
    let mut segments = VecDeque::new();
    let mut head = checkpoint.unwrap_or_default().position;
    let mut active = None;
    let newest = kept.len().saturating_sub(1);
    let mut clean = true;
    for (index, candidate) in kept.drain(..).enumerate() {
        let Candidate { path, file, header, end } = candidate;
        let mut live = Live {
            sequence: header.sequence,
            salt: header.salt,
            first_number: header.first_number,
            end: FIRST_OFFSET,
        };
        let known =
            checkpoint.map(|checkpoint| checkpoint.position).filter(|known| known.segment == live.sequence);
        let mut number = live.first_number;
        if let Some(end) = end {
            live.end = end;
        } else {
            let from = known.unwrap_or(Position { segment: live.sequence, offset: FIRST_OFFSET, number });
            // Behind the last write of any other segment, another one was begun.
            let last = live.sequence + 1 == next_sequence;
            let scan = Scan::of(&*file, &live, from, last).map_err(|error| io("read", &path, error))?;
            (live.end, number, clean) = (scan.end, scan.number, scan.clean);
            if scan.torn > 0 {
                let cut = aside::torn(&path, scan.end);
                let kept_in = scan.cut.and_then(|bytes| aside::keep(&**disk, folder, cut, &bytes));
                recovery.torn = Some(Torn { path, offset: scan.end, bytes: scan.torn, kept_in });
            }
        }
        if index == newest {
            head = Position { segment: live.sequence, offset: live.end, number: number.max(head.number) };
            let size = file.size().map_err(|error| io("read", folder, error))?;
            let current = header.version == segment::VERSION;
            if clean && current && size >= segment_size && live.end <= segment_size {
                active = Some(Active { file, live, size: segment_size });
            }
        }
        segments.push_back(live);
    }

    let start = match (checkpoint, segments.front()) {
        (Some(checkpoint), _) => checkpoint.position,
        (None, Some(oldest)) => {
            Position { segment: oldest.sequence, offset: FIRST_OFFSET, number: oldest.first_number }
        }
        (None, None) => Position::default(),
    };
    recovery.waiting = head.number.saturating_sub(start.number);
    let last = segments.back().map_or((head.segment, head.offset), |live| (live.sequence, live.end));
    let sequence = active.as_ref().map(|active| active.live.sequence);
    let Checkpoint { settled, .. } = checkpoint.unwrap_or_default();
    let state = State::new(segments, sequence, head, start);
    Ok(Found { state, active, last, next_sequence, start, settled, checkpoints, unused, recovery })
}

/// Keeps the segments that count, by what each says about the one before it.
fn chain(mut sound: Vec<Candidate>, unused: &mut Vec<PathBuf>) -> VecDeque<Candidate> {
    let mut kept = VecDeque::new();
    let mut before: Option<(u64, u64)> = None;
    while let Some(mut candidate) = sound.pop() {
        match before {
            // It was given up before anything in it was acknowledged.
            Some((previous, _)) if candidate.header.sequence > previous => {
                unused.push(candidate.path);
                continue;
            }
            Some((previous, end)) if candidate.header.sequence == previous => candidate.end = Some(end),
            _ => {}
        }
        before = Some((candidate.header.previous, candidate.header.previous_end));
        kept.push_front(candidate);
    }
    kept
}

struct Scan {
    end: u64,
    number: u64,
    /// Bytes of an unfinished write behind the end.
    torn: u64,
    /// Those bytes, where whole records are among them.
    cut: Option<Vec<u8>>,
    /// Whether the segment can be written on from its end: nothing behind it looks like a record, and the
    /// disk gave every block back. Otherwise the segment counts whole: what cannot be read now may hold
    /// entries.
    clean: bool,
}

impl Scan {
    /// Finds the end of a segment: behind the last sound record, or where that record's write is torn. A
    /// write is synced before the next one begins, so only the last one can be; and none that is confirmed
    /// or that the checkpoint has reached.
    fn of(file: &dyn DiskFile, live: &Live, from: Position, last: bool) -> io::Result<Self> {
        let seed = record::seed(live.salt, live.sequence);
        let length = usize::try_from(file.size()?.saturating_sub(from.offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        let (read, bad) = read_lossy_at(file, &mut bytes, from.offset);
        bytes.truncate(read);
        let (mut at, mut number) = (0, from.number);
        // Where the latest write begins, and the first hole in it with the number expected there.
        let mut write_start = 0;
        let mut hole: Option<(usize, u64)> = None;
        loop {
            let rest = &bytes[at..];
            let offset = from.offset + at as u64;
            let parsed = record::parse(rest, seed, offset);
            if let Parsed::Confirmation { number: next } = parsed {
                // Whatever is missing before is damage. Behind it may be what is left of a further write.
                (hole, number) = (None, next);
            }
            if let Parsed::Record(record) = parsed {
                if record.write_start > write_start {
                    write_start = record.write_start;
                    hole = hole.filter(|(at, _)| from.offset + *at as u64 >= write_start);
                }
                number = record.next_number();
                at += record.size();
            } else if let Some(distance) = record::resync(rest, seed, offset) {
                hole = hole.or(Some((at, number)));
                at += distance;
            } else {
                let torn = match parsed {
                    Parsed::Cut { size } | Parsed::BadPayload { size } => size.min(rest.len()),
                    _ => until_zeros(rest),
                };
                if bad > 0 {
                    let end = from.offset + read as u64;
                    return Ok(Self { end, number, torn: 0, cut: None, clean: false });
                }
                let whole = Self { end: offset, number, torn: torn as u64, cut: None, clean: true };
                return Ok(match hole.filter(|_| last && write_start >= from.offset) {
                    None => whole,
                    Some((hole, number)) => {
                        let cut = bytes[hole..at + torn].to_vec();
                        let end = from.offset + hole as u64;
                        Self { end, number, torn: cut.len() as u64, cut: Some(cut), clean: false }
                    }
                });
            }
        }
    }
}

/// How much lies before the next run of zeros as long as a header, or the end.
fn until_zeros(bytes: &[u8]) -> usize {
    if bytes.iter().take(8).all(|byte| *byte == 0) {
        return 0;
    }
    let is_end = |at: &usize| bytes[*at..].iter().take(record::HEADER).all(|byte| *byte == 0);
    (8..bytes.len().saturating_sub(record::HEADER)).step_by(8).find(is_end).unwrap_or(bytes.len())
}
