//! Names for requests by what they hold, so that the same file sent again is stored once.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::record::Record;

/// Cuts a file into requests at the same places whenever it is read, and names each by its lines and their
/// place in the file. The file's name is not part of it: a rotated file has another.
#[derive(Debug)]
pub(super) struct Keys {
    batch_entries: u64,
    /// What makes other entries of the same lines.
    settings: String,
    file: usize,
    /// Of the next record in its file.
    ordinal: u64,
    open: Option<Sha256>,
    /// How often a name was given, where several files may hold the same.
    given: Option<HashMap<[u8; 16], u32>>,
}

impl Keys {
    pub(super) fn new(batch_entries: u64, settings: String, files: usize) -> Self {
        let given = (files > 1).then(HashMap::new);
        Self { batch_entries, settings, file: 0, ordinal: 0, open: None, given }
    }

    /// Whether the request must end before `record`. However it was cut before, such as by a slow disk, it is
    /// cut here, so that what follows has its usual names.
    pub(super) fn cuts_before(&self, record: &Record) -> bool {
        self.open.is_some() && (record.file != self.file || self.ordinal.is_multiple_of(self.batch_entries))
    }

    pub(super) fn add(&mut self, record: &Record) {
        if record.file != self.file {
            (self.file, self.ordinal) = (record.file, 0);
        }
        let hash = self.open.get_or_insert_with(|| {
            Sha256::new().chain_update(b"logpipeline replay 1\n").chain_update(self.settings.as_bytes())
        });
        for number in [record.number, record.dropped as u64, record.text.len() as u64] {
            hash.update(number.to_be_bytes());
        }
        hash.update(record.text.as_bytes());
        self.ordinal += 1;
    }

    /// The name of the records that were added since the last call.
    pub(super) fn take(&mut self) -> Option<String> {
        let digest = self.open.take()?.finalize();
        let mut name = [0; 16];
        name.copy_from_slice(&digest[..16]);
        let mut key = "replay-".to_owned();
        for byte in name {
            // Writing to a String cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
        if let Some(given) = &mut self.given {
            let times = given.entry(name).or_default();
            if *times > 0 {
                let _ = write!(key, "-{times}");
            }
            *times += 1;
        }
        Some(key)
    }
}
