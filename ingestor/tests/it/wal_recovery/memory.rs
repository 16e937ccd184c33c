//! The memory that entries are read into.

use super::write_log;
use crate::support::log::{body, open, read_all};

#[tokio::test]
async fn memory_is_read_into_again_once_nobody_holds_any_of_it() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 60).await;
    let mut reader = open(folder.path()).reader;
    let first = reader.read(1_000, 3).unwrap();
    let (held, memory) = (first.entries[2].clone(), first.entries[0].body.as_ptr());
    drop(first);
    let second = reader.read(1_000, 3).unwrap();
    assert_ne!(second.entries[0].body.as_ptr(), memory);
    assert_eq!(held.body, body(held.number));
    let memory = second.entries[0].body.as_ptr();
    drop(second);
    let mut reader = reader.hand_over();
    let third = reader.read(1_000, 3).unwrap();
    assert_eq!(third.entries[0].body.as_ptr(), memory);
    let numbers: Vec<_> = third.entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [6, 7, 8]);
    assert_eq!(read_all(&mut reader).entries.len(), 60 - 9);
}
