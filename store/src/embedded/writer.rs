//! The one writer of a directory: spreads a batch over partitions and commits each.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use logpipeline_model::{Document, EntryId};
use tantivy::IndexWriter;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};

use super::catalog::{Catalog, Snapshot};
use super::lock::WriterLock;
use super::partition::{Bucket, Name, Partition, Summary};
use super::record::Record;
use super::schema::{self, Fields};
use super::{Options, error, folder, version};
use crate::{NewEntry, StoreError, WriteOutcome};

/// Partitions that merge in the background after they were closed.
const MOST_MERGING: usize = 2;

pub(super) struct Writer {
    catalog: Arc<Catalog>,
    options: Options,
    fields: Fields,
    /// Least recently used first.
    open: Vec<OpenPartition>,
    /// Partitions no longer written to, whose segments are still being merged.
    merging: Vec<(Name, JoinHandle<()>)>,
    /// Partitions whose last commit this writer has made safe from a power cut, by writing it. Of others
    /// that is not known: a failed sync that is only tried again may succeed though something was lost.
    durable: HashSet<Name>,
    _lock: WriterLock,
}

struct OpenPartition {
    name: Name,
    writer: IndexWriter<Record>,
    /// As of the last commit, and with what was added since.
    summary: Summary,
    dirty: bool,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn open(root: &Path, catalog: Arc<Catalog>, options: Options) -> Result<Self, StoreError> {
        folder::make(root).map_err(|error| error::io("create", root, &error))?;
        let lock = WriterLock::acquire(root)?;
        version::establish(root)?;
        catalog.tidy()?;
        // The last process may have been killed between a rename and its sync.
        catalog.sync()?;
        let (_, fields) = schema::build();
        Ok(Self {
            catalog,
            options,
            fields,
            open: Vec::new(),
            merging: Vec::new(),
            durable: HashSet::new(),
            _lock: lock,
        })
    }

    /// Rolls to a new generation at this size from now on, where it is less than the options say.
    pub(super) fn limit_partition_bytes(&mut self, bytes: u64) {
        self.options.partition_bytes = self.options.partition_bytes.min(bytes.max(1));
    }

    pub(super) fn write(&mut self, batch: &[NewEntry]) -> Result<Vec<WriteOutcome>, StoreError> {
        let result = self.try_write(batch);
        if result.is_err() {
            self.abandon();
        }
        result
    }

    /// Closes every partition without a commit. Tantivy's writer is of no use after a failure, and what
    /// is in place of the last commit may not be durable.
    pub(super) fn abandon(&mut self) {
        self.open.clear();
        self.durable.clear();
        self.catalog.mark_stale();
    }

    /// Closes a partition that is about to be removed.
    pub(super) fn close(&mut self, name: Name) {
        self.open.retain(|open| open.name != name);
        self.durable.remove(&name);
        self.finish_merging(|merging| *merging == name);
    }

    /// Waits for the merges of some partitions.
    fn finish_merging(&mut self, which: impl Fn(&Name) -> bool) {
        for (name, thread) in self.merging.extract_if(.., |(name, _)| which(name)) {
            if thread.join().is_err() {
                tracing::warn!(partition = %name, "a merge failed; it is tried again with the next entries");
            }
        }
    }

    /// Makes room for one more open partition. Merges under way go on: were they given up each time,
    /// entries spread over many partitions would never be merged.
    fn close_least_recent(&mut self) -> Result<(), StoreError> {
        let mut idle = self.open.remove(0);
        if idle.dirty {
            idle.commit(&mut self.durable)?;
            self.catalog.mark_stale();
        }
        if self.merging.len() >= MOST_MERGING {
            let (oldest, _) = self.merging[0];
            self.finish_merging(|name| *name == oldest);
        }
        let name = idle.name;
        let thread = std::thread::Builder::new().name(format!("merge {name}")).spawn(move || {
            if let Err(error) = idle.writer.wait_merging_threads() {
                tracing::warn!(partition = %name, %error, "failed to merge");
            }
        });
        self.merging.push((name, thread.map_err(error::writing)?));
        Ok(())
    }

    fn try_write(&mut self, batch: &[NewEntry]) -> Result<Vec<WriteOutcome>, StoreError> {
        let mut work = Work {
            snapshot: self.catalog.snapshot()?,
            seen: HashSet::with_capacity(batch.len()),
            targets: BTreeMap::new(),
            relied_on: BTreeSet::new(),
        };
        let mut outcomes = Vec::with_capacity(batch.len());
        for entry in batch {
            outcomes.push(self.add(&mut work, entry)?);
        }
        for open in self.open.iter_mut().filter(|open| open.dirty) {
            open.commit(&mut self.durable)?;
            self.catalog.mark_stale();
            #[cfg(test)]
            folder::faults::strike(&self.catalog.path(open.name).join("committed"))
                .map_err(error::writing)?;
        }
        // Or entries of a failed batch would be acknowledged as duplicates before they are safe.
        for name in work.relied_on {
            self.make_durable(name)?;
        }
        Ok(outcomes)
    }

    /// Commits a partition again as it is, unless its last commit is known to be durable.
    fn make_durable(&mut self, name: Name) -> Result<(), StoreError> {
        if self.durable.contains(&name) {
            return Ok(());
        }
        self.partition(name)?;
        match self.open.last_mut() {
            Some(open) => open.commit(&mut self.durable)?,
            None => return Err(error::writing("no partition is open")),
        }
        self.catalog.mark_stale();
        Ok(())
    }

    fn add(&mut self, work: &mut Work, entry: &NewEntry) -> Result<WriteOutcome, StoreError> {
        let document = match Document::parse(&entry.body) {
            Ok(document) if document.id == entry.id => document,
            Ok(document) => {
                let reason = format!("the entry's id is {}, its stored form says {}", entry.id, document.id);
                return Ok(WriteOutcome::Refused { reason });
            }
            Err(error) => return Ok(WriteOutcome::Refused { reason: error.to_string() }),
        };
        let bucket = Bucket::of(document.timestamp, document.received_at);
        if !work.seen.insert(entry.id) {
            return Ok(WriteOutcome::Duplicate);
        }
        if let Some(name) = work.stored_in(bucket, entry.id)? {
            work.relied_on.insert(name);
            return Ok(WriteOutcome::Duplicate);
        }
        let name = work.target(bucket, self.options.partition_bytes);
        self.add_to(name, &document, &entry.body)?;
        Ok(WriteOutcome::Stored)
    }

    fn add_to(&mut self, name: Name, document: &Document<'_>, body: &Bytes) -> Result<(), StoreError> {
        let record = Record::new(self.fields, name.bucket.base(), document, body);
        let open = self.partition(name)?;
        open.dirty = true;
        open.writer.add_document(record).map_err(error::writing)?;
        open.summary.add(document);
        Ok(())
    }

    /// The partition, opened for writing, at the end of `open`.
    fn partition(&mut self, name: Name) -> Result<&mut OpenPartition, StoreError> {
        match self.open.iter().rposition(|open| open.name == name) {
            Some(at) if at + 1 == self.open.len() => {}
            Some(at) => self.open[at..].rotate_left(1),
            None => {
                while self.open.len() >= self.options.open_partitions.max(1) {
                    self.close_least_recent()?;
                }
                self.finish_merging(|merging| *merging == name);
                let opened = OpenPartition::open(&self.catalog, name, &self.options)?;
                self.open.push(opened);
            }
        }
        self.open.last_mut().ok_or_else(|| error::writing("no partition is open"))
    }
}

/// What one batch needs to know.
struct Work {
    snapshot: Snapshot,
    seen: HashSet<EntryId>,
    /// Where each bucket's entries go, decided once a batch.
    targets: BTreeMap<Bucket, Target>,
    /// Partitions that hold entries of the batch already.
    relied_on: BTreeSet<Name>,
}

struct Target {
    /// All generations, the newest last.
    generations: Vec<Arc<Partition>>,
    highest_id: Option<EntryId>,
    name: Option<Name>,
}

impl Work {
    fn bucket(&mut self, bucket: Bucket) -> &mut Target {
        let snapshot = &self.snapshot;
        self.targets.entry(bucket).or_insert_with(|| {
            let of_bucket = |partition: &&Arc<Partition>| partition.name.bucket == bucket;
            let generations: Vec<_> = snapshot.iter().filter(of_bucket).cloned().collect();
            let highest_id = generations.iter().filter_map(|partition| partition.summary.highest_id).max();
            Target { generations, highest_id, name: None }
        })
    }

    fn stored_in(&mut self, bucket: Bucket, id: EntryId) -> Result<Option<Name>, StoreError> {
        let target = self.bucket(bucket);
        if !id.is_derived() && target.highest_id.is_none_or(|highest| id > highest) {
            return Ok(None);
        }
        // A retry carries another time of receipt, so a derived id may be anywhere.
        let partitions = if id.is_derived() { &*self.snapshot } else { &target.generations[..] };
        for partition in partitions.iter().rev() {
            if partition.find(id).map_err(error::reading)?.is_some() {
                return Ok(Some(partition.name));
            }
        }
        Ok(None)
    }

    fn target(&mut self, bucket: Bucket, partition_bytes: u64) -> Name {
        let target = self.bucket(bucket);
        *target.name.get_or_insert_with(|| match target.generations.last() {
            None => Name { bucket, generation: 0 },
            Some(last) if last.bytes < partition_bytes => last.name,
            Some(last) => Name { bucket, generation: last.name.generation + 1 },
        })
    }
}

impl OpenPartition {
    fn open(catalog: &Catalog, name: Name, options: &Options) -> Result<Self, StoreError> {
        let find = |snapshot: &Snapshot| snapshot.iter().find(|partition| partition.name == name).cloned();
        let partition = match find(&catalog.snapshot()?) {
            Some(partition) => partition,
            None => {
                catalog.create(name)?;
                find(&catalog.snapshot()?)
                    .ok_or_else(|| error::writing(format!("the new partition {name} is gone")))?
            }
        };
        let writer_options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(options.merge_threads.max(1))
            .memory_budget_per_thread(options.memory_per_partition())
            .build();
        partition.directory.start_anew();
        let writer = partition.index.writer_with_options(writer_options).map_err(error::writing)?;
        writer.set_merge_policy(Box::new(merge_policy()));
        Ok(Self { name, writer, summary: partition.summary.clone(), dirty: false })
    }

    fn commit(&mut self, durable: &mut HashSet<Name>) -> Result<(), StoreError> {
        durable.remove(&self.name);
        let payload = serde_json::to_string(&self.summary).map_err(error::writing)?;
        let mut commit = self.writer.prepare_commit().map_err(error::writing)?;
        commit.set_payload(&payload);
        commit.commit().map_err(error::writing)?;
        self.dirty = false;
        durable.insert(self.name);
        Ok(())
    }
}

/// Commits come every few hundred milliseconds: small segments are merged early and cheaply, large ones
/// seldom.
fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(8);
    policy.set_min_layer_size(10_000);
    policy.set_max_docs_before_merge(5_000_000);
    policy
}

#[cfg(test)]
mod tests {
    use logpipeline_model::Timestamp;
    use tempfile::TempDir;

    use super::super::partition::Stamp;
    use super::*;

    fn open(directory: &TempDir) -> Writer {
        let options = Options { memory_bytes: 30_000_000, ..Options::default() };
        Writer::open(directory.path(), Arc::new(Catalog::new(directory.path())), options).unwrap()
    }

    /// Entries of today, of long ago and of the far future by turns.
    fn batch() -> Vec<NewEntry> {
        let received_at: Timestamp = "2023-09-15T08:00:00Z".parse().unwrap();
        (0..60)
            .map(|n| {
                let id = if n % 5 == 0 { EntryId::derived("key", n) } else { EntryId::v7(received_at, 0, n) };
                let year = [2023, 1999, 9999][n as usize % 3];
                let body = format!(
                    r#"{{"id":"{id}","receivedAt":"{received_at}","timestamp":"{year}-09-15T08:00:00Z","message":"{n}"}}"#
                );
                NewEntry { id, body: Bytes::from(body) }
            })
            .collect()
    }

    fn entries(writer: &Writer) -> u64 {
        writer.catalog.mark_stale();
        writer.catalog.snapshot().unwrap().iter().map(|partition| partition.summary.entries).sum()
    }

    #[test]
    fn a_replay_after_a_crash_between_commits_stores_nothing_twice() {
        for committed in 0..=3 {
            let directory = tempfile::tempdir().unwrap();
            let mut writer = open(&directory);
            let mut work = Work {
                snapshot: writer.catalog.snapshot().unwrap(),
                seen: HashSet::new(),
                targets: BTreeMap::new(),
                relied_on: BTreeSet::new(),
            };
            for entry in &batch() {
                assert_eq!(writer.add(&mut work, entry).unwrap(), WriteOutcome::Stored);
            }
            assert_eq!(writer.open.len(), 3);
            for open in &mut writer.open[..committed] {
                open.commit(&mut writer.durable).unwrap();
            }
            drop(writer);

            let mut writer = open(&directory);
            assert_eq!(entries(&writer), 20 * committed as u64);
            let outcomes = writer.write(&batch()).unwrap();
            let stored = outcomes.iter().filter(|outcome| **outcome == WriteOutcome::Stored).count();
            assert_eq!(stored, 60 - 20 * committed);
            // Any part again, in any cut.
            for start in [0, 1, 17, 40, 59] {
                let outcomes = writer.write(&batch()[start..]).unwrap();
                assert!(outcomes.iter().all(|outcome| *outcome == WriteOutcome::Duplicate));
            }
            assert_eq!(entries(&writer), 60);
        }
    }

    #[test]
    fn after_a_failure_the_next_batch_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = open(&directory);
        writer.write(&batch()[..30]).unwrap();
        // Takes away what the open writers write into.
        let partitions = directory.path().join("partitions");
        std::fs::remove_dir_all(&partitions).unwrap();
        let error = writer.write(&batch()[30..]).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        std::fs::create_dir(&partitions).unwrap();
        assert_eq!(writer.write(&batch()[30..]).unwrap(), vec![WriteOutcome::Stored; 30]);
        assert_eq!(entries(&writer), 30);
    }

    #[test]
    fn duplicates_are_acknowledged_once_this_writer_has_committed_what_holds_them() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = open(&directory);
        assert_eq!(writer.write(&batch()).unwrap(), vec![WriteOutcome::Stored; 60]);
        let mut before = commits(&writer);
        assert_eq!(before.len(), 3);
        for reopened in [false, true] {
            if reopened {
                drop(writer);
                writer = open(&directory);
            } else {
                writer.abandon();
            }
            assert_eq!(commits(&writer), before);
            // Those of one partition, and those of all.
            let late: Vec<_> = batch().into_iter().skip(1).step_by(3).collect();
            assert_eq!(writer.write(&late).unwrap(), vec![WriteOutcome::Duplicate; 20]);
            assert_eq!(different(&commits(&writer), &before), ["late-2023-09-15.0"]);
            assert_eq!(writer.write(&batch()).unwrap(), vec![WriteOutcome::Duplicate; 60]);
            let now = commits(&writer);
            assert_eq!(different(&now, &before).len(), 3);
            // Once is enough.
            assert_eq!(writer.write(&batch()).unwrap(), vec![WriteOutcome::Duplicate; 60]);
            assert_eq!(commits(&writer), now);
            before = now;
            assert_eq!(entries(&writer), 60);
        }
    }

    fn commits(writer: &Writer) -> BTreeMap<String, Stamp> {
        let snapshot = writer.catalog.snapshot().unwrap();
        let stamp = |name| Stamp::read(&writer.catalog.path(name)).unwrap().unwrap();
        snapshot.iter().map(|partition| (partition.name.to_string(), stamp(partition.name))).collect()
    }

    fn different(some: &BTreeMap<String, Stamp>, others: &BTreeMap<String, Stamp>) -> Vec<String> {
        some.iter().filter(|(name, stamp)| others[*name] != **stamp).map(|(name, _)| name.clone()).collect()
    }

    #[test]
    fn a_store_is_made_below_folders_that_are_missing() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("not/there");
        for outcome in [WriteOutcome::Stored, WriteOutcome::Duplicate] {
            let mut writer = Writer::open(&root, Arc::new(Catalog::new(&root)), Options::default()).unwrap();
            assert_eq!(writer.write(&batch()).unwrap(), vec![outcome; 60]);
        }
    }
}
