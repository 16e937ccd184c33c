//! Entries as services write them, for the figures of this crate.

use bytes::Bytes;
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::NewEntry;

const SERVICES: [&str; 8] =
    ["checkout", "payments", "catalog", "search", "gateway", "identity", "mailer", "reports"];
const LEVELS: [&str; 10] =
    ["info", "info", "info", "info", "debug", "debug", "info", "warn", "error", "info"];
const TEXTS: [&str; 8] = [
    "request completed",
    "connection to database established",
    "cache miss, loading from origin",
    "retrying after timeout",
    "Failed to connect to DB",
    "user session refreshed",
    "payload validated",
    "scheduled job finished",
];

/// 2023-09-15T00:00:00Z, in milliseconds.
const START: i64 = 1_694_736_000_000;

/// The entry with this number: a millisecond behind the one before, about 400 bytes as it is stored.
pub fn entry(number: u64) -> NewEntry {
    let dice = mix(number);
    let pick =
        |choices: &[&'static str], salt: u64| choices[(mix(dice ^ salt) % choices.len() as u64) as usize];
    let millis = START + number as i64;
    let time = Timestamp::from_unix_nanos(i128::from(millis) * 1_000_000);
    let id = EntryId::v7(time, 0, mix(dice));
    let (service, trace, span) = (pick(&SERVICES, 1), mix(number / 6), mix(dice ^ 2) as u32);
    let (status, duration) = (if dice.is_multiple_of(12) { 500 } else { 200 }, dice % 2_000);
    let body = format!(
        r#"{{"id":"{id}","receivedAt":"{time}","timestamp":"{time}","level":"{}","message":"{} for user {} in {duration}ms","resourceId":"{service}-{}","traceId":"{trace:016x}","spanId":"{span:08x}","commit":"5e5342f","metadata":{{"http":{{"status":{status},"path":"/api/v1/{service}"}},"durationMs":{duration},"region":"eu-{}"}}}}"#,
        pick(&LEVELS, 3),
        pick(&TEXTS, 4),
        dice % 50_000,
        dice % 40,
        dice % 3,
    );
    NewEntry { id, body: Bytes::from(body) }
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
