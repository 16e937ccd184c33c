use serde_json::json;

use crate::places::SHOP;
use crate::site::Site;
use crate::waiting::eventually;

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    let generators = json!([{ "name": "steady", "rate": 500, "duration": "20s", "concurrency": 4, "batchSize": 50, "verify": true }]);
    cluster.patch(SHOP, &json!({ "spec": { "generators": generators } }));
    let report = eventually("the generator has ended", 180, || {
        let report = cluster.pipeline(SHOP)?["status"]["generators"][0].clone();
        ["Succeeded", "Failed"].contains(&report["phase"].as_str()?).then_some(report)
    });
    assert_eq!(report["phase"], "Succeeded", "{report}");
    assert_eq!(report["sent"], 10_000, "{report}");
    assert_eq!((&report["verified"], &report["lost"]), (&json!(10_000), &json!(0)), "{report}");
    let job = report["job"].as_str().unwrap();
    let job = cluster.get(SHOP, &["job", job]).unwrap();
    assert_eq!(job["status"]["succeeded"], 1);
    format!("sent 10,000, verified 10,000, lost 0, p99 {}", report["p99"].as_str().unwrap())
}
