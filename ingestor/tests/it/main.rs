#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod access;
mod balance;
mod canary;
mod dead_letters;
mod delivery;
mod descriptors;
mod elasticsearch;
mod freshness;
mod full;
mod kill;
mod limits;
mod listeners;
mod memory;
mod power_cut;
mod process;
mod protocol;
mod protocols;
mod receipts;
mod small_disk;
mod support;
mod tls;
mod traces;
mod wal_faults;
mod wal_recovery;
