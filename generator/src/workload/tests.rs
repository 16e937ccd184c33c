use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use serde_json::Value;

use super::*;

fn config(seed: u64) -> WorkloadConfig {
    WorkloadConfig {
        seed,
        run: "k3f9a2".to_owned(),
        start: Timestamp::from_unix_seconds(1_790_000_000),
        step: Duration::from_millis(5),
    }
}

fn lines(config: &WorkloadConfig, count: usize) -> Vec<u8> {
    let mut workload = Workload::new(config);
    let mut out = Vec::new();
    for _ in 0..count {
        workload.append(&mut out);
    }
    out
}

fn entries(config: &WorkloadConfig, count: usize) -> Vec<Value> {
    let bytes = lines(config, count);
    let entries: Vec<Value> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(entries.len(), count);
    entries
}

/// Ten minutes at two hundred entries a second.
fn ten_minutes() -> &'static [Value] {
    static ENTRIES: LazyLock<Vec<Value>> = LazyLock::new(|| entries(&config(42), 120_000));
    &ENTRIES
}

fn level(entry: &Value) -> &'static str {
    let level = entry["level"].as_str().and_then(logpipeline_model::Level::recognise);
    level.map_or("none", logpipeline_model::Level::as_str)
}

#[test]
fn the_same_configuration_gives_the_same_bytes_and_another_seed_does_not() {
    let first = lines(&config(42), 20_000);
    assert!(first == lines(&config(42), 20_000));
    assert!(first != lines(&config(43), 20_000));
}

#[test]
fn metadata_is_in_canonical_form() {
    for entry in String::from_utf8(lines(&config(1), 20_000)).unwrap().lines() {
        let value: Value = serde_json::from_str(entry).unwrap();
        let mut metadata = value["metadata"].as_object().unwrap().clone();
        for tag in ["run", "seq", "check"] {
            assert!(metadata.shift_remove(tag).is_some());
        }
        let mut sorted: Vec<&String> = metadata.keys().collect();
        sorted.sort();
        assert!(sorted.iter().copied().eq(metadata.keys()), "{entry}");
        for nested in metadata.values().filter_map(Value::as_object) {
            assert!(nested.keys().is_sorted(), "{entry}");
        }
    }
}

#[test]
fn entries_have_the_size_of_real_ones() {
    let mean = lines(&config(42), 100_000).len() / 100_000;
    assert!((300..=360).contains(&mean), "{mean} bytes");
}

#[test]
fn times_follow_the_clock_of_the_run() {
    let config = config(9);
    let mut last = config.start;
    let mut without = 0;
    for (seq, entry) in entries(&config, 50_000).iter().enumerate() {
        let Some(text) = entry["timestamp"].as_str() else {
            without += 1;
            continue;
        };
        let time: Timestamp = text.parse().unwrap();
        let due = config.start + config.step * seq as u32;
        assert!(time >= due && time < due + config.step, "{seq}: {time}");
        assert!(seq == 0 || time > last);
        last = time;
    }
    assert!((1..200).contains(&without), "{without} without a timestamp");
}

#[test]
fn levels_are_mixed_and_differ_by_service() {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    let mut debug_by_service: HashMap<&str, (usize, usize)> = HashMap::new();
    let entries = ten_minutes();
    for entry in entries {
        let level = level(entry);
        *all.entry(level).or_default() += 1;
        let resource = entry["resourceId"].as_str().unwrap();
        let service = resource.rsplit_once('-').unwrap().0;
        let counts = debug_by_service.entry(service).or_default();
        counts.0 += usize::from(level == "debug" || level == "trace");
        counts.1 += 1;
    }
    let share = |level: &str| all.get(level).copied().unwrap_or(0) * 100 / entries.len();
    assert!((55..=75).contains(&share("info")), "{all:?}");
    assert!((8..=30).contains(&share("debug")), "{all:?}");
    assert!((4..=20).contains(&share("warn")), "{all:?}");
    assert!((1..=10).contains(&share("error")), "{all:?}");
    assert!(all["trace"] > 0 && all["fatal"] > 0 && all["none"] > 0, "{all:?}");
    let noisy = |service: &str| debug_by_service[service].0 * 100 / debug_by_service[service].1;
    assert!(noisy("recommendations") > 40 && noisy("payments") < 5, "{debug_by_service:?}");
    assert!(debug_by_service.len() >= 15, "{debug_by_service:?}");
}

#[test]
fn errors_come_in_bursts() {
    let entries = ten_minutes();
    // Ten minutes in windows of five seconds.
    let mut errors: Vec<usize> = entries
        .chunks(1_000)
        .map(|window| window.iter().filter(|entry| level(entry) == "error").count())
        .collect();
    errors.sort_unstable();
    let (median, worst) = (errors[errors.len() / 2], errors[errors.len() - 1]);
    assert!(worst > 4 * median.max(10), "median {median}, worst {worst}");
}

#[test]
fn a_failure_is_seen_in_the_callers_of_the_same_trace() {
    let entries = ten_minutes();
    let mut services_with_errors: HashMap<&str, HashSet<&str>> = HashMap::new();
    for entry in entries.iter().filter(|entry| level(entry) == "error") {
        if let Some(trace) = entry["traceId"].as_str() {
            let service = entry["resourceId"].as_str().unwrap().rsplit_once('-').unwrap().0;
            services_with_errors.entry(trace).or_default().insert(service);
        }
    }
    let cascades = services_with_errors.values().filter(|services| services.len() >= 2).count();
    assert!(cascades * 2 > services_with_errors.len(), "{cascades} of {}", services_with_errors.len());
}

#[test]
fn traces_span_services_with_a_span_for_each() {
    let entries = ten_minutes();
    let mut traces: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for entry in entries {
        if let Some(trace) = entry["traceId"].as_str() {
            let resource = entry["resourceId"].as_str().unwrap();
            traces.entry(trace).or_default().push((resource, entry["spanId"].as_str().unwrap()));
        }
    }
    let wide = traces
        .values()
        .filter(|spans| spans.iter().map(|(resource, _)| resource).collect::<HashSet<_>>().len() >= 3)
        .count();
    assert!(wide * 3 > traces.len(), "{wide} of {} traces span three services", traces.len());
    for spans in traces.values() {
        let mut owner: HashMap<&str, &str> = HashMap::new();
        for (resource, span) in spans {
            assert_eq!(owner.entry(span).or_insert(resource), resource, "a span belongs to one resource");
        }
    }
}

#[test]
fn a_bad_deploy_changes_the_commit_and_a_rollback_restores_it() {
    let entries = ten_minutes();
    let commit_in = |prefix: &str| {
        let mut found = entries
            .iter()
            .filter(|entry| entry["message"].as_str().is_some_and(|message| message.starts_with(prefix)));
        found.next().map(|entry| {
            (entry["message"].as_str().unwrap().to_owned(), entry["commit"].as_str().map(str::to_owned))
        })
    };
    let (deployed, commit) = commit_in("deployed ").unwrap();
    if let Some(commit) = commit {
        assert!(deployed.ends_with(&commit), "{deployed} {commit}");
    }
    assert!(commit_in("rolled back ").is_some());
    let mut commits: HashMap<&str, HashSet<&str>> = HashMap::new();
    for entry in entries {
        if let Some(commit) = entry["commit"].as_str() {
            commits.entry(entry["resourceId"].as_str().unwrap()).or_default().insert(commit);
        }
    }
    assert!(commits.values().any(|seen| seen.len() > 1) && commits.values().any(|seen| seen.len() == 1));
}

#[test]
fn stack_traces_identifiers_unicode_and_nested_metadata_occur() {
    let text = String::from_utf8(lines(&config(42), 100_000)).unwrap();
    for sign in [
        "\\n\\tat com.shop.",
        "Caused by: ",
        "Traceback (most recent call last):\\n",
        "goroutine ",
        "stack backtrace:\\n",
        "東京",
        "🎉",
        "\"http\":{\"clientIp\":",
        "\"shards\":[0,1,2,3]",
        "\"failed\":true",
        "\"requestId\":\"req-",
        "\"parentResourceId\":\"server-",
        "\"status\":503",
        "/api/v1/products/SKU-",
    ] {
        assert!(text.contains(sign), "{sign}");
    }
    for service in &services::SERVICES {
        for (_, _, message, metadata) in service.work.iter().chain(service.idle) {
            for name in [message, metadata].iter().flat_map(|source| source.split('$').skip(1)) {
                let at_least_known =
                    name.starts_with(|c: char| c.is_ascii_digit()) || template::is_known(name);
                assert!(at_least_known, "unknown placeholder ${name}");
            }
        }
    }
}
