//! Where reading goes on, and files that are used again.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use logpipeline_ingestor::Settled;
use logpipeline_ingestor::wal::segment::FIRST_OFFSET;
use logpipeline_ingestor::wal::{Checkpoint, Position};

use super::{recover, write_log};
use crate::support::log::{
    append, close, copy_folder, files, metrics, numbers, open, read_all, record_size, segments,
};

#[tokio::test]
async fn records_of_an_earlier_use_of_a_file_never_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut next = 0;
    // Each round fills segments, settles them, and so makes their files spares for the next.
    for round in 0..6 {
        let mut opened = open(folder.path());
        assert_eq!(numbers(&read_all(&mut opened.reader)), Vec::<u64>::new(), "round {round}");
        assert_eq!(opened.recovery.torn, None, "round {round}");
        let first = next;
        for _ in 0..120 {
            append(&opened.wal, next..next + 10).await.unwrap();
            next += 10;
        }
        // One that takes segments of its own, used ones among them.
        append(&opened.wal, next..next + 1_000).await.unwrap();
        next += 1_000;
        let chunk = read_all(&mut opened.reader);
        assert_eq!(numbers(&chunk), (first..next).collect::<Vec<_>>());
        let checkpoint =
            Checkpoint { position: chunk.end, settled: Settled { stored: next, ..Settled::default() } };
        opened.checkpoints.write(&checkpoint).unwrap();
        opened.wal.release(&checkpoint).unwrap();
        let left = segments(folder.path());
        assert_eq!(left.len(), 1, "only the active segment is left: {left:?}");
        close(opened).await;
        // The thread that makes spares has ended too: until then there may be one more, in the making.
        let spares = files(folder.path(), |name| name.starts_with("spare-"));
        assert!((1..=4).contains(&spares.len()), "{spares:?}");
    }
}

#[tokio::test]
async fn a_lost_or_damaged_checkpoint_means_everything_is_read_again() {
    for damage in [None, Some(&b"rubbish"[..]), Some(&[])] {
        let folder = tempfile::tempdir().unwrap();
        let mut opened = open(folder.path());
        append(&opened.wal, 0..50).await.unwrap();
        let end = read_all(&mut opened.reader).end;
        opened.checkpoints.write(&Checkpoint { position: end, settled: Settled::default() }).unwrap();
        append(&opened.wal, 50..60).await.unwrap();
        close(opened).await;
        let path = folder.path().join("checkpoint");
        match damage {
            None => std::fs::remove_file(&path).unwrap(),
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
        }
        let mut opened = open(folder.path());
        assert_eq!(opened.recovery.checkpoint_damaged, damage.is_some());
        assert_eq!(numbers(&read_all(&mut opened.reader)), (0..60).collect::<Vec<_>>());
    }
}

/// The steps between a batch's confirmation and its segments' reuse, with a crash after each: the state
/// of the folder then is what a start finds.
#[tokio::test]
async fn a_crash_between_checkpoint_and_reuse_of_segments_restarts_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    let mut opened = open(folder.path());
    let mut reader = opened.reader.clone();
    let settled = reader.read(100_000, 1_000).unwrap();
    let (first, left) = (settled.entries.len() as u64, 2_000 - settled.entries.len() as u64);
    assert!(settled.end.segment > 1 && left > 0);

    let before_checkpoint = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), before_checkpoint.path());
    let checkpoint =
        Checkpoint { position: settled.end, settled: Settled { stored: first, ..Settled::default() } };
    opened.checkpoints.write(&checkpoint).unwrap();
    let before_release = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), before_release.path());
    opened.wal.release(&checkpoint).unwrap();
    let after_release = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), after_release.path());
    // Reuse whose rename reached the disk before the checkpoint did.
    let checkpoint_lost = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), checkpoint_lost.path());
    std::fs::copy(before_checkpoint.path().join("checkpoint"), checkpoint_lost.path().join("checkpoint"))
        .unwrap();

    for (name, folder, expected) in [
        ("before the checkpoint", before_checkpoint.path(), 0),
        ("before the release", before_release.path(), first),
        ("after the release", after_release.path(), first),
    ] {
        let (opened, chunk) = recover(folder).await;
        assert_eq!(numbers(&chunk), (expected..2_000).collect::<Vec<_>>(), "{name}");
        assert_eq!(opened.ledger.read().received, 2_001, "{name}");
    }
    // Without its checkpoint the log begins where its oldest segment does; none of the rest is missed.
    let (_, chunk) = recover(checkpoint_lost.path()).await;
    let read = numbers(&chunk);
    assert!(read[0] <= first && read.ends_with(&(first..2_000).collect::<Vec<_>>()));
}

#[tokio::test]
async fn a_checkpoint_beyond_what_is_left_of_its_segment_does_not_hide_later_entries() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open(folder.path());
    append(&opened.wal, 0..50).await.unwrap();
    let end = read_all(&mut opened.reader).end;
    opened.checkpoints.write(&Checkpoint { position: end, settled: Settled::default() }).unwrap();
    close(opened).await;
    let file = OpenOptions::new().write(true).open(&segments(folder.path())[0]).unwrap();
    // As a disk that forgot its last writes has it.
    file.write_all_at(&vec![0; 20_000], FIRST_OFFSET + 500).unwrap();

    let opened = open(folder.path());
    append(&opened.wal, 100..110).await.unwrap();
    close(opened).await;
    let mut opened = open(folder.path());
    assert_eq!(numbers(&read_all(&mut opened.reader)), (100..110).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_position_behind_an_append_grows() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let first = append(&opened.wal, 0..10).await.unwrap();
    let second = append(&opened.wal, 10..11).await.unwrap();
    assert_eq!(
        first,
        Position { segment: 1, offset: FIRST_OFFSET + (0..10).map(record_size).sum::<u64>(), number: 10 }
    );
    assert_eq!(second, Position { segment: 1, offset: first.offset + record_size(10), number: 11 });
    assert_eq!(opened.wal.head(), second);
    let _ = metrics();
}
