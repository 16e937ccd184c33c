//! What a failing disk does to the log: nothing that was acknowledged is lost, nothing that was not is
//! acknowledged.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_ingestor::ledger::{Outcome, Settlement, Slot};
use logpipeline_ingestor::wal::disk::LocalDisk;
use logpipeline_ingestor::wal::{AppendError, Batch, Checkpoint, Opened};
use logpipeline_ingestor::{Settled, wal};

use crate::support::disk::faulty_disk;
use crate::support::log::{
    SEGMENT, SMALL, anonymous, append, close, copy_folder, files, numbers, open, open_on, push, read_all,
    record_size, segments, try_open, waiting,
};

/// What a restart reads, entries and nothing else.
async fn reread(opened: Opened, folder: &std::path::Path) -> Vec<u64> {
    close(opened).await;
    let mut again = open(folder);
    let chunk = read_all(&mut again.reader);
    assert_eq!((chunk.damage.len(), chunk.lost), (0, 0), "{:?}", chunk.damage);
    let read = numbers(&chunk);
    close(again).await;
    read
}

/// Settles everything read so far.
fn settle(opened: &mut Opened) {
    let position = opened.reader.position();
    let stored = opened.ledger.read().waiting;
    let mut settlement = Settlement::new(position.number - stored);
    settlement.push(stored, Outcome::Stored, Slot::NONE);
    let settled = opened.ledger.settle(&settlement);
    let checkpoint = Checkpoint { position, settled };
    opened.checkpoints.write(&checkpoint).unwrap();
    opened.wal.release(&checkpoint).unwrap();
}

#[tokio::test]
async fn short_and_interrupted_writes_are_finished() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    faults.short_writes.store(13, Ordering::SeqCst);
    faults.interrupts.store(true, Ordering::SeqCst);
    for start in (0..100).step_by(10) {
        append(&opened.wal, start..start + 10).await.unwrap();
    }
    assert!(faults.writes.load(Ordering::SeqCst) > 500);
    assert_eq!(numbers(&read_all(&mut opened.reader)), (0..100).collect::<Vec<_>>());
    assert_eq!(reread(opened, folder.path()).await, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_failed_sync_is_not_acknowledged_and_not_tried_again_on_the_same_file() {
    for ok_before in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let (disk, faults) = faulty_disk();
        let mut opened = open_on(folder.path(), disk);
        append(&opened.wal, 0..10).await.unwrap();
        // The preparation of the first spare is over.
        while files(folder.path(), |name| name.starts_with("spare-") && name.ends_with(".wal")).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        faults.syncs_until_error.store(ok_before, Ordering::SeqCst);
        let (mut acknowledged, mut refused) = ((0..10).collect::<Vec<_>>(), 0);
        for number in 10..20 {
            match append(&opened.wal, [number]).await {
                Ok(_) => acknowledged.push(number),
                Err(error) => {
                    assert!(matches!(error, AppendError::Failed { .. }), "{error}");
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 1, "after {ok_before} syncs");
        assert_eq!(faults.syncs_after_error.load(Ordering::SeqCst), 0);
        assert_eq!(segments(folder.path()).len(), 2, "the failed segment is abandoned");
        assert_eq!(numbers(&read_all(&mut opened.reader)), acknowledged);
        assert_eq!(waiting(&opened.ledger), acknowledged.len() as u64);
        assert_eq!(reread(opened, folder.path()).await, acknowledged);
    }
}

#[tokio::test]
async fn requests_of_one_group_share_the_fate_of_its_sync() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, [0]).await.unwrap();
    let before = faults.syncs.load(Ordering::SeqCst);
    let appends: Vec<_> = (1..=64)
        .map(|number| {
            let wal = opened.wal.clone();
            tokio::spawn(async move { append(&wal, [number]).await })
        })
        .collect();
    for append in appends {
        append.await.unwrap().unwrap();
    }
    let syncs = faults.syncs.load(Ordering::SeqCst) - before;
    assert!(syncs < 64, "{syncs} syncs for 64 requests");
    let mut read = numbers(&read_all(&mut opened.reader));
    read.sort_unstable();
    assert_eq!(read, (0..=64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_disk_that_fails_for_good_ends_the_writer_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, 0..10).await.unwrap();
    faults.lasting.store(true, Ordering::SeqCst);
    faults.syncs_until_error.store(0, Ordering::SeqCst);
    let error = append(&opened.wal, [10]).await.unwrap_err();
    assert!(matches!(error, AppendError::Failed { .. }), "{error}");
    let end = tokio::time::timeout(Duration::from_secs(5), &mut opened.writer).await.unwrap().unwrap();
    assert!(matches!(end, Err(AppendError::Failed { .. })), "{end:?}");
    assert_eq!(append(&opened.wal, [11]).await, Err(AppendError::Closed));
    drop(opened);
    let mut again = open(folder.path());
    assert_eq!(numbers(&read_all(&mut again.reader)), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_writer_that_panics_ends_with_an_answer_and_not_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, 0..10).await.unwrap();
    faults.writer_panics.store(true, Ordering::SeqCst);
    let within = Duration::from_secs(5);
    for number in 10..13 {
        let answer = tokio::time::timeout(within, append(&opened.wal, [number])).await.unwrap();
        assert_eq!(answer, Err(AppendError::Closed));
    }
    // Without a word, as the sender was dropped.
    assert!(tokio::time::timeout(within, &mut opened.writer).await.unwrap().is_err());
    drop(opened);
    let mut again = open(folder.path());
    let read = numbers(&read_all(&mut again.reader));
    assert!(read.starts_with(&(0..10).collect::<Vec<_>>()), "{read:?}");
}

/// What the header of a segment says of the one before must hold: a segment that could not be begun must
/// not name an end behind which the old one goes on.
#[tokio::test]
async fn a_segment_that_cannot_be_begun_leaves_the_log_usable_and_whole() {
    for (step, leaves) in [("size", false), ("sync", false), ("sync", true)] {
        let folder = tempfile::tempdir().unwrap();
        let (disk, faults) = faulty_disk();
        let opened = open_on(folder.path(), disk);
        let mut next = 0;
        // Until what is left of the segment is less than fifty entries take.
        while opened.wal.head().offset + (next..next + 50).map(record_size).sum::<u64>() <= SEGMENT {
            append(&opened.wal, next..next + 50).await.unwrap();
            next += 50;
        }
        while files(folder.path(), |name| name.starts_with("spare-") && name.ends_with(".wal")).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let fault = if step == "size" { &faults.sizes_fail } else { &faults.folder_syncs_fail };
        fault.store(true, Ordering::SeqCst);
        faults.removes_fail.store(leaves, Ordering::SeqCst);
        let refused = append(&opened.wal, 10_000..10_050).await.unwrap_err();
        assert!(matches!(refused, AppendError::Failed { .. }), "{step}: {refused}");
        if step == "size" {
            // The old one has room for this still, and is the only one.
            append(&opened.wal, [next]).await.unwrap();
            next += 1;
            assert_eq!(segments(folder.path()).len(), 1);
        }
        let crashed = tempfile::tempdir().unwrap();
        copy_folder(folder.path(), crashed.path());
        fault.store(false, Ordering::SeqCst);
        faults.removes_fail.store(false, Ordering::SeqCst);
        let mut again = open(crashed.path());
        let chunk = read_all(&mut again.reader);
        assert_eq!(numbers(&chunk), (0..next).collect::<Vec<_>>(), "{step}");
        assert_eq!((chunk.damage.len(), chunk.lost), (0, 0), "{step}");

        append(&opened.wal, next..next + 50).await.unwrap();
        assert_eq!(reread(opened, folder.path()).await, (0..next + 50).collect::<Vec<_>>(), "{step}");
    }
}

#[tokio::test]
async fn a_write_without_room_is_refused_and_leaves_no_trace() {
    for (ok_before, count) in [(0, 1), (0, 40), (1, 3)] {
        let folder = tempfile::tempdir().unwrap();
        let (disk, faults) = faulty_disk();
        let mut opened = open_on(folder.path(), disk);
        append(&opened.wal, 0..10).await.unwrap();
        faults.no_space.store(true, Ordering::SeqCst);
        faults.writes_until_no_space.store(ok_before, Ordering::SeqCst);
        let mut acknowledged: Vec<_> = (0..10).collect();
        for start in (10..10 + 5 * count).step_by(count as usize) {
            match append(&opened.wal, start..start + count).await {
                Ok(_) => acknowledged.extend(start..start + count),
                Err(error) => assert!(matches!(error, AppendError::DiskFull { .. }), "{error}"),
            }
        }
        assert!(acknowledged.len() < (10 + 5 * count) as usize);
        assert_eq!(numbers(&read_all(&mut opened.reader)), acknowledged);

        // There is room again: it goes on by itself.
        faults.no_space.store(false, Ordering::SeqCst);
        faults.writes_until_no_space.store(-1, Ordering::SeqCst);
        append(&opened.wal, 1_000..1_010).await.unwrap();
        acknowledged.extend(1_000..1_010);
        assert_eq!(reread(opened, folder.path()).await, acknowledged);
    }
}

#[tokio::test]
async fn without_room_for_another_segment_requests_that_fit_are_still_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, 0..10).await.unwrap();
    faults.no_space.store(true, Ordering::SeqCst);
    let mut next = 10;
    let refused = loop {
        match append(&opened.wal, next..next + 50).await {
            Ok(_) => next += 50,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, AppendError::DiskFull { .. }), "{refused}");
    append(&opened.wal, next..next + 1).await.unwrap();
    next += 1;
    assert_eq!(numbers(&read_all(&mut opened.reader)), (0..next).collect::<Vec<_>>());

    // Shipping frees segments, and those are room enough: nothing has to be made.
    settle(&mut opened);
    append(&opened.wal, next..next + 50).await.unwrap();
    assert_eq!(numbers(&read_all(&mut opened.reader)), (next..next + 50).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_log_leaves_the_store_room_to_take_entries_in() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    faults.available.store((256 << 20) + SEGMENT - 1, Ordering::SeqCst);
    let opened = open_on(folder.path(), disk);
    let refused = append(&opened.wal, [0]).await.unwrap_err();
    assert!(
        matches!(&refused, AppendError::DiskFull { reason } if reason.contains("for the store")),
        "{refused}"
    );
    faults.available.store((256 << 20) + SEGMENT, Ordering::SeqCst);
    append(&opened.wal, [0]).await.unwrap();
}

#[tokio::test]
async fn spares_are_given_back_to_a_disk_that_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, 0..4_000).await.unwrap();
    read_all(&mut opened.reader);
    settle(&mut opened);
    let spares = || files(folder.path(), |name| name.starts_with("spare-")).len();
    assert!(spares() >= 3, "{}", spares());
    opened.wal.relieve_disk();
    assert!(spares() >= 3, "there is space enough");
    faults.available.store(1 << 20, Ordering::SeqCst);
    opened.wal.relieve_disk();
    assert_eq!(spares(), 1);
    append(&opened.wal, 0..400).await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_the_only_segment_is_used_again_once_it_is_shipped() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    append(&opened.wal, 0..10).await.unwrap();
    close(opened).await;
    for spare in files(folder.path(), |name| name.starts_with("spare-")) {
        std::fs::remove_file(spare).unwrap();
    }
    let (disk, faults) = faulty_disk();
    faults.no_space.store(true, Ordering::SeqCst);
    let mut opened = open_on(folder.path(), disk);
    let mut next = 10;
    for _ in 0..5 {
        while append(&opened.wal, next..next + 50).await.is_ok() {
            next += 50;
        }
        // What waits is not written over.
        let read = numbers(&read_all(&mut opened.reader));
        assert_eq!(read.last(), Some(&(next - 1)));
        settle(&mut opened);
        append(&opened.wal, next..next + 50).await.unwrap();
        next += 50;
    }
    assert_eq!(segments(folder.path()).len(), 1);
    assert_eq!(reread(opened, folder.path()).await, (next - 50..next).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_log_opens_and_ships_on_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    append(&opened.wal, 0..100).await.unwrap();
    close(opened).await;
    let (disk, faults) = faulty_disk();
    faults.no_space.store(true, Ordering::SeqCst);
    let mut opened = open_on(folder.path(), disk);
    assert_eq!(numbers(&read_all(&mut opened.reader)), (0..100).collect::<Vec<_>>());

    let empty = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    faults.no_space.store(true, Ordering::SeqCst);
    let opened = open_on(empty.path(), disk);
    let refused = append(&opened.wal, [0]).await.unwrap_err();
    assert!(matches!(refused, AppendError::DiskFull { .. }), "{refused}");
    faults.no_space.store(false, Ordering::SeqCst);
    append(&opened.wal, [0]).await.unwrap();
}

#[tokio::test]
async fn a_checkpoint_moves_on_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, 0..10).await.unwrap();
    read_all(&mut opened.reader);
    settle(&mut opened);
    append(&opened.wal, 10..20).await.unwrap();
    faults.no_space.store(true, Ordering::SeqCst);
    read_all(&mut opened.reader);
    settle(&mut opened);
    close(opened).await;
    let opened = open(folder.path());
    assert_eq!(opened.ledger.read().stored, 20);
    assert_eq!(waiting(&opened.ledger), 0);
}

#[tokio::test]
async fn a_failed_checkpoint_is_written_anew_and_the_old_one_stays_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, 0..10).await.unwrap();
    let end = read_all(&mut opened.reader).end;
    let checkpoint = |stored| Checkpoint { position: end, settled: Settled { stored, ..Settled::default() } };
    opened.checkpoints.write(&checkpoint(1)).unwrap();
    for stored in 2..5 {
        faults.syncs_until_error.store(0, Ordering::SeqCst);
        opened.checkpoints.write(&checkpoint(stored * 10)).unwrap_err();
        opened.checkpoints.write(&checkpoint(stored)).unwrap();
    }
    assert_eq!(faults.syncs_after_error.load(Ordering::SeqCst), 0);
    close(opened).await;
    assert_eq!(open(folder.path()).ledger.read().stored, 4);
}

#[tokio::test]
async fn a_full_log_refuses_before_anything_is_written_and_goes_on_once_shipped() {
    let folder = tempfile::tempdir().unwrap();
    let options = wal::Options { size: 3 * SEGMENT, ..SMALL };
    let mut opened = try_open(folder.path(), options, Arc::new(LocalDisk)).unwrap();
    let mut next = 0;
    let refused = loop {
        match append(&opened.wal, next..next + 20).await {
            Ok(_) => next += 20,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AppendError::Full);
    assert_eq!(segments(folder.path()).len(), 3);
    assert!(opened.wal.usage().waiting > 2 * SEGMENT, "{:?}", opened.wal.usage());
    assert!(opened.wal.file_bytes() <= 4 * SEGMENT);
    assert_eq!(numbers(&read_all(&mut opened.reader)), (0..next).collect::<Vec<_>>());
    settle(&mut opened);
    assert_eq!(opened.wal.usage().waiting, 0);
    append(&opened.wal, next..next + 20).await.unwrap();
    assert_eq!(reread(opened, folder.path()).await, (next..next + 20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_larger_than_a_segment_is_taken_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    append(&opened.wal, 0..10).await.unwrap();
    append(&opened.wal, 10..2_000).await.unwrap();
    append(&opened.wal, 2_000..2_010).await.unwrap();
    assert_eq!(numbers(&read_all(&mut opened.reader)), (0..2_010).collect::<Vec<_>>());
    settle(&mut opened);

    // Each of its steps fails once: nothing of it is ever seen.
    let mut acknowledged = Vec::new();
    for ok_before in 0..8 {
        faults.syncs_until_error.store(ok_before, Ordering::SeqCst);
        let first = 10_000 + ok_before as u64 * 2_000;
        match append(&opened.wal, first..first + 1_990).await {
            Ok(_) => acknowledged.extend(first..first + 1_990),
            Err(error) => assert!(matches!(error, AppendError::Failed { .. }), "{error}"),
        }
        faults.syncs_until_error.store(-1, Ordering::SeqCst);
        append(&opened.wal, [first + 1_995]).await.unwrap();
        acknowledged.push(first + 1_995);
        assert_eq!(
            numbers(&read_all(&mut opened.reader)),
            acknowledged[acknowledged.len() - read_since(&acknowledged)..]
        );
        settle(&mut opened);
    }
    assert_eq!(faults.syncs_after_error.load(Ordering::SeqCst), 0);

    append(&opened.wal, [7]).await.unwrap();
    assert_eq!(reread(opened, folder.path()).await, [7]);
}

#[tokio::test]
async fn what_is_left_of_a_request_that_failed_is_never_read_and_hides_nothing() {
    let mut refused = 0;
    for ok_before in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let (disk, faults) = faulty_disk();
        let opened = open_on(folder.path(), disk);
        append(&opened.wal, 0..10).await.unwrap();
        while files(folder.path(), |name| name.starts_with("spare-") && name.ends_with(".wal")).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        faults.removes_fail.store(true, Ordering::SeqCst);
        if ok_before == 0 {
            // There is room for one more segment, and the request needs several.
            faults.no_space.store(true, Ordering::SeqCst);
        } else {
            faults.syncs_until_error.store(ok_before, Ordering::SeqCst);
        }
        let mut expected: Vec<_> = (0..10).collect();
        match append(&opened.wal, 10..2_000).await {
            Ok(_) => expected.extend(10..2_000),
            Err(_) => refused += 1,
        }
        faults.no_space.store(false, Ordering::SeqCst);
        faults.syncs_until_error.store(-1, Ordering::SeqCst);
        for number in 2_000..2_020 {
            append(&opened.wal, [number]).await.unwrap();
            expected.push(number);
        }
        assert_eq!(reread(opened, folder.path()).await, expected, "after {ok_before} syncs");
    }
    assert!(refused >= 2, "{refused}");
}

/// How many of the acknowledged numbers belong to the last round.
fn read_since(acknowledged: &[u64]) -> usize {
    let round = acknowledged.last().unwrap() / 2_000;
    acknowledged.iter().filter(|number| **number / 2_000 == round).count()
}

#[tokio::test]
async fn what_can_never_fit_is_told_apart_from_a_full_log() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let mut huge = Batch::default();
    push(&mut huge, 0, &vec![b'x'; SEGMENT as usize]);
    let refused = opened.wal.append(huge, 0, anonymous(), None, None).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooLarge { .. }), "{refused}");
    let many = SMALL.size / record_size(96) * 2;
    let refused = append(&opened.wal, 0..many).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooLarge { .. }), "{refused}");
    append(&opened.wal, [1]).await.unwrap();
}

#[tokio::test]
async fn an_entry_of_almost_a_segment_fits() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open(folder.path());
    append(&opened.wal, 0..10).await.unwrap();
    let body = vec![b'x'; 50_000];
    for number in 0..5 {
        let mut batch = Batch::default();
        push(&mut batch, number, &body);
        opened.wal.append(batch, 0, anonymous(), None, None).await.unwrap();
    }
    let chunk = read_all(&mut opened.reader);
    assert_eq!(chunk.entries.len(), 15);
    assert!(chunk.entries[10..].iter().all(|entry| entry.body == body));
}
