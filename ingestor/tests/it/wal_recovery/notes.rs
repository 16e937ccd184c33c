//! Notes on requests, behind their entries.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use logpipeline_ingestor::receipts::Note;
use logpipeline_ingestor::wal::{Chunk, Opened};

use super::write_log;
use crate::support::log::{
    anonymous, append, close, noted, numbers, open, read_all, receipt, record_size, segments, waiting,
};

async fn append_noted(opened: &Opened, numbers: std::ops::Range<u64>) {
    opened.wal.append(noted(numbers), 0, anonymous(), None, None).await.unwrap();
}

/// The numbers and receipts of the notes read.
fn notes(chunk: &Chunk) -> Vec<(u64, logpipeline_model::EntryId)> {
    chunk.notes.iter().map(|note| (note.number, note.receipt)).collect()
}

#[tokio::test]
async fn notes_come_back_behind_their_entries_and_take_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    append_noted(&opened, 0..3).await;
    append(&opened.wal, 3..5).await.unwrap();
    append_noted(&opened, 5..6).await;
    close(opened).await;
    let mut opened = open(folder.path());
    assert_eq!((opened.recovery.waiting, waiting(&opened.ledger)), (6, 6));
    let chunk = read_all(&mut opened.reader);
    assert_eq!(numbers(&chunk), [0, 1, 2, 3, 4, 5]);
    assert_eq!(chunk.entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(notes(&chunk), [(3, receipt(2)), (6, receipt(5))]);
    assert!(chunk.damage.is_empty() && chunk.lost == 0);
    assert_eq!(opened.wal.head(), opened.reader.position());
    let on = |number| Note::on_entry(&chunk, number).map(|note| note.receipt);
    let (one, other) = (Some(receipt(2)), Some(receipt(5)));
    assert_eq!([0, 2, 3, 4, 5, 6].map(on), [one, one, None, None, other, None]);
}

#[tokio::test]
async fn a_read_that_ends_with_a_requests_last_entry_brings_the_note_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open(folder.path());
    append_noted(&opened, 0..3).await;
    append_noted(&opened, 3..6).await;
    let first = opened.reader.read(1 << 20, 3).unwrap();
    assert_eq!((first.entries.len(), notes(&first)), (3, vec![(3, receipt(2))]));
    let second = opened.reader.read(1 << 20, 2).unwrap();
    assert_eq!((second.entries.len(), notes(&second)), (2, vec![]));
    let third = opened.reader.read(1 << 20, 2).unwrap();
    assert_eq!((third.entries.len(), notes(&third)), (1, vec![(6, receipt(5))]));
}

#[tokio::test]
async fn a_request_of_several_segments_has_one_note_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    append_noted(&opened, 0..2_000).await;
    append_noted(&opened, 2_000..2_001).await;
    close(opened).await;
    assert!(segments(folder.path()).len() > 2);
    let mut opened = open(folder.path());
    let chunk = read_all(&mut opened.reader);
    assert_eq!(numbers(&chunk), (0..2_001).collect::<Vec<_>>());
    assert_eq!(notes(&chunk), [(2_000, receipt(1_999)), (2_001, receipt(2_000))]);
}

#[tokio::test]
async fn a_note_that_is_damaged_costs_no_entry() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    append_noted(&opened, 0..3).await;
    append_noted(&opened, 3..6).await;
    close(opened).await;
    let at = 8_192 + (0..3).map(record_size).sum::<u64>() + 60;
    let file = OpenOptions::new().write(true).open(&segments(folder.path())[0]).unwrap();
    file.write_all_at(&[0xff; 8], at).unwrap();
    let mut opened = open(folder.path());
    let chunk = read_all(&mut opened.reader);
    assert_eq!((numbers(&chunk), chunk.lost, chunk.damage.len()), ((0..6).collect(), 0, 1));
    assert_eq!(notes(&chunk), [(6, receipt(5))]);
}

#[tokio::test]
async fn whoever_peeks_reads_what_waits_and_leaves_damage_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open(folder.path());
    append_noted(&opened, 0..3).await;
    append_noted(&opened, 3..6).await;
    let file = OpenOptions::new().write(true).open(&segments(folder.path())[0]).unwrap();
    file.write_all_at(&[0xff; 8], 8_192 + 60).unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    let mut peek = opened.wal.peek();
    assert_eq!(notes(&read_all(&mut peek)), [(3, receipt(2)), (6, receipt(5))]);
    assert_eq!(files(), before);
    let chunk = read_all(&mut opened.reader);
    assert_eq!((chunk.lost, files()), (1, before + 1), "the shipper sets it aside");
}

/// Makes a segment one of the format that has no notes.
fn make_old(segment: &Path) {
    let file = OpenOptions::new().read(true).write(true).open(segment).unwrap();
    for copy in [0, 4096] {
        let mut block = [0; 60];
        file.read_exact_at(&mut block, copy).unwrap();
        block[8..12].copy_from_slice(&2u32.to_le_bytes());
        let checksum = crc32c::crc32c(&block[..12]);
        block[12..16].copy_from_slice(&checksum.to_le_bytes());
        let checksum = crc32c::crc32c(&block[..56]);
        block[56..60].copy_from_slice(&checksum.to_le_bytes());
        file.write_all_at(&block, copy).unwrap();
    }
}

#[tokio::test]
async fn a_log_without_notes_is_read_and_not_written_on() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 2_000).await;
    let old = segments(folder.path());
    old.iter().for_each(|segment| make_old(segment));
    let bytes = || old.iter().map(|segment| std::fs::read(segment).unwrap()).collect::<Vec<_>>();
    let before = bytes();
    let opened = open(folder.path());
    assert_eq!(opened.recovery.waiting, 2_000);
    append_noted(&opened, 2_000..2_003).await;
    assert!(before == bytes(), "an earlier program could not tell notes in it from entries");
    close(opened).await;
    let mut opened = open(folder.path());
    let chunk = read_all(&mut opened.reader);
    assert_eq!(numbers(&chunk), (0..2_003).collect::<Vec<_>>());
    assert_eq!(notes(&chunk), [(2_003, receipt(2_002))]);
}

#[tokio::test]
async fn the_time_of_a_requests_sync_is_known_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    append_noted(&opened, 0..3).await;
    append(&opened.wal, 3..5).await.unwrap();
    append_noted(&opened, 5..9).await;
    let synced = [3, 5, 9].map(|number| opened.wal.synced_at(number));
    assert!(synced[0].unwrap() <= synced[2].unwrap() && synced[1].is_none(), "{synced:?}");
    opened.wal.forget_synced(3);
    assert_eq!([3, 9].map(|number| opened.wal.synced_at(number)), [None, synced[2]]);
    close(opened).await;
    assert_eq!(open(folder.path()).wal.synced_at(9), None, "another process does not know it");
}
