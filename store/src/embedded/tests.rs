//! Syncs that fail, and requests that panic: what was not acknowledged is written again, and nothing twice.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use logpipeline_model::Timestamp;
use tantivy::Directory;
use tempfile::TempDir;

use super::folder::faults::{self, Fault};
use super::partition::Stamp;
use super::*;

fn open(directory: &TempDir) -> Result<EmbeddedStore, StoreError> {
    let options = Options { memory_bytes: 30_000_000, ..Options::default() };
    EmbeddedStore::open_writer(directory.path(), options)
}

/// Entries of three days by turns, which go to partitions of their own.
fn batch() -> Vec<NewEntry> {
    let received_at: Timestamp = "2023-09-15T08:00:00Z".parse().unwrap();
    let entry = |n: u64| {
        let id = EntryId::v7(received_at, 0, n);
        let year = [2023, 1999, 9999][n as usize % 3];
        let body = format!(
            r#"{{"id":"{id}","receivedAt":"{received_at}","timestamp":"{year}-09-15T08:00:00Z","message":"{n}"}}"#
        );
        NewEntry { id, body: Bytes::from(body) }
    };
    (0..60).map(entry).collect()
}

fn partitions(store: &EmbeddedStore) -> Vec<PathBuf> {
    let snapshot = store.catalog.snapshot().unwrap();
    snapshot.iter().map(|partition| store.catalog.path(partition.name)).collect()
}

async fn write(store: &EmbeddedStore) -> Result<(usize, usize), StoreError> {
    let outcomes = store.write(batch()).await?;
    let stored = outcomes.iter().filter(|outcome| **outcome == WriteOutcome::Stored).count();
    let duplicates = outcomes.iter().filter(|outcome| **outcome == WriteOutcome::Duplicate).count();
    Ok((stored, duplicates))
}

async fn entries(store: &EmbeddedStore) -> u64 {
    store.health().await.unwrap().entries
}

#[tokio::test]
async fn opening_syncs_every_partition_before_anything_counts_as_stored() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).unwrap();
    assert_eq!(write(&store).await.unwrap(), (60, 0));
    let folders = partitions(&store);
    assert_eq!(folders.len(), 3);
    drop(store);
    for folder in folders {
        faults::inject(&folder, Fault::Error);
        let error = open(&directory).unwrap_err();
        assert!(matches!(&error, StoreError::Unavailable { reason } if reason.contains("sync")), "{error}");
        assert_eq!(faults::left(&folder), 0);
    }
    let store = open(&directory).unwrap();
    assert_eq!(write(&store).await.unwrap(), (0, 60));
    assert_eq!(entries(&store).await, 60);
}

/// Which commit of a partition is in place.
fn commit(folder: &Path) -> Stamp {
    Stamp::read(folder).unwrap().unwrap()
}

#[tokio::test]
async fn a_commit_whose_sync_failed_is_written_again_before_its_entries_count_as_stored() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).unwrap();
    store.write(batch()[..3].to_vec()).await.unwrap();
    let folder = partitions(&store).remove(0);
    let mut commits = vec![commit(&folder)];
    // The first try commits the batch, the others find it and commit once more: each puts another commit
    // in place, whose sync then fails.
    for _ in 0..3 {
        faults::inject(&folder, Fault::None);
        faults::inject(&folder, Fault::Error);
        let error = write(&store).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert_eq!(faults::left(&folder), 0);
        assert!(!commits.contains(&commit(&folder)), "an earlier commit was only synced again");
        commits.push(commit(&folder));
    }
    // The three from before, and whatever was committed before the sync failed.
    let (stored, duplicates) = write(&store).await.unwrap();
    assert!(stored <= 40 && stored + duplicates == 60, "{stored} stored, {duplicates} duplicates");
    assert!(!commits.contains(&commit(&folder)), "an earlier commit was only synced again");
    assert_eq!(entries(&store).await, 60);
    assert_eq!(write(&store).await.unwrap(), (0, 60));
}

#[tokio::test]
async fn segments_whose_names_failed_to_sync_are_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).unwrap();
    store.write(batch()[..3].to_vec()).await.unwrap();
    let folder = partitions(&store).remove(0);
    let (before, segments) = (commit(&folder), segment_files(&folder));
    // The sync before the commit is put in place.
    faults::inject(&folder, Fault::Error);
    write(&store).await.unwrap_err();
    assert_eq!(commit(&folder), before);
    let failed = segment_files(&folder);
    assert!(failed.len() > segments.len(), "{failed:?}");

    let (stored, duplicates) = write(&store).await.unwrap();
    assert!(stored >= 19 && stored + duplicates == 60, "{stored} stored, {duplicates} duplicates");
    let failed: BTreeSet<_> = failed.difference(&segments).cloned().collect();
    assert!(failed.is_disjoint(&segment_files(&folder)), "a segment of the failed commit is still there");
    assert_eq!(entries(&store).await, 60);
}

fn segment_files(folder: &Path) -> BTreeSet<OsString> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    files.filter(|name| name.as_encoded_bytes().ends_with(b".store")).collect()
}

#[tokio::test]
async fn a_merge_whose_sync_failed_is_in_no_later_commit() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).unwrap();
    store.write(batch()[..30].to_vec()).await.unwrap();
    let folder = partitions(&store).remove(0);
    let before = commit(&folder);
    faults::inject(&folder, Fault::Error);
    store.catalog.snapshot().unwrap()[0].index.directory().sync_directory().unwrap_err();
    // The writer that was open then is given up, and the next one starts from the last commit.
    write(&store).await.unwrap_err();
    assert_eq!(commit(&folder), before);
    let (stored, duplicates) = write(&store).await.unwrap();
    assert!(stored >= 10 && stored + duplicates == 60, "{stored} stored, {duplicates} duplicates");
    assert_eq!(entries(&store).await, 60);
}

#[tokio::test]
async fn a_partition_whose_name_failed_to_sync_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).unwrap();
    let folder = directory.path().join("partitions");
    for _ in 0..2 {
        faults::inject(&folder, Fault::Error);
        write(&store).await.unwrap_err();
        assert_eq!(faults::left(&folder), 0);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
    assert_eq!(write(&store).await.unwrap(), (60, 0));
    assert_eq!(entries(&store).await, 60);
}

#[tokio::test]
async fn a_batch_that_panicked_is_written_by_the_next_try_and_the_store_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).unwrap();
    store.write(batch()[..3].to_vec()).await.unwrap();
    let folder = partitions(&store).remove(0);
    faults::inject(&folder.join("committed"), Fault::Panic);
    let error = write(&store).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    let writer = store.writer.clone().unwrap();
    assert!(writer.is_poisoned());

    // What the panic left is committed again before it counts.
    faults::inject(&folder, Fault::Error);
    write(&store).await.unwrap_err();
    assert_eq!(faults::left(&folder), 0);
    assert!(!writer.is_poisoned(), "or every later batch would open its partitions anew");
    let (stored, duplicates) = write(&store).await.unwrap();
    assert!(stored <= 40 && stored + duplicates == 60, "{stored} stored, {duplicates} duplicates");
    assert_eq!(entries(&store).await, 60);
    drop((store, writer));
    assert_eq!(entries(&open(&directory).unwrap()).await, 60);
}
