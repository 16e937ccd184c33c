//! Entries that share nothing, or far too much: they come back, and what a builder and a block hold stays bounded.

use logpipeline_blocks::{Builder, Cache};

use crate::support::{Owned, assert_round_trip, built, entries, opened};

fn numbered(count: u64, members: impl Fn(u64) -> String) -> Vec<Owned> {
    (0..count).map(|number| Owned::new(number, &members(number))).collect()
}

/// Letters only, different for each number.
fn word(number: u64) -> String {
    let mut left = number + 1;
    let mut word = String::new();
    while left > 0 {
        word.push(char::from(b'a' + (left % 26) as u8));
        left /= 26;
    }
    word
}

#[test]
fn each_entry_has_a_skeleton_of_its_own() {
    assert_round_trip(&numbered(10_000, |number| {
        format!(",\"message\":\"m\",\"metadata\":{{\"{}\":{{\"{}\":1}}}}", word(number), word(number * 7))
    }));
}

#[test]
fn each_entry_has_columns_of_its_own() {
    assert_round_trip(&numbered(3_000, |number| {
        let members: Vec<String> =
            (0..5).map(|one| format!("\"{}\":{one}", word(number * 5 + one))).collect();
        format!(",\"message\":\"m\",\"metadata\":{{{}}}", members.join(","))
    }));
}

#[test]
fn each_entry_has_a_template_of_its_own() {
    assert_round_trip(&numbered(20_000, |number| {
        let words: Vec<String> = (0..number % 9).map(|one| word(number * 31 + one)).collect();
        format!(
            ",\"message\":\"{}{}\"",
            words.join(["-", " ", "."][number as usize % 3]),
            "!".repeat(number as usize % 50)
        )
    }));
}

#[test]
fn each_entry_is_of_a_resource_of_its_own() {
    assert_round_trip(&numbered(10_000, |number| {
        format!(",\"message\":\"m\",\"resourceId\":\"{}\"", word(number))
    }));
}

#[test]
fn messages_are_of_a_mebibyte() {
    let mut stored = numbered(3, |number| format!(",\"message\":\"{}\"", word(number).repeat(400_000)));
    stored.extend(numbered(3, |number| format!(",\"message\":\"{}\"", format!("{number} ").repeat(400_000))));
    assert_round_trip(&stored);
}

#[test]
fn arrays_are_long_and_objects_are_deep() {
    assert_round_trip(&numbered(300, |number| {
        let length = number as usize * 3;
        format!(",\"message\":\"m\",\"metadata\":{{\"a\":[{}1]}}", "1,".repeat(length))
    }));
    assert_round_trip(&numbered(60, |number| {
        let depth = number as usize;
        format!(",\"message\":\"m\",\"metadata\":{{\"a\":{}1{}}}", "{\"b\":".repeat(depth), "}".repeat(depth))
    }));
}

/// Bytes that compress to nothing must not be written as a directory that grows with the entries.
#[test]
fn equal_entries_take_a_byte_at_most() {
    let stored = numbered(20_000, |_| ",\"message\":\"the same every time\",\"level\":\"info\"".to_owned());
    assert!(built(&stored).len() < 20_000);
}

#[test]
fn a_builder_takes_no_more_than_32_mebibytes() {
    let mut builder = Builder::new();
    let entry = Owned::new(1, &format!(",\"message\":\"{}\"", "word ".repeat(200_000)));
    let mut count = 0;
    while builder.push(entry.entry()).is_ok() {
        count += 1;
    }
    assert_eq!(count, (32 << 20) / entry.stored.len());
    assert!(builder.bytes() <= 33 << 20);
}

#[test]
fn a_cache_holds_no_more_than_it_may() {
    let stored = numbered(20_000, |number| {
        format!(",\"message\":\"{:x}\"", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    });
    let bytes = built(&stored);
    let cache = std::sync::Arc::new(Cache::new(100_000));
    let block = logpipeline_blocks::Block::open(bytes.clone(), std::sync::Arc::clone(&cache)).unwrap();
    assert_eq!(entries(&block).unwrap().len(), stored.len());
    assert!((1..=100_000).contains(&cache.bytes()));
    drop(block);
    assert_eq!(cache.bytes(), 0);
    assert!(opened(bytes).unwrap().verify().is_ok());
}
