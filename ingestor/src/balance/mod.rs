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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn lines(&self) -> Vec<serde_json::Value> {
            let bytes = std::mem::take(&mut *self.0.lock().unwrap());
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    #[test]
    fn a_contradiction_is_an_error_in_the_log_once_until_it_is_gone() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let total = Figures { received: 5, stored: 3, waiting: 2, ..Figures::default() };
        let found = [Contradiction { by: "token", sum: Figures { stored: 2, ..total }, total }];
        let mut watcher = Watcher::default();
        tracing::subscriber::with_default(subscriber, || {
            watcher.report(&[]);
            assert!(log.lines().is_empty());
            watcher.report(&found);
            let lines = log.lines();
            assert_eq!(lines.len(), 1, "{lines:?}");
            let (level, fields) = (&lines[0]["level"], &lines[0]["fields"]);
            assert_eq!((level.as_str(), fields["by"].as_str()), (Some("ERROR"), Some("token")));
            let message = fields["message"].as_str().unwrap();
            assert!(message.contains("the counts by token do not add up"), "{message}");
            assert!(fields["sum"].as_str().unwrap().contains("stored: 2"), "{fields}");
            assert!(fields["total"].as_str().unwrap().contains("stored: 3"), "{fields}");

            watcher.report(&found);
            assert!(log.lines().is_empty(), "it was said");
            watcher.report(&[]);
            watcher.report(&found);
            assert_eq!(log.lines().len(), 1, "it came back");
        });
    }
}
