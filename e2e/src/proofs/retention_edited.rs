use serde_json::json;

use super::production_on_elasticsearch::STREAM;
use crate::places::PROD;
use crate::sender::Sender;
use crate::site::Site;
use crate::waiting::eventually;

pub fn run(site: &Site) -> String {
    let (cluster, elasticsearch) = (&site.cluster, &site.elasticsearch);
    let old = elasticsearch.count(STREAM, &json!({ "match_all": {} }));
    assert!(old > 0);
    let before: Vec<_> = elasticsearch.indices(STREAM).into_iter().map(|(name, _)| name).collect();
    let retention = json!({ "default": "1m", "rollover": { "maxAge": "1m" }, "byLevel": [{ "levels": ["debug", "trace"], "keep": "1d" }] });
    cluster.patch(PROD, &json!({ "spec": { "retention": retention } }));
    cluster.until_condition(PROD, "RetentionApplied", "True", 60);
    cluster.until_ready(PROD);
    let kept = elasticsearch.count("logs-prod-logs.trace-debug", &json!({ "match_all": {} }));
    let seconds = std::time::Instant::now();
    eventually("the old indices are gone from Elasticsearch", 420, || {
        let now = elasticsearch.indices(STREAM);
        (!now.is_empty() && now.iter().all(|(name, _)| !before.contains(name))).then_some(())
    });
    let seconds = seconds.elapsed().as_secs();
    assert_eq!(elasticsearch.count(STREAM, &json!({ "match_all": {} })), 0);
    assert_eq!(
        elasticsearch.count("logs-prod-logs.trace-debug", &json!({ "match_all": {} })),
        kept,
        "the other class keeps its own"
    );
    let young = Sender::with(site, "young", PROD, &["--rate", "50", "--duration", "15s"]).report().in_words();
    // What is sent from now on is there when the pipeline is deleted, and so stays.
    cluster.patch(PROD, &json!({ "spec": { "retention": { "default": "30d", "rollover": null } } }));
    cluster.until_ready(PROD);
    let after = Sender::with(site, "after-retention", PROD, &["--rate", "50", "--duration", "3s"])
        .report()
        .in_words();
    format!(
        "with 1m instead of 30d, {old} entries and their indices were gone after {seconds} s, the {kept} of debug and trace stayed; of those of the last minute: {young}; then {after}"
    )
}
