//! Entries as lines of the input come out of a block as they went in.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use logpipeline_blocks::{Block, Builder, Cache, Entry};
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_model_fuzz as _;

const FIXED: &str = r#"{"id":"018a97d2-5c00-7000-8000-000000000000","receivedAt":"2023-09-15T08:00:00Z","timestamp":"2023-09-15T08:00:00Z","#;

fuzz_target!(|input: &[u8]| {
    let (id, time) = (EntryId::from_parts(0x018a_97d2_5c00_7000, 1 << 63), Timestamp::from_unix_seconds(1_694_764_800));
    // Behind fixed members, or alone where it does not begin as a member.
    let stored: Vec<Vec<u8>> = input
        .split(|byte| *byte == b'\n')
        .map(|line| if line.first() == Some(&b'"') { [FIXED.as_bytes(), line].concat() } else { line.to_vec() })
        .collect();
    let mut builder = Builder::new();
    for stored in &stored {
        assert!(builder.push(Entry { stored, id, timestamp: time, received_at: time }).is_ok());
    }
    let block = builder.finish().and_then(|bytes| Block::open(bytes, Arc::new(Cache::new(1 << 20))));
    let block = block.expect("what was built opens");
    let reader = block.reader();
    for (row, arrival) in (0..).zip(reader.arrivals().expect("rows have arrivals")) {
        let mut found = Vec::new();
        reader.write(row, &mut found).expect("a row that was written is read");
        assert_eq!(found, stored[*arrival as usize]);
    }
});
