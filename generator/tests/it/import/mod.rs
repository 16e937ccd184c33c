//! What is imported from other log servers.

mod elastic;
mod end_to_end;
mod from_elasticsearch;
mod from_loki;
mod killed;
mod loki;
mod real;
mod sending;
mod target;

use serde_json::Value;

use crate::process::{Ended, run};
use target::Target;

/// Imports with the report on standard output.
async fn import(target: &Target, from: &str, address: &str, arguments: &[&str]) -> Ended {
    let common = ["replay", "--from", from, address, "--target", target.url(), "--report", "-"];
    run(&[&common[..], arguments].concat()).await
}

/// Imports, and returns the report of an import that went well.
async fn import_well(target: &Target, from: &str, address: &str, arguments: &[&str]) -> Value {
    let ended = import(target, from, address, arguments).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    let report = ended.report();
    assert_eq!((&report["ok"], &report["finished"]), (&true.into(), &true.into()), "{report}");
    report
}

/// Entries of one stream of Loki, each second a few.
fn from_loki_entries(count: i64) -> Vec<loki::Entry> {
    let entry = |n: i64| loki::Entry {
        labels: loki::labels(&[("app", "shop")]),
        time: 1_795_000_000_000_000_000 + n / 3 * 1_000_000_000,
        line: format!("line {n}"),
        metadata: loki::Labels::new(),
    };
    (0..count).map(entry).collect()
}

/// Addresses of a Loki with so many entries, and of an ingestor.
pub(crate) async fn two_servers(count: i64) -> (String, String) {
    let loki = loki::Loki::start(from_loki_entries(count), loki::Limits::default()).await;
    (loki.url, Target::start().await.url().to_owned())
}

/// Members of a report.
fn figures<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}")))
}
