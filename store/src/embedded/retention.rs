//! Removing what a policy no longer keeps, a partition at a time.

use std::sync::Arc;
use std::time::Duration;

use logpipeline_model::Timestamp;

use super::catalog::Catalog;
use super::partition::{Name, Partition};
use super::writer::Writer;
use crate::{RetentionPolicy, RetentionReport, StoreError};

/// A partition takes at most this part of what the whole store may.
const PARTITIONS_AT_LEAST: u64 = 10;

/// A partition received into this lately is one that is being written: some times what usually lies
/// between two rounds.
const WRITTEN_WITHIN: Duration = Duration::from_secs(300);

pub(super) fn retain(
    catalog: &Catalog,
    writer: &mut Writer,
    policy: RetentionPolicy,
    now: Timestamp,
) -> Result<RetentionReport, StoreError> {
    catalog.mark_stale();
    let snapshot = catalog.snapshot()?;
    if let Some(max_bytes) = policy.max_bytes {
        writer.limit_partition_bytes(max_bytes / PARTITIONS_AT_LEAST);
    }
    let mut report = RetentionReport::default();
    for partition in doomed(&snapshot, policy, now) {
        writer.close(partition.name);
        catalog.remove(partition.name)?;
        report.entries += partition.summary.entries;
        report.bytes += partition.bytes;
        report.removed.push(partition.name.to_string());
    }
    Ok(report)
}

fn doomed(snapshot: &[Arc<Partition>], policy: RetentionPolicy, now: Timestamp) -> Vec<Arc<Partition>> {
    let oldest_kept = policy.max_age.map(|age| now.saturating_sub(age));
    let (mut doomed, mut kept) = (Vec::new(), Vec::new());
    for partition in snapshot {
        // One without entries has just been made.
        let Some(times) = partition.summary.times else { continue };
        if oldest_kept.is_some_and(|oldest| times.newest < oldest) {
            doomed.push(Arc::clone(partition));
        } else {
            kept.push((times.last_receipt, partition));
        }
    }
    let Some(max_bytes) = policy.max_bytes else { return doomed };
    // By receipt, which is this program's own clock: a sender's could keep its entries in place of others'.
    kept.sort_by_key(|(last_receipt, partition)| (*last_receipt, partition.name));
    let current = current(&kept, now);
    let mut bytes: u64 = kept.iter().map(|(_, partition)| partition.bytes).sum();
    for (_, partition) in kept {
        if bytes <= max_bytes {
            break;
        }
        if current.contains(&partition.name) {
            continue;
        }
        bytes -= partition.bytes;
        doomed.push(Arc::clone(partition));
    }
    doomed
}

/// What stays however small the limit, so that the next entries go to other partitions: the one received
/// into last, and of each kind the one that is being written.
fn current(by_receipt: &[(Timestamp, &Arc<Partition>)], now: Timestamp) -> Vec<Name> {
    let written_since = now.saturating_sub(WRITTEN_WITHIN);
    let (mut kinds, mut names) = (Vec::new(), Vec::new());
    for (last_receipt, partition) in by_receipt.iter().rev() {
        let kind = partition.name.bucket.kind();
        if names.is_empty() || *last_receipt >= written_since && !kinds.contains(&kind) {
            kinds.push(kind);
            names.push(partition.name);
        }
    }
    names
}
