#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod access;
mod delivery;
mod descriptors;
mod elasticsearch;
mod freshness;
mod full;
mod kill;
mod limits;
mod memory;
mod power_cut;
mod process;
mod protocol;
mod small_disk;
mod support;
mod tls;
mod traces;
mod wal_faults;
mod wal_recovery;
