use std::sync::Arc;

use logpipeline_blocks::{Block, Builder, Cache, Entry, Error};
use logpipeline_model::{EntryId, Timestamp};

/// An entry that a test owns.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    pub(crate) stored: Vec<u8>,
    pub(crate) id: EntryId,
    pub(crate) timestamp: Timestamp,
    pub(crate) received_at: Timestamp,
}

impl Owned {
    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry { stored: &self.stored, id: self.id, timestamp: self.timestamp, received_at: self.received_at }
    }

    /// An entry whose members behind the fixed ones are `members`, which begin with a comma or are empty.
    pub(crate) fn new(number: u64, members: &str) -> Self {
        let received_at =
            Timestamp::from_unix_nanos(1_764_547_200_000_000_000 + i128::from(number / 100) * 7_654_321);
        let timestamp =
            Timestamp::from_unix_nanos(1_764_547_100_000_000_000 + i128::from(number) * 1_234_000);
        let id = EntryId::v7(received_at, 7, 0x1234_5678_9abc_0000 + number);
        let mut stored = Vec::new();
        stored.extend_from_slice(format!("{{\"id\":\"{id}\",\"receivedAt\":\"").as_bytes());
        received_at.write_rfc3339(&mut stored);
        stored.extend_from_slice(b"\",\"timestamp\":\"");
        timestamp.write_rfc3339(&mut stored);
        stored.extend_from_slice(format!("\"{members}}}").as_bytes());
        Self { stored, id, timestamp, received_at }
    }
}

pub(crate) fn built(entries: &[Owned]) -> Vec<u8> {
    let mut builder = Builder::new();
    for entry in entries {
        builder.push(entry.entry()).unwrap();
    }
    builder.finish().unwrap()
}

pub(crate) fn opened(bytes: Vec<u8>) -> Result<Block, Error> {
    Block::open(bytes, Arc::new(Cache::new(1 << 20)))
}

/// Every entry of a block in order of arrival.
pub(crate) fn entries(block: &Block) -> Result<Vec<Owned>, Error> {
    let reader = block.reader();
    let mut entries = vec![None; block.len()];
    for (row, arrival) in (0..).zip(reader.arrivals()?) {
        let mut stored = Vec::new();
        reader.write(row, &mut stored)?;
        entries[*arrival as usize] = Some(Owned {
            stored,
            id: reader.ids()?[*arrival as usize],
            timestamp: reader.timestamp(*arrival)?,
            received_at: reader.received_at(*arrival)?,
        });
    }
    Ok(entries.into_iter().flatten().collect())
}

/// Panics where a block of the entries does not give them back.
pub(crate) fn assert_round_trip(expected: &[Owned]) {
    let block = opened(built(expected)).unwrap();
    assert_eq!(block.len(), expected.len());
    block.verify().unwrap();
    let found = entries(&block).unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(String::from_utf8_lossy(&found.stored), String::from_utf8_lossy(&expected.stored));
        assert_eq!(found.stored, expected.stored);
        assert_eq!(
            (found.id, found.timestamp, found.received_at),
            (expected.id, expected.timestamp, expected.received_at)
        );
    }
}
