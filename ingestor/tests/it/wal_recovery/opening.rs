//! When a log opens, and what it does to its folder.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal;
use logpipeline_ingestor::wal::OpenError;

use super::write_log;
use crate::support::disk::faulty_disk;
use crate::support::log::{
    SEGMENT, SMALL, append, close, files, open, open_on, read_all, segments, try_open,
};

#[tokio::test]
async fn another_version_is_refused_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    let newest = segments(folder.path()).pop().unwrap();
    let mut start = [0; 16];
    start[..8].copy_from_slice(b"LPWALSEG");
    start[8..12].copy_from_slice(&1u32.to_le_bytes());
    let checksum = crc32c::crc32c(&start[..12]);
    start[12..].copy_from_slice(&checksum.to_le_bytes());
    let file = OpenOptions::new().write(true).open(&newest).unwrap();
    file.write_all_at(&start, 0).unwrap();
    file.write_all_at(&start, 4096).unwrap();
    let snapshot = || -> Vec<_> {
        files(folder.path(), |_| true)
            .into_iter()
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    };
    let before = snapshot();
    let error = try_open(folder.path(), SMALL, Arc::new(wal::disk::LocalDisk)).unwrap_err();
    assert!(matches!(error, OpenError::Version { found: 1, expected: 3, .. }), "{error}");
    assert!(error.to_string().contains("nothing was changed"));
    assert!(before == snapshot());
}

#[tokio::test]
async fn a_second_opening_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let error = try_open(folder.path(), SMALL, Arc::new(wal::disk::LocalDisk)).unwrap_err();
    assert!(error.to_string().contains("in use by another ingestor"), "{error}");
    close(first).await;
    open(folder.path());
}

#[tokio::test]
async fn an_unfinished_spare_is_removed_and_one_of_another_size_too() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 10).await;
    std::fs::write(folder.path().join("spare-000077.tmp"), [0; 100]).unwrap();
    std::fs::write(folder.path().join("spare-000078.wal"), [0; 100]).unwrap();
    let mut opened = open(folder.path());
    assert!(files(folder.path(), |name| name.starts_with("spare-00007")).is_empty());
    for _ in 0..200 {
        append(&opened.wal, 10..20).await.unwrap();
    }
    assert_eq!(read_all(&mut opened.reader).entries.len(), 2_010);
    for path in segments(folder.path()) {
        assert_eq!(std::fs::metadata(path).unwrap().len(), SEGMENT);
    }
}

#[tokio::test]
async fn folders_that_were_missing_survive_a_power_cut_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("one/two/data/wal");
    let (disk, faults) = faulty_disk();
    faults.folder_syncs_fail.store(true, Ordering::SeqCst);
    let refused = try_open(&folder, SMALL, Arc::clone(&disk)).unwrap_err();
    assert!(matches!(refused, OpenError::Io { action: "sync", .. }), "{refused}");
    std::fs::remove_dir_all(directory.path().join("one")).unwrap();
    faults.folder_syncs_fail.store(false, Ordering::SeqCst);
    close(open_on(&folder, disk)).await;
    let synced = faults.synced_folders.lock().unwrap();
    // Each holds the name of the next.
    for name in ["", "one", "one/two", "one/two/data"] {
        let holder = directory.path().join(name);
        assert!(
            synced.iter().any(|folder| folder.components().eq(holder.components())),
            "{name}: {synced:?}"
        );
    }
}
