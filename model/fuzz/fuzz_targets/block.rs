//! A block whose directory is the input, its checksums right: whatever it says, reading and searching it ends.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use logpipeline_blocks::{Block, Cache, VERSION};
use logpipeline_model::Timestamp;
use logpipeline_model::query::Query;
use logpipeline_model_fuzz as _;

const MOST_BYTES: usize = 4 << 20;

/// The first 256 bytes are the frames, the rest is the directory.
fn sealed(input: &[u8]) -> Option<Vec<u8>> {
    let (frames, directory) = input.split_at(input.len().min(256));
    let mut block = b"LPBk".to_vec();
    block.extend_from_slice(frames);
    let offset = block.len() as u64;
    let packed = zstd::bulk::compress(directory, 1).ok()?;
    block.extend_from_slice(&packed);
    let mut footer = offset.to_le_bytes().to_vec();
    footer.extend_from_slice(&(packed.len() as u32).to_le_bytes());
    footer.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    footer.extend_from_slice(&crc32c::crc32c(&packed).to_le_bytes());
    footer.extend_from_slice(&VERSION.to_le_bytes());
    footer.extend_from_slice(b"LPBend");
    let checksum = crc32c::crc32c(&footer);
    footer.extend_from_slice(&checksum.to_le_bytes());
    block.extend_from_slice(&footer);
    Some(block)
}

fuzz_target!(|input: &[u8]| {
    let Some(bytes) = sealed(input) else { return };
    let Ok(block) = Block::open_within(bytes, Arc::new(Cache::new(1 << 20)), MOST_BYTES) else { return };
    let reader = block.reader();
    let mut out = Vec::new();
    for row in 0..block.len().min(64) as u32 {
        out.clear();
        let _ = reader.write(row, &mut out);
    }
    for text in ["a", "1", "\"a 1\"", "a>1", "level:a", "/a.b/"] {
        let Ok(query) = Query::parse(text, Timestamp::MIN) else { continue };
        let _ = reader.find(&query);
    }
    block.fields().for_each(drop);
});
