//! What a partition holds, committed together with its entries.

use logpipeline_model::{Document, EntryId, Timestamp};
use serde::{Deserialize, Serialize};

/// The payload of a partition's commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::embedded) struct Summary {
    pub(in crate::embedded) entries: u64,
    /// Absent from a partition without entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::embedded) times: Option<Times>,
    /// The highest id that is not derived from a sender's key. Such ids grow with time, so an entry
    /// with a higher one is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::embedded) highest_id: Option<EntryId>,
}

/// The span of a partition's entries, all ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::embedded) struct Times {
    pub(in crate::embedded) earliest: Timestamp,
    pub(in crate::embedded) latest: Timestamp,
    pub(in crate::embedded) first_receipt: Timestamp,
    pub(in crate::embedded) last_receipt: Timestamp,
    /// The maximum over all entries of the later of time and receipt.
    pub(in crate::embedded) newest: Timestamp,
}

impl Summary {
    pub(in crate::embedded) fn add(&mut self, document: &Document<'_>) {
        self.entries += 1;
        let (time, receipt) = (document.timestamp, document.received_at);
        let times = self.times.get_or_insert(Times {
            earliest: time,
            latest: time,
            first_receipt: receipt,
            last_receipt: receipt,
            newest: time.max(receipt),
        });
        times.earliest = times.earliest.min(time);
        times.latest = times.latest.max(time);
        times.first_receipt = times.first_receipt.min(receipt);
        times.last_receipt = times.last_receipt.max(receipt);
        times.newest = times.newest.max(time).max(receipt);
        if !document.id.is_derived() {
            self.highest_id = self.highest_id.max(Some(document.id));
        }
    }
}
