//! Bytes that changed, and files that are gone.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::Settled;
use logpipeline_ingestor::wal::segment::FIRST_OFFSET;
use logpipeline_ingestor::wal::{Checkpoint, OpenError};

use super::{look, recover, unconfirm, write_log};
use crate::support::disk::faulty_disk;
use crate::support::log::{
    SEGMENT, SMALL, append, close, copy_folder, numbers, open, open_on, read_all, record_size, segments,
    try_open,
};

#[tokio::test]
async fn flipped_bits_cost_the_records_they_hit_and_no_other() {
    let origin = tempfile::tempdir().unwrap();
    write_log(origin.path(), 60).await;
    let name = segments(origin.path())[0].file_name().unwrap().to_owned();
    let mut offset = FIRST_OFFSET;
    for number in 0..60 {
        let size = record_size(number);
        for at in [0, 5, 9, 20, 30, 41, 48, 57, size - 9] {
            let folder = tempfile::tempdir().unwrap();
            copy_folder(origin.path(), folder.path());
            let file = OpenOptions::new().read(true).write(true).open(folder.path().join(&name)).unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, offset + at).unwrap();
            file.write_all_at(&[byte[0] ^ (1 << (at % 8))], offset + at).unwrap();

            let mut opened = open(folder.path());
            let chunk = read_all(&mut opened.reader);
            let expected: Vec<_> = (0..60).filter(|other| *other != number).collect();
            assert_eq!(numbers(&chunk), expected, "record {number}, byte {at}");
            assert_eq!(chunk.lost, 1);
            let [damage] = &chunk.damage[..] else { panic!("{:?}", chunk.damage) };
            assert_eq!((damage.offset, damage.bytes), (offset, size));
            let kept = damage.kept_in.clone().unwrap();
            assert_eq!(std::fs::metadata(&kept).unwrap().len(), size);
            assert!(kept.to_str().unwrap().ends_with(&format!(".wal.corrupt-{offset}")), "{kept:?}");
        }
        offset += size;
    }
}

#[tokio::test]
async fn what_the_checkpoint_or_a_later_segment_vouches_for_is_damage_and_not_torn() {
    let at = |number: u64| FIRST_OFFSET + (0..number).map(record_size).sum::<u64>();
    let damage = |folder: &Path| {
        let file = OpenOptions::new().write(true).open(&segments(folder)[0]).unwrap();
        file.write_all_at(&[0xa5; 8], at(25) + 50).unwrap();
    };
    // The checkpoint lies within the write: it was acknowledged, or nothing of it had been shipped.
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open(folder.path());
    append(&opened.wal, 0..40).await.unwrap();
    let position = opened.reader.read(1 << 20, 7).unwrap().end;
    assert_eq!(position.number, 7);
    opened.checkpoints.write(&Checkpoint { position, settled: Settled::default() }).unwrap();
    close(opened).await;
    damage(folder.path());
    unconfirm(&segments(folder.path())[0], at(40));
    assert_eq!(look(folder.path()).await.torn, None);
    let (_, chunk) = recover(folder.path()).await;
    assert_eq!(numbers(&chunk), (7..40).filter(|number| *number != 25).collect::<Vec<_>>());
    assert_eq!((chunk.damage.len(), chunk.lost), (1, 1));

    // A segment was begun behind it, and the header that says where this one ends is lost.
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    append(&opened.wal, 0..400).await.unwrap();
    append(&opened.wal, 400..800).await.unwrap();
    close(opened).await;
    assert_eq!(segments(folder.path()).len(), 2);
    OpenOptions::new()
        .write(true)
        .open(&segments(folder.path())[1])
        .unwrap()
        .write_all_at(&[0xff; 8192], 0)
        .unwrap();
    damage(folder.path());
    let opened = open(folder.path());
    assert_eq!((opened.recovery.set_aside.len(), &opened.recovery.torn), (1, &None));
    close(opened).await;
}

#[tokio::test]
async fn a_wide_hole_in_the_middle_is_set_aside_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    let oldest = &segments(folder.path())[0];
    let file = OpenOptions::new().write(true).open(oldest).unwrap();
    file.write_all_at(&vec![0xa5; 10_000], 20_000).unwrap();
    let (_, chunk) = recover(folder.path()).await;
    assert_eq!(chunk.damage.len(), 1);
    let read = numbers(&chunk);
    assert_eq!(read.len() as u64 + chunk.lost, 2_000);
    assert!((50..200).contains(&chunk.lost), "{}", chunk.lost);
    let gap = read.windows(2).find(|pair| pair[1] != pair[0] + 1).unwrap();
    assert_eq!(gap[1] - gap[0] - 1, chunk.lost);
    let kept = std::fs::read(chunk.damage[0].kept_in.as_ref().unwrap()).unwrap();
    assert!(kept.windows(10_000).any(|window| window.iter().all(|byte| *byte == 0xa5)));
}

#[tokio::test]
async fn damage_up_to_the_end_of_a_segment_leaves_the_next_one_whole() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    let oldest = &segments(folder.path())[0];
    OpenOptions::new().write(true).open(oldest).unwrap().set_len(SEGMENT / 2).unwrap();
    let (_, chunk) = recover(folder.path()).await;
    assert!(chunk.lost > 100);
    assert_eq!(numbers(&chunk).len() as u64 + chunk.lost, 2_000);
    assert_eq!(numbers(&chunk).last(), Some(&1_999));
}

#[tokio::test]
async fn a_missing_segment_is_noticed_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    std::fs::remove_file(&segments(folder.path())[1]).unwrap();
    let (_, chunk) = recover(folder.path()).await;
    assert!(chunk.lost > 100);
    assert_eq!(numbers(&chunk).len() as u64 + chunk.lost, 2_000);
}

#[tokio::test]
async fn a_segment_without_a_readable_header_is_set_aside_whole() {
    for which in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        write_log(folder.path(), 2_000).await;
        let path = segments(folder.path())[which].clone();
        OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&[0xff; 8192], 0).unwrap();
        let opened = open(folder.path());
        let [aside] = &opened.recovery.set_aside[..] else { panic!("{:?}", opened.recovery) };
        assert_eq!(aside.to_str().unwrap(), format!("{}.corrupt-0", path.display()));
        close(opened).await;
        let (_, chunk) = recover(folder.path()).await;
        let read = numbers(&chunk);
        assert_eq!(read.last(), Some(&1_999));
        assert!(read.windows(2).all(|pair| pair[0] < pair[1]));
        // What the oldest segment held cannot be counted any more; behind a sound one it can.
        if which == 1 {
            assert_eq!(read.len() as u64 + chunk.lost, 2_000);
        }
    }
}

#[tokio::test]
async fn a_disk_that_is_away_for_a_while_costs_nothing_and_a_bad_block_only_its_records() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    let (disk, faults) = faulty_disk();
    let mut opened = open_on(folder.path(), disk);
    let position = opened.reader.position();
    faults.reads_fail.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        opened.reader.read(1 << 20, 10_000).unwrap_err();
    }
    assert_eq!(opened.reader.position(), position);
    faults.reads_fail.store(false, Ordering::SeqCst);
    faults.bad_block.store(5, Ordering::SeqCst);
    let mut patience = 0;
    let chunk = loop {
        match opened.reader.read(1 << 20, 10_000) {
            Ok(chunk) => break chunk,
            Err(_) => patience += 1,
        }
        assert!(patience < 50);
    };
    let read = numbers(&chunk);
    assert_eq!(read.len() as u64 + chunk.lost, 2_000);
    // Each of the segments has one such block.
    assert!((20..250).contains(&chunk.lost), "{}", chunk.lost);
    assert!(chunk.damage.len() >= 2);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_not_opened_and_one_with_a_bad_block_is() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 30).await;
    let (disk, faults) = faulty_disk();
    faults.reads_fail.store(true, Ordering::SeqCst);
    let error = try_open(folder.path(), SMALL, Arc::clone(&disk)).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");

    // The block behind the last record: whether it holds one can't be known, so nothing is written over.
    faults.reads_fail.store(false, Ordering::SeqCst);
    faults.bad_block.store(3, Ordering::SeqCst);
    let opened = try_open(folder.path(), SMALL, disk).unwrap();
    append(&opened.wal, [30]).await.unwrap();
    assert_eq!(segments(folder.path()).len(), 2);
    close(opened).await;
    let mut opened = open(folder.path());
    assert_eq!(numbers(&read_all(&mut opened.reader)), (0..=30).collect::<Vec<_>>());
}
