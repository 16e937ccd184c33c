//! The balance of entries by protocol, token and resource: as metrics, and watched for contradictions.

mod metrics;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use logpipeline_service::Shutdown;

pub use metrics::BalanceMetrics;

use crate::intake::Ingest;
use crate::ledger::{Contradiction, Figures};

/// How often the balance is looked at.
const INTERVAL: Duration = Duration::from_secs(10);

/// Looks at the balance until the end begins, and says once what does not add up.
pub async fn watch(ingest: Arc<Ingest>, metrics: BalanceMetrics, shutdown: Shutdown) {
    let rounds = async {
        let mut watcher = Watcher::default();
        loop {
            let found = contradictions(&ingest, &mut watcher);
            metrics.contradict(&found);
            watcher.report(&found);
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        () = rounds => {}
        () = shutdown.stopping() => {}
    }
}

#[derive(Debug, Default)]
struct Watcher {
    /// What is said already.
    reported: BTreeSet<&'static str>,
    /// Entries that the ledger had waiting while the log was empty, the last time.
    stranded: u64,
}

fn contradictions(ingest: &Ingest, watcher: &mut Watcher) -> Vec<Contradiction> {
    let mut found = ingest.ledger.contradictions();
    // The log counts on its own: when it has passed every entry, none waits.
    let empty = || ingest.wal.usage().waiting == 0;
    let total = ingest.ledger.read();
    let waiting = if empty() { total.waiting } else { 0 };
    // A batch may be settled between the readings: only what stays is wrong.
    if waiting > 0 && watcher.stranded == waiting && empty() {
        let sum = Figures { waiting: 0, ..total };
        found.push(Contradiction { by: "log", sum, total });
    }
    watcher.stranded = waiting;
    found
}

impl Watcher {
    fn report(&mut self, found: &[Contradiction]) {
        for Contradiction { by, sum, total } in found {
            if self.reported.insert(by) {
                tracing::error!(
                    by,
                    ?sum,
                    ?total,
                    "entries are unaccounted for: the counts by {by} do not add up to the total; \
                     unless the write-ahead log was damaged, this is a bug: report it with this line"
                );
            }
        }
        self.reported.retain(|by| found.iter().any(|one| one.by == *by));
    }
}
