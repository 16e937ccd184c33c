//! What the API server noted of requests.

use std::collections::BTreeMap;
use std::path::Path;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

/// A request that changed something, or was to.
#[derive(Debug)]
pub struct Write {
    pub user: String,
    pub began: Timestamp,
    pub ended: Timestamp,
    /// Resource, namespace and name.
    pub object: (String, String, String),
    pub created: bool,
}

/// Writes that somebody was noted for, but for those of Leases.
pub fn writes(cluster: &Path) -> Vec<Write> {
    let text = std::fs::read_to_string(cluster.join("log/audit.log")).unwrap();
    // The last line may be half written.
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| write(&line)).collect()
}

fn write(line: &Value) -> Option<Write> {
    let verb = line["verb"].as_str()?;
    let object = &line["objectRef"];
    if !["create", "update", "patch", "delete"].contains(&verb) || object["resource"] == "leases" {
        return None;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let time = |value: &Value| value.as_str()?.parse().ok();
    Some(Write {
        user: text(&line["impersonatedUser"]["username"]),
        began: time(&line["requestReceivedTimestamp"])?,
        ended: time(&line["stageTimestamp"])?,
        object: (text(&object["resource"]), text(&object["namespace"]), text(&object["name"])),
        created: line["responseStatus"]["code"] == 201,
    })
}

/// How often each object was made. Events are many by their nature.
pub fn made(writes: &[Write]) -> BTreeMap<(String, String, String), usize> {
    let mut made = BTreeMap::new();
    for write in writes.iter().filter(|write| write.created && write.object.0 != "events") {
        *made.entry(write.object.clone()).or_default() += 1;
    }
    made
}

/// From the end of all that one did to the begin of all that the other did, in seconds.
pub fn gap(writes: &[Write], one: &str, other: &str) -> f64 {
    let last = writes.iter().filter(|write| write.user == one).map(|write| write.ended).max();
    let first = writes.iter().filter(|write| write.user == other).map(|write| write.began).min();
    (first.unwrap() - last.unwrap()).total(k8s_openapi::jiff::Unit::Second).unwrap()
}
