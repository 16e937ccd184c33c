//! What a user does with the platform, done in a real cluster by kubectl, helm and a browser: `make e2e`.
//!
//! One proof after another, since they share the operator; the names of some as arguments take these alone, in a cluster where what they need is there.
//! The table of what was seen goes to `E2E_STATE/proofs.md`. It ends with 1 where a
//! claim does not hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub
)]

mod browser;
mod cluster;
mod elasticsearch;
mod places;
mod proofs;
mod sender;
mod site;
mod table;
mod waiting;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use site::Site;
use table::{Outcome, Row};

fn main() -> ExitCode {
    let only: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = only.iter().find(|name| proofs::ALL.iter().all(|proof| proof.name != **name)) {
        eprintln!("there is no proof {unknown}; there are {}", proofs::names().join(", "));
        return ExitCode::from(2);
    }
    let site = Site::given();
    // What failed stands in the table too; a backtrace through this program tells nothing.
    std::panic::set_hook(Box::new(|reason| eprintln!("{reason}")));
    if only.is_empty() {
        site.must_be_empty();
    }
    let mut rows: Vec<Row> = Vec::new();
    for proof in
        proofs::ALL.iter().filter(|proof| only.is_empty() || only.iter().any(|name| name == proof.name))
    {
        let begun = Instant::now();
        let missing = proof
            .needs
            .iter()
            .find(|need| rows.iter().any(|row| row.name == **need && !row.outcome.is_seen()));
        let outcome = match missing {
            Some(need) => Outcome::NotTried(format!("{need} failed")),
            None => {
                println!("== {}", proof.name);
                catch_unwind(AssertUnwindSafe(|| (proof.run)(&site)))
                    .map_or_else(|reason| Outcome::Failed(table::text(&*reason)), Outcome::Seen)
            }
        };
        let row = Row { name: proof.name, claim: proof.claim, outcome, seconds: begun.elapsed().as_secs() };
        println!("{row}");
        if matches!(row.outcome, Outcome::Failed(_)) {
            site.cluster.explain(&site.state.join(format!("{}.txt", proof.name)));
        }
        rows.push(row);
        table::write(&site.state.join("proofs.md"), &rows);
    }
    let failed = rows.iter().filter(|row| !row.outcome.is_seen()).count();
    let proved = rows.iter().filter(|row| row.outcome.is_proved()).count();
    println!(
        "{proved} of {} proved, {failed} failed or not tried; the table is {}",
        rows.len(),
        site.state.join("proofs.md").display()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
