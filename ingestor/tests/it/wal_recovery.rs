//! What is found again of a log that was left in any state.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal::record::HEADER;
use logpipeline_ingestor::wal::segment::FIRST_OFFSET;
use logpipeline_ingestor::wal::{Checkpoint, OpenError, Opened, Position};
use logpipeline_ingestor::{Settled, wal};

use crate::support::disk::faulty_disk;
use crate::support::log::{
    SEGMENT, SMALL, append, close, copy_folder, files, metrics, numbers, open, open_on, read_all,
    record_size, segments, try_open, waiting,
};

/// A log with entries 0..count, ten to an append.
async fn write_log(folder: &Path, count: u64) {
    let opened = open(folder);
    for start in (0..count).step_by(10) {
        append(&opened.wal, start..(start + 10).min(count)).await.unwrap();
    }
    close(opened).await;
}

/// Opens a log, reads everything, appends one more entry, and opens it once more: recovery must leave a
/// log that goes on.
async fn recover(folder: &Path) -> (Opened, wal::Chunk) {
    let mut opened = open(folder);
    let chunk = read_all(&mut opened.reader);
    assert_eq!(waiting(&opened.ledger), chunk.entries.len() as u64 + chunk.lost);
    append(&opened.wal, [9_999_999]).await.unwrap();
    assert_eq!(numbers(&read_all(&mut opened.reader)), [9_999_999]);
    close(opened).await;

    let mut again = open(folder);
    let mut expected = numbers(&chunk);
    expected.push(9_999_999);
    assert_eq!(numbers(&read_all(&mut again.reader)), expected);
    (again, chunk)
}

/// What recovery reports.
async fn look(folder: &Path) -> wal::Recovery {
    let opened = open(folder);
    let recovery = opened.recovery.clone();
    close(opened).await;
    recovery
}

#[tokio::test]
async fn everything_is_read_back_in_order_across_segments() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    assert!(segments(folder.path()).len() > 2);
    let (_, chunk) = recover(folder.path()).await;
    assert_eq!(numbers(&chunk), (0..2_000).collect::<Vec<_>>());
    assert_eq!((chunk.damage.len(), chunk.lost), (0, 0));
}

#[tokio::test]
async fn a_tail_cut_at_every_byte_of_the_last_three_records_keeps_all_before() {
    let origin = tempfile::tempdir().unwrap();
    write_log(origin.path(), 30).await;
    let sizes: Vec<u64> = (0..30).map(record_size).collect();
    let end = FIRST_OFFSET + sizes.iter().sum::<u64>();
    let first_cut = end - sizes[27..].iter().sum::<u64>();
    let name = segments(origin.path())[0].file_name().unwrap().to_owned();

    for cut in first_cut..=end {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(origin.path(), folder.path());
        OpenOptions::new().write(true).open(folder.path().join(&name)).unwrap().set_len(cut).unwrap();

        let mut offset = FIRST_OFFSET;
        let whole = sizes.iter().take_while(|size| {
            offset += **size;
            offset <= cut
        });
        let whole = whole.count() as u64;
        let recovery = look(folder.path()).await;
        let (_, chunk) = recover(folder.path()).await;
        assert_eq!(numbers(&chunk), (0..whole).collect::<Vec<_>>(), "cut at {cut}");
        assert_eq!(chunk.lost, 0);
        let boundary = FIRST_OFFSET + sizes[..whole as usize].iter().sum::<u64>();
        assert_eq!(recovery.torn.map_or(0, |torn| torn.bytes), cut - boundary, "cut at {cut}");
    }
}

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

/// Takes away what says that the last write was synced, as a power cut does that comes before.
fn unconfirm(segment: &Path, end: u64) {
    let file = OpenOptions::new().read(true).write(true).open(segment).unwrap();
    let mut mark = [0; HEADER];
    file.read_exact_at(&mut mark, end).unwrap();
    assert_ne!(mark, [0; HEADER]);
    file.write_all_at(&[0; HEADER], end).unwrap();
}

/// What a power cut leaves of a write is any of its sectors. The entries behind a hole were not
/// acknowledged, or the write would not be the last.
#[tokio::test]
async fn a_hole_anywhere_in_the_last_write_is_a_torn_end_and_no_damage() {
    let origin = tempfile::tempdir().unwrap();
    write_log(origin.path(), 60).await;
    let name = segments(origin.path())[0].file_name().unwrap().to_owned();
    let sizes: Vec<u64> = (0..60).map(record_size).collect();
    let start = FIRST_OFFSET + sizes[..50].iter().sum::<u64>();
    let end = FIRST_OFFSET + sizes.iter().sum::<u64>();
    unconfirm(&origin.path().join(&name), end);
    for hole in (start..end - 8).step_by(8) {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(origin.path(), folder.path());
        let path = folder.path().join(&name);
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        // Longer than any of the zeros that a record may hold.
        let length = (end - hole).min(512);
        file.write_all_at(&vec![0xa5; length as usize], hole).unwrap();
        let (mut cut, mut whole) = (start, 50);
        while cut + sizes[whole] <= hole {
            cut += sizes[whole];
            whole += 1;
        }

        // A start that gets no further changes nothing for the next.
        let recovery = look(folder.path()).await;
        assert_eq!(look(folder.path()).await, recovery);
        let torn = recovery.torn.unwrap();
        assert_eq!((&torn.path, torn.offset), (&path, cut), "hole at {hole}");
        if hole + length <= end - sizes[59] {
            assert_eq!(torn.bytes, end - cut, "hole at {hole}");
            let kept = torn.kept_in.unwrap();
            assert_eq!(kept.to_str().unwrap(), format!("{}.torn-{cut}", path.display()));
            let mut bytes = vec![0; (end - cut) as usize];
            file.read_exact_at(&mut bytes, cut).unwrap();
            assert_eq!(std::fs::read(kept).unwrap(), bytes);
        } else {
            assert!((1..=end - cut).contains(&torn.bytes), "{} bytes, hole at {hole}", torn.bytes);
            assert_eq!(torn.kept_in, None);
        }
        let (opened, chunk) = recover(folder.path()).await;
        assert_eq!(numbers(&chunk), (0..whole as u64).collect::<Vec<_>>(), "hole at {hole}");
        assert_eq!((chunk.damage.len(), chunk.lost), (0, 0), "hole at {hole}");
        assert_eq!(opened.ledger.read().received, whole as u64 + 1);
    }
}

#[tokio::test]
async fn damage_in_an_earlier_write_is_told_from_the_torn_end_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 60).await;
    let path = &segments(folder.path())[0];
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let at = |number: u64| FIRST_OFFSET + (0..number).map(record_size).sum::<u64>();
    file.write_all_at(&[0xa5; 8], at(25) + 50).unwrap();
    file.write_all_at(&[0xa5; 8], at(53) + 50).unwrap();
    unconfirm(path, at(60));
    let recovery = look(folder.path()).await;
    assert_eq!(recovery.torn.map(|torn| (torn.offset, torn.bytes)), Some((at(53), at(60) - at(53))));
    let (_, chunk) = recover(folder.path()).await;
    let expected: Vec<_> = (0..53).filter(|number| *number != 25).collect();
    assert_eq!(numbers(&chunk), expected);
    assert_eq!(chunk.lost, 1);
    assert_eq!(chunk.damage.iter().map(|damage| damage.offset).collect::<Vec<_>>(), [at(25)]);
}

/// The power goes while a second write is under way, whose beginning never reached the disk.
#[tokio::test]
async fn a_confirmed_write_is_whole_though_one_behind_it_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 10).await;
    let path = &segments(folder.path())[0];
    let end = FIRST_OFFSET + (0..10).map(record_size).sum::<u64>();
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut mark = [0; HEADER];
    file.read_exact_at(&mut mark, end).unwrap();
    let opened = open(folder.path());
    append(&opened.wal, 10..20).await.unwrap();
    close(opened).await;
    let second_end = end + (10..20).map(record_size).sum::<u64>();
    unconfirm(path, second_end);
    file.write_all_at(&mark, end).unwrap();
    // And one of the entries before is damaged.
    file.write_all_at(&[0xa5; 8], FIRST_OFFSET + 50).unwrap();

    let recovery = look(folder.path()).await;
    assert_eq!(recovery.torn.map(|torn| (torn.offset, torn.bytes)), Some((end, second_end - end)));
    let (_, chunk) = recover(folder.path()).await;
    assert_eq!(numbers(&chunk), (1..10).collect::<Vec<_>>());
    assert_eq!((chunk.damage.len(), chunk.lost), (1, 1));
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
async fn a_tail_of_zeros_or_garbage_is_an_end() {
    for (garbage, torn) in
        [(vec![0; 4096], false), (vec![0; 65_536], false), (random(4_096), true), (random(65_536), true)]
    {
        let folder = tempfile::tempdir().unwrap();
        write_log(folder.path(), 30).await;
        let path = &segments(folder.path())[0];
        let end: u64 = FIRST_OFFSET + (0..30).map(record_size).sum::<u64>();
        OpenOptions::new().write(true).open(path).unwrap().write_all_at(&garbage, end).unwrap();
        let recovery = look(folder.path()).await;
        assert_eq!(recovery.torn.is_some(), torn);
        let (_, chunk) = recover(folder.path()).await;
        assert_eq!(numbers(&chunk), (0..30).collect::<Vec<_>>());
        assert_eq!((chunk.damage.len(), chunk.lost), (0, 0));
    }
}

fn random(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8 | 1
    };
    (0..length).map(|_| next()).collect()
}

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
    assert!(matches!(error, OpenError::Version { found: 1, expected: 2, .. }), "{error}");
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
