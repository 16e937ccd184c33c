//! A last write that did not end.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use logpipeline_ingestor::wal::record::HEADER;
use logpipeline_ingestor::wal::segment::FIRST_OFFSET;

use super::{look, random, recover, unconfirm, write_log};
use crate::support::log::{append, close, copy_folder, numbers, open, record_size, segments};

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
