//! The log as the rest of the ingestor holds it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::JoinHandle;

use logpipeline_model::Timestamp;
use opentelemetry::trace::SpanContext;
use tokio::sync::oneshot;

use super::checkpoint::CheckpointFile;
use super::disk::Disk;
use super::lock::FolderLock;
use super::recovery::{self, Found};
use super::spares::Spares;
use super::state::{Shared, Usage};
use super::writer::{Writer, WriterEnd};
use super::{AppendError, Batch, Checkpoint, OpenError, Options, Position, Reader, Recovery, segment};
use crate::budget::Reservation;
use crate::ledger::{Account, Ledger};
use crate::metrics::Metrics;

/// A handle to the open log; clones share it.
#[derive(Debug, Clone)]
pub struct Wal {
    commands: Sender<Command>,
    shared: Arc<Shared>,
    spares: Arc<Spares>,
    folder: Arc<Path>,
    disk: Arc<dyn Disk>,
    options: Options,
}

/// An open log, and what goes with it.
#[derive(Debug)]
pub struct Opened {
    pub wal: Wal,
    pub reader: Reader,
    pub checkpoints: CheckpointFile,
    pub ledger: Arc<Ledger>,
    pub recovery: Recovery,
    pub writer: WriterEnd,
}

#[derive(Debug)]
pub(super) enum Command {
    Append(Box<Append>),
    Close,
}

/// A request's entries on their way into the log.
#[derive(Debug)]
pub struct Append {
    pub(super) batch: Batch,
    pub(super) rejected: u64,
    pub(super) account: Account,
    pub(super) span: Option<SpanContext>,
    pub(super) end: Position,
    reply: oneshot::Sender<Result<Position, AppendError>>,
    _memory: Option<Reservation>,
}

impl Append {
    pub(super) fn answer(self, result: Result<Position, AppendError>) {
        // A sender that went away meanwhile is not waited for.
        let _ = self.reply.send(result);
    }
}

impl Wal {
    /// Opens the log in a folder, which is made where it is missing, and recovers what it holds.
    pub fn open(
        folder: &Path,
        options: Options,
        disk: Arc<dyn Disk>,
        metrics: Metrics,
    ) -> Result<Opened, OpenError> {
        let io = |action, path: &Path, source| OpenError::Io { action, path: path.to_owned(), source };
        make(folder, disk.as_ref())?;
        let lock = FolderLock::take(folder)?;
        let files = disk.list(folder).map_err(|error| io("list", folder, error))?;
        let Found { state, active, last, next_sequence, start, settled, mut checkpoints, unused, recovery } =
            recovery::recover(&disk, folder, &files, options.segment_size)?;

        if checkpoints.is_new()
            && let Err(error) = checkpoints.write(&Checkpoint { position: start, settled })
        {
            // Made now, so that it can move later on a full disk; where this one is full already, the next
            // checkpoint tries again.
            tracing::warn!(%error, "failed to make the checkpoint of the write-ahead log");
        }
        let spares = Arc::new(Spares::load(Arc::clone(&disk), folder, options.segment_size, &files));
        spares.recycle(unused).map_err(|error| io("recycle segments in", folder, error))?;
        let head = state.head.number;
        let ledger = Arc::new(Ledger::restore(settled, head.saturating_sub(start.number), head));
        let shared = Arc::new(Shared::new(state));
        let (commands, queue) = channel();
        let (prepare, wanted) = sync_channel(1);
        let writer = Writer {
            disk: Arc::clone(&disk),
            folder: folder.to_owned(),
            options,
            shared: Arc::clone(&shared),
            spares: Arc::clone(&spares),
            ledger: Arc::clone(&ledger),
            metrics,
            prepare: prepare.clone(),
            active,
            last,
            next_sequence,
            retry_at: None,
        };
        let (preparing, live) = (Arc::clone(&spares), Arc::clone(&shared));
        let preparer = spawn("wal-spares", move || {
            while wanted.recv().is_ok() {
                if live.usage().segments < options.max_segments()
                    && let Err(error) = preparing.prepare()
                {
                    tracing::warn!(%error, "failed to prepare a segment of the write-ahead log");
                }
            }
        })
        .map_err(|error| io("start the preparer of", folder, error))?;
        let (ended, end) = oneshot::channel();
        spawn("wal-writer", move || {
            let result = writer.run(&queue);
            drop(queue);
            // The writer is gone, so the preparer ends too; only then is the folder anyone else's.
            let _ = preparer.join();
            drop(lock);
            let _ = ended.send(result);
        })
        .map_err(|error| io("start the writer of", folder, error))?;
        let _ = prepare.try_send(());
        drop(prepare);

        let reader = Reader::new(Arc::clone(&disk), folder.to_owned(), Arc::clone(&shared), start);
        let wal = Self { commands, shared, spares, folder: folder.into(), disk, options };
        Ok(Opened { wal, reader, checkpoints, ledger, recovery, writer: end })
    }

    /// Appends a request's entries and returns, once they are on disk, the position behind them. They
    /// are appended even if the caller stops waiting. `rejected` and `account` go into the ledger with them.
    pub async fn append(
        &self,
        batch: Batch,
        rejected: u64,
        account: Account,
        span: Option<SpanContext>,
        memory: Option<Reservation>,
    ) -> Result<Position, AppendError> {
        let (reply, answer) = oneshot::channel();
        let append =
            Append { batch, rejected, account, span, end: Position::default(), reply, _memory: memory };
        self.commands.send(Command::Append(Box::new(append))).map_err(|_| AppendError::Closed)?;
        answer.await.map_err(|_| AppendError::Closed)?
    }

    /// Ends the writer after what was sent to it before; later appends find the log closed.
    pub fn close(&self) {
        let _ = self.commands.send(Command::Close);
    }

    /// Behind the last entry that is on disk.
    pub fn head(&self) -> Position {
        self.shared.head()
    }

    /// Up to where a durable checkpoint has settled the log.
    pub fn settled(&self) -> Position {
        self.shared.with(|state| state.settled)
    }

    /// A reader of what waits, which leaves the log as it is. What is settled meanwhile may be gone before it is read.
    pub fn peek(&self) -> Reader {
        let shared = Arc::clone(&self.shared);
        Reader::new(Arc::clone(&self.disk), self.folder.to_path_buf(), shared, self.settled()).peeking()
    }

    /// When the request whose note has `number` was synced, as far as this process still knows.
    pub fn synced_at(&self, number: u64) -> Option<Timestamp> {
        self.shared.with(|state| state.synced.get(number))
    }

    /// Forgets when requests were synced whose notes have numbers up to `number`.
    pub fn forget_synced(&self, number: u64) {
        self.shared.with(|state| state.synced.forget(number));
    }

    /// Completes when entries were appended since the last time it completed.
    pub async fn appended(&self) {
        self.shared.appended.notified().await;
    }

    pub fn usage(&self) -> Usage {
        self.shared.usage()
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Bytes of the log's files: segments and spares.
    pub fn file_bytes(&self) -> u64 {
        (self.usage().segments + self.spares.count()) as u64 * self.options.segment_size
    }

    /// The spans of requests whose entries lie before `position`; each is given once.
    pub fn take_links(&self, position: Position) -> Vec<SpanContext> {
        self.shared.take_links(position.number)
    }

    /// Gives space back that the log holds in reserve, where the disk is short of it.
    pub fn relieve_disk(&self) {
        self.spares.trim();
    }

    /// Gives back segments that a durable checkpoint has passed.
    pub fn release(&self, checkpoint: &Checkpoint) -> std::io::Result<()> {
        let released = self.shared.settle(checkpoint.position);
        let paths: Vec<PathBuf> =
            released.into_iter().map(|sequence| segment::path(&self.folder, sequence)).collect();
        self.spares.recycle(paths)
    }
}

/// Makes the log's folder and those above it, where they are missing, and syncs their names. The log's own
/// name is synced in any case.
fn make(folder: &Path, disk: &dyn Disk) -> Result<(), OpenError> {
    let io = |action, path: &Path, source| OpenError::Io { action, path: path.to_owned(), source };
    let missing: Vec<_> = folder.ancestors().skip(1).take_while(|path| !is_there(path)).collect();
    std::fs::create_dir_all(folder).map_err(|error| io("create", folder, error))?;
    let above: Vec<_> = folder.ancestors().skip(1).map(or_here).take(missing.len() + 2).collect();
    for (level, parent) in above.into_iter().enumerate() {
        match disk.sync_folder(parent) {
            Ok(()) => {}
            // It was there before; a process may have been killed before it synced what it made. But the
            // parent of a folder made by others, such as a mount point, need not be within reach.
            Err(error) if level > missing.len() => {
                tracing::debug!(folder = %parent.display(), %error, "failed to sync");
            }
            Err(error) => return Err(io("sync", parent, error)),
        }
    }
    Ok(())
}

fn is_there(path: &Path) -> bool {
    or_here(path).is_dir()
}

/// What is above a relative path's first part is the working folder.
fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}
