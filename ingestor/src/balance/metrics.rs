//! The balance as metrics.

use std::fmt;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts, Registry};

use crate::ledger::{Breakdown, Contradiction, Figures, Ledger, Line};

const BY: [&str; 4] = ["protocol", "token", "resource", "log"];

/// What [`super::watch`] sets.
#[derive(Debug, Clone)]
pub struct BalanceMetrics {
    unbalanced: IntGaugeVec,
}

impl BalanceMetrics {
    pub fn register(registry: &Registry, ledger: Arc<Ledger>) -> Result<Self, prometheus::Error> {
        let balance = Opts::new(
            "logpipeline_ingestor_balance_entries",
            "Entries since the ingestor started, by what became of them; each protocol, token and resource balances.",
        );
        let balance = IntGaugeVec::new(balance, &["by", "name", "state"])?;
        registry.register(Box::new(Balance { balance, ledger }))?;
        let unbalanced = Opts::new(
            "logpipeline_ingestor_unbalanced_entries",
            "Entries by which the counts of a kind differ from the total; anything but 0 is a bug or damage.",
        );
        let unbalanced = IntGaugeVec::new(unbalanced, &["by"])?;
        registry.register(Box::new(unbalanced.clone()))?;
        let metrics = Self { unbalanced };
        metrics.contradict(&[]);
        Ok(metrics)
    }

    pub(super) fn contradict(&self, found: &[Contradiction]) {
        for by in BY {
            let difference = found.iter().find(|one| one.by == by).map_or(0, Contradiction::entries);
            self.unbalanced.with_label_values(&[by]).set(i64::try_from(difference).unwrap_or(i64::MAX));
        }
    }
}

struct Balance {
    balance: IntGaugeVec,
    ledger: Arc<Ledger>,
}

impl fmt::Debug for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balance").finish_non_exhaustive()
    }
}

impl Collector for Balance {
    fn desc(&self) -> Vec<&Desc> {
        self.balance.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Breakdown { protocols, tokens, resources, .. } = self.ledger.breakdown();
        for (by, lines) in [("protocol", protocols), ("token", tokens), ("resource", resources)] {
            for Line { name, figures } in lines {
                let Figures { received, stored, duplicates, rejected, dead_lettered, waiting } = figures;
                for (state, count) in [
                    ("received", received),
                    ("stored", stored),
                    ("duplicate", duplicates),
                    ("rejected", rejected),
                    ("dead_lettered", dead_lettered),
                    ("waiting", waiting),
                ] {
                    let gauge = self.balance.with_label_values(&[by, &name, state]);
                    gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
                }
            }
        }
        self.balance.collect()
    }
}
