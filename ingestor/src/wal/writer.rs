//! The one thread that writes the log: group commit.

use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

use tokio::sync::oneshot;

use super::disk::{Disk, DiskFile, is_out_of_space, write_all_at};
use super::log::{Append, Command};
use super::segment::{self, FIRST_OFFSET, Header};
use super::spares::Spares;
use super::state::{Live, Shared};
use super::{AppendError, Options, Position, record};
use crate::clock;
use crate::ledger::Ledger;
use crate::metrics::Metrics;

/// How the writer ended: an error where the disk left it no way to go on.
pub type WriterEnd = oneshot::Receiver<Result<(), AppendError>>;

pub(super) struct Writer {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) options: Options,
    pub(super) shared: Arc<Shared>,
    pub(super) spares: Arc<Spares>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) metrics: Metrics,
    /// Wakes the thread that prepares spares.
    pub(super) prepare: SyncSender<()>,
    /// None where the last segment is sealed and the next one is not made yet.
    pub(super) active: Option<Active>,
    /// The last segment that counts, and where it ends.
    pub(super) last: (u64, u64),
    pub(super) next_sequence: u64,
    pub(super) retry_at: Option<Instant>,
}

/// The segment that is being written.
pub(super) struct Active {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) live: Live,
    pub(super) size: u64,
}

impl Active {
    fn room(&self) -> u64 {
        self.size.saturating_sub(self.live.end)
    }

    fn seed(&self) -> u32 {
        record::seed(self.live.salt, self.live.sequence)
    }
}

/// Why there is no next segment.
enum NoSegment {
    /// For now: this request is refused, the next may be luckier.
    Refused(AppendError),
    /// The disk left no way to go on.
    Broken(AppendError),
}

type Step = Result<(), AppendError>;

impl Writer {
    /// Runs until the log is closed or broken. Requests that are left find the channel closed.
    pub(super) fn run(mut self, commands: &Receiver<Command>) -> Step {
        let mut open = true;
        while open {
            let Ok(Command::Append(first)) = commands.recv() else { break };
            let mut bytes = first.batch.size();
            let mut group = vec![*first];
            while bytes < self.options.group_bytes {
                match commands.try_recv() {
                    Ok(Command::Append(append)) => {
                        bytes += append.batch.size();
                        group.push(*append);
                    }
                    Ok(Command::Close) => {
                        open = false;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.commit(group)?;
        }
        Ok(())
    }

    fn commit(&mut self, group: Vec<Append>) -> Step {
        let (mut run, mut run_bytes) = (Vec::new(), 0);
        for append in group {
            let size = append.batch.size() as u64;
            if let Some(refusal) = self.never_fits(&append) {
                append.answer(Err(refusal));
                continue;
            }
            if size > self.options.room() {
                self.write_run(std::mem::take(&mut run))?;
                run_bytes = 0;
                self.write_spanning(append)?;
                continue;
            }
            if self.room() < run_bytes + size {
                self.write_run(std::mem::take(&mut run))?;
                run_bytes = 0;
                if self.room() < size {
                    match self.next_segment(&[], self.shared.head().number) {
                        Ok(next) => self.publish(vec![next], self.shared.head()),
                        Err(NoSegment::Refused(refusal)) => {
                            append.answer(Err(refusal));
                            continue;
                        }
                        Err(NoSegment::Broken(error)) => return self.broken(vec![append], error),
                    }
                }
            }
            run_bytes += size;
            run.push(append);
        }
        self.write_run(run)
    }

    fn room(&self) -> u64 {
        self.active.as_ref().map_or(0, Active::room)
    }

    fn never_fits(&self, append: &Append) -> Option<AppendError> {
        let (size, largest) = (append.batch.size() as u64, append.batch.largest() as u64);
        let room = self.options.room();
        if largest > room {
            return Some(AppendError::TooLarge { size: largest, limit: room });
        }
        // No record spans segments, so each may leave almost a record's length unused; and a request of
        // several segments begins in a new one.
        let limit = (room - largest).max(largest) * (self.options.max_segments() as u64 - 1);
        (size > room && size > limit).then_some(AppendError::TooLarge { size, limit })
    }

    /// Appends requests that fit into the active segment with one write and one sync, and answers them.
    fn write_run(&mut self, mut run: Vec<Append>) -> Step {
        let Some(active) = &mut self.active else { return Ok(()) };
        if run.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let start = Position { number: self.shared.head().number, ..active.position() };
        let mut head = start;
        for append in &mut run {
            let (bytes, entries) =
                append.batch.place((0, u64::MAX), active.seed(), start.offset, head.offset, head.number);
            head.offset += bytes as u64;
            head.number += entries;
            append.end = head;
        }
        // A zero length marks the end, so that what an earlier use left behind is no torn record.
        let marker = [0; 8];
        let mut slices: Vec<_> = run.iter().map(|append| IoSlice::new(&append.batch.bytes)).collect();
        if head.offset + 8 <= active.size {
            slices.push(IoSlice::new(&marker));
        }
        if let Err(error) =
            write_all_at(&*active.file, &mut slices, start.offset).and_then(|()| active.file.sync())
        {
            return self.abandon(run, &error);
        }
        active.live.end = head.offset;
        self.metrics.committed(started.elapsed(), head.number - start.number, head.offset - start.offset);
        self.acknowledge(run, Vec::new(), head);
        Ok(())
    }

    /// Appends a request that is larger than a segment, in segments of its own: all of it, or nothing.
    fn write_spanning(&mut self, mut append: Append) -> Step {
        let started = Instant::now();
        let first_number = self.shared.head().number;
        let mut number = first_number;
        let mut added: Vec<Active> = Vec::new();
        let mut at = 0;
        let total = append.batch.size();
        if self.segments_needed(&append) > self.segments_left() {
            append.answer(Err(AppendError::Full));
            return Ok(());
        }
        while at < total {
            let mut next = match self.next_segment(&added, number) {
                Ok(next) => next,
                Err(reason) => {
                    self.discard(added);
                    return match reason {
                        NoSegment::Refused(refusal) => {
                            append.answer(Err(refusal));
                            Ok(())
                        }
                        NoSegment::Broken(error) => self.broken(vec![append], error),
                    };
                }
            };
            let (bytes, entries) =
                append.batch.place((at, next.room()), next.seed(), FIRST_OFFSET, FIRST_OFFSET, number);
            let part = &append.batch.bytes[at..at + bytes];
            let marker = &[0; 8][..if next.room() >= bytes as u64 + 8 { 8 } else { 0 }];
            let mut slices = [IoSlice::new(part), IoSlice::new(marker)];
            let written =
                write_all_at(&*next.file, &mut slices, FIRST_OFFSET).and_then(|()| next.file.sync());
            next.live.end += bytes as u64;
            added.push(next);
            if let Err(error) = written {
                self.discard(added);
                return self.abandon(vec![append], &error);
            }
            at += bytes;
            number += entries;
        }
        let Some(last) = added.last() else { return Ok(()) };
        let head = Position { number, ..last.position() };
        append.end = head;
        self.metrics.committed(started.elapsed(), number - first_number, total as u64);
        self.acknowledge(vec![append], added, head);
        Ok(())
    }

    fn segments_needed(&self, append: &Append) -> usize {
        let (mut segments, mut left, mut at) = (0, 0, 0);
        while let Some((size, _)) = record::prepared(&append.batch.bytes[at..]) {
            if left < size as u64 {
                segments += 1;
                left = self.options.room();
            }
            left -= size as u64;
            at += size;
        }
        segments
    }

    fn segments_left(&self) -> usize {
        let count = || self.shared.usage().segments;
        let max = self.options.max_segments();
        if count() >= max || self.active.is_none() {
            self.release();
        }
        max.saturating_sub(count())
    }

    /// Gives back segments that were settled while they were still written.
    fn release(&self) {
        let settled = self.shared.with(|state| state.settled);
        let released = self.shared.settle(settled);
        let paths = released.into_iter().map(|sequence| segment::path(&self.folder, sequence));
        if let Err(error) = self.spares.recycle(paths) {
            tracing::warn!(%error, "failed to recycle a segment of the write-ahead log");
        }
    }

    /// Makes the segment behind `added`, or behind the last one that counts. It counts once published.
    fn next_segment(&mut self, added: &[Active], first_number: u64) -> Result<Active, NoSegment> {
        if self.segments_left() <= added.len() {
            return Err(NoSegment::Refused(AppendError::Full));
        }
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            let reason = "no room for another segment".to_owned();
            return Err(NoSegment::Refused(AppendError::DiskFull { reason }));
        }
        let previous = added.last().map_or(self.last, |active| (active.live.sequence, active.live.end));
        let live =
            Live { sequence: self.next_sequence, salt: rand::random(), first_number, end: FIRST_OFFSET };
        let mut started = self.start_segment(live, previous);
        if started.as_ref().is_err_and(is_lasting) {
            // One bad file is no bad disk.
            let live = Live { sequence: self.next_sequence, ..live };
            started = self.start_segment(live, previous);
        }
        if started.as_ref().is_err_and(is_out_of_space) && added.is_empty() && self.give_back_active() {
            started = self.start_segment(live, previous);
        }
        match started {
            Ok(active) => {
                self.next_sequence += 1;
                self.retry_at = None;
                let _ = self.prepare.try_send(());
                Ok(active)
            }
            Err(error) => {
                tracing::error!(%error, folder = %self.folder.display(), "failed to begin a segment of the write-ahead log");
                self.retry_at = Some(Instant::now() + self.options.retry_delay);
                let reason = error.to_string();
                Err(if is_out_of_space(&error) {
                    NoSegment::Refused(AppendError::DiskFull { reason })
                } else if is_lasting(&error) {
                    NoSegment::Broken(AppendError::Failed { reason })
                } else {
                    NoSegment::Refused(AppendError::Failed { reason })
                })
            }
        }
    }

    /// Seals the active segment where a durable checkpoint covers all of it, so that its file can be used
    /// again. Returns whether it did.
    fn give_back_active(&mut self) -> bool {
        let settled = self.shared.with(|state| state.settled);
        let covered = self.active.as_ref().is_some_and(|Active { live, .. }| {
            live.end > FIRST_OFFSET && settled.segment == live.sequence && settled.offset >= live.end
        });
        if covered {
            self.seal();
            self.release();
        }
        covered
    }

    fn start_segment(&mut self, live: Live, (previous, previous_end): (u64, u64)) -> io::Result<Active> {
        let spare = self.spares.obtain()?;
        let header = Header {
            version: segment::VERSION,
            sequence: live.sequence,
            salt: live.salt,
            first_number: live.first_number,
            previous,
            previous_end,
        };
        let ready = self.disk.open(&spare).and_then(|file| {
            header.write(&*file)?;
            file.sync()?;
            // Once the name is there, nothing may fail without sealing the segment before.
            let size = file.size()?;
            Ok((file, size))
        });
        let (file, size) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                self.spares.discard(&spare);
                return Err(error);
            }
        };
        let path = segment::path(&self.folder, live.sequence);
        let renamed = self.disk.rename(&spare, &path).and_then(|()| self.disk.sync_folder(&self.folder));
        if let Err(error) = renamed {
            // Should the name be there after a crash, the segment before ends where this header says.
            self.seal();
            self.next_sequence += 1;
            self.spares.discard(&path);
            return Err(error);
        }
        Ok(Active { file, live, size })
    }

    /// Nothing is written to the active segment any more.
    fn seal(&mut self) {
        self.active = None;
        self.shared.with(|state| state.active = None);
    }

    /// Takes segments back that a request could not fill. The one before is sealed, because headers name
    /// its end. The newest goes first: should a crash bring some back, none is missing between them.
    fn discard(&mut self, added: Vec<Active>) {
        if !added.is_empty() {
            self.seal();
        }
        for active in added.into_iter().rev() {
            self.spares.discard(&segment::path(&self.folder, active.live.sequence));
        }
    }

    /// A write or a sync failed: what the file holds behind its committed end is unknown, and the next
    /// segment's header will say that it doesn't count. Its requests are refused.
    fn abandon(&mut self, run: Vec<Append>, error: &io::Error) -> Step {
        tracing::error!(%error, segment = self.last.0, "failed to write the write-ahead log; the segment is abandoned");
        self.metrics.wal_write_errors.inc();
        self.scrub(&run);
        self.seal();
        let reason = error.to_string();
        if is_out_of_space(error) {
            answer_all(run, &AppendError::DiskFull { reason });
            return Ok(());
        }
        match self.next_segment(&[], self.shared.head().number) {
            Ok(next) => self.publish(vec![next], self.shared.head()),
            Err(NoSegment::Refused(_)) => {}
            Err(NoSegment::Broken(error)) => return self.broken(run, error),
        }
        answer_all(run, &AppendError::Failed { reason });
        Ok(())
    }

    /// Overwrites what a failed write may have left, so that a restart before the next segment doesn't find
    /// entries whose senders were told that they are not kept. No promise: the disk has just failed.
    fn scrub(&self, run: &[Append]) {
        let Some(active) = &self.active else { return };
        let zeros =
            vec![
                0;
                run.iter().map(|append| append.batch.size()).sum::<usize>().min(self.options.room() as usize)
            ];
        if let Err(error) = write_all_at(&*active.file, &mut [IoSlice::new(&zeros)], active.live.end) {
            tracing::debug!(%error, "failed to overwrite a failed write");
        }
    }

    fn broken(&mut self, run: Vec<Append>, error: AppendError) -> Step {
        answer_all(run, &error);
        Err(error)
    }

    fn acknowledge(&mut self, run: Vec<Append>, added: Vec<Active>, head: Position) {
        let noted = run.iter().filter(|append| append.batch.is_noted()).map(|append| append.end.number);
        self.shared.with(|state| state.synced.add(clock::now(), noted));
        for append in &run {
            self.ledger.received(append.batch.entries(), append.rejected, &append.account);
            self.metrics.received(append.batch.entries(), append.rejected);
            if let Some(span) = &append.span {
                self.shared.with(|state| state.link(append.end.number, span.clone()));
            }
        }
        self.publish(added, head);
        for append in run {
            let end = append.end;
            append.answer(Ok(end));
        }
        self.confirm();
    }

    /// Notes behind what was just synced that it is. Not synced itself: it outlasts the process, and mostly
    /// the machine. Without it, damage there looks like a write that was never finished.
    fn confirm(&self) {
        let Some(active) = &self.active else { return };
        if active.room() < record::HEADER as u64 {
            return;
        }
        let Position { offset, number, .. } = self.shared.head();
        let mark = record::confirmation(active.seed(), offset, number);
        if let Err(error) = write_all_at(&*active.file, &mut [IoSlice::new(&mark)], offset) {
            tracing::debug!(%error, "failed to confirm a write");
        }
    }

    fn publish(&mut self, mut added: Vec<Active>, head: Position) {
        let active = self.active.as_ref().map(|active| active.live);
        let next = added.last().map(|active| active.live.sequence);
        self.shared.with(|state| {
            if let Some(active) = active
                && let Some(live) = state.segments.iter_mut().find(|live| live.sequence == active.sequence)
            {
                live.end = active.end;
            }
            state.segments.extend(added.iter().map(|active| active.live));
            state.active = next.or(state.active);
            state.head = head;
        });
        if let Some(next) = added.pop() {
            self.active = Some(next);
        }
        if let Some(active) = &self.active {
            self.last = (active.live.sequence, active.live.end);
        }
        self.shared.appended.notify_one();
    }
}

impl Active {
    fn position(&self) -> Position {
        Position { segment: self.live.sequence, offset: self.live.end, number: self.live.first_number }
    }
}

fn answer_all(run: Vec<Append>, error: &AppendError) {
    for append in run {
        append.answer(Err(error.clone()));
    }
}

/// Whether the disk itself failed: waiting changes nothing.
fn is_lasting(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ReadOnlyFilesystem
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}
