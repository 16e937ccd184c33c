//! Removing what a policy no longer keeps, a partition at a time.

use std::sync::Arc;

use logpipeline_model::Timestamp;

use super::catalog::Catalog;
use super::partition::Partition;
use super::writer::Writer;
use crate::{RetentionPolicy, RetentionReport, StoreError};

/// A partition takes at most this part of what the whole store may.
const PARTITIONS_AT_LEAST: u64 = 10;

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
            kept.push((times, partition));
        }
    }
    let Some(max_bytes) = policy.max_bytes else { return doomed };
    // What came in last stays, however small the limit: the next entries go to another partition.
    let current = kept.iter().map(|(times, partition)| (times.last_receipt, partition.name)).max();
    kept.sort_by_key(|(times, partition)| (times.newest, partition.name));
    let mut bytes: u64 = kept.iter().map(|(_, partition)| partition.bytes).sum();
    for (_, partition) in kept {
        if bytes <= max_bytes {
            break;
        }
        if current.is_some_and(|(_, name)| name == partition.name) {
            continue;
        }
        bytes -= partition.bytes;
        doomed.push(Arc::clone(partition));
    }
    doomed
}
