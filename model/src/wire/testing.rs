//! A sink for tests: keeps what it is given as stored forms.

use super::{Full, Sink, Verdict};
use crate::entry::{Incoming, Limits, Rejection, Stamp};
use crate::{EntryId, Timestamp};

/// Takes everything within the limits of an entry and within `room` bytes of charged memory.
#[derive(Debug)]
pub struct Collector {
    pub limits: Limits,
    pub room: usize,
    /// What times without a year are near to.
    pub received_at: Timestamp,
    pub receipt: Option<EntryId>,
    pub entries: Vec<Collected>,
    pub rejections: Vec<(u64, Rejection)>,
}

#[derive(Debug)]
pub struct Collected {
    pub number: u64,
    pub key: Option<Vec<u8>>,
    /// What the sender gave.
    pub time: Option<Timestamp>,
    /// The stored form.
    pub stored: Vec<u8>,
}

impl Collected {
    /// The stored form as a tree, without what the ingestor added.
    pub fn json(&self) -> serde_json::Value {
        let mut value: serde_json::Value = serde_json::from_slice(&self.stored).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.shift_remove("id");
            object.shift_remove("receivedAt");
        }
        value
    }
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            room: 64 << 20,
            received_at: Timestamp::from_unix_seconds(1_800_000_000),
            receipt: None,
            entries: Vec::new(),
            rejections: Vec::new(),
        }
    }
}

impl Sink for Collector {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn take(&mut self, number: u64, key: Option<&[u8]>, entry: &mut dyn Incoming) -> Result<Verdict, Full> {
        let received_at = self.received_at;
        let id = EntryId::v7(received_at, 0, number);
        let (time, mut stored) = (entry.time(), Vec::new());
        if let Err(rejection) = entry.write(Stamp { id, received_at }, &self.limits, &mut stored) {
            self.rejections.push((number, rejection.clone()));
            return Ok(Err(rejection));
        }
        self.charge(stored.len())?;
        self.entries.push(Collected { number, key: key.map(<[u8]>::to_vec), time, stored });
        Ok(Ok(id))
    }

    fn reject(&mut self, number: u64, rejection: Rejection) -> Result<(), Full> {
        self.rejections.push((number, rejection));
        Ok(())
    }

    fn receipt(&self) -> Option<EntryId> {
        self.receipt
    }

    fn received_at(&self) -> Timestamp {
        self.received_at
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Full> {
        self.room = self.room.checked_sub(bytes).ok_or(Full)?;
        Ok(())
    }
}
