use serde_json::{Map, Value, json};

use super::Seen;
use crate::places::{AUDIT, PROD, SHOP, TEAM};
use crate::sender::Sender;
use crate::site::Site;
use crate::waiting::eventually;

/// Namespace, component, ports it serves; ports it may reach, but for that of Elasticsearch.
const POLICIES: &[(&str, &str, &[u64], &[u64])] = &[
    (SHOP, "store", &[3000, 8080, 9090, 9091], &[53]),
    (SHOP, "generator", &[], &[53, 3000, 8080]),
    (PROD, "ingestor", &[3000, 9090], &[53, 9200]),
    (PROD, "query", &[8080, 9090], &[53, 9200]),
    (AUDIT, "ingestor", &[3000, 9090], &[53, 9200]),
    (AUDIT, "query", &[8080, 9090], &[53, 9200]),
];

pub fn run(site: &Site) -> Seen {
    let mut pods = 0;
    for namespace in [SHOP, PROD, AUDIT] {
        let policies = site.cluster.get(namespace, &["networkpolicies"]).unwrap();
        let policies = policies["items"].as_array().unwrap().clone();
        for pod in site.cluster.list(namespace, "pods", "app.kubernetes.io/managed-by=logpipeline-operator") {
            let labels = pod["metadata"]["labels"].as_object().unwrap();
            assert!(
                policies.iter().any(|policy| selects(policy, labels)),
                "nothing selects {}",
                pod["metadata"]
            );
            pods += 1;
        }
    }
    for (namespace, component, served, reached) in POLICIES {
        let policy = site.cluster.get(namespace, &["networkpolicy", &format!("logs-{component}")]).unwrap();
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(ports(&policy["spec"]["ingress"]), *served, "{namespace}/{component}");
        assert_eq!(ports(&policy["spec"]["egress"]), *reached, "{namespace}/{component}");
    }
    let objects = format!("{} policies select all {pods} pods and name the ports", POLICIES.len());
    if !enforced(site) {
        return Seen::InPart(format!(
            "{objects}; the network of this cluster enforces none, as a pod shows that may send nowhere and does, so what they let through is not proved here"
        ));
    }
    let report = Sender::with(site, "allowed", PROD, &["--count", "10"]).report().in_words();
    Seen::Proved(format!(
        "{objects}; the cluster enforces them, and a sender of another namespace is let in: {report}"
    ))
}

fn selects(policy: &Value, labels: &Map<String, Value>) -> bool {
    let wanted = policy["spec"]["podSelector"]["matchLabels"].as_object().unwrap();
    !wanted.is_empty() && wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

fn ports(rules: &Value) -> Vec<u64> {
    let rules = rules.as_array().cloned().unwrap_or_default();
    let ports = rules.iter().flat_map(|rule| rule["ports"].as_array().unwrap());
    let mut ports: Vec<_> = ports.map(|port| port["port"].as_u64().unwrap()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Whether a pod that a policy lets reach nothing is kept from sending, while one like it is not.
fn enforced(site: &Site) -> bool {
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "walled" },
        "spec": { "podSelector": { "matchLabels": { "walled": "true" } }, "policyTypes": ["Egress"], "egress": [] },
    });
    site.cluster.apply(TEAM, &policy);
    assert!(sends(site, "free", false), "a pod that no policy selects cannot send");
    !sends(site, "walled", true)
}

fn sends(site: &Site, name: &str, walled: bool) -> bool {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": { "walled": walled.to_string() } },
        "spec": {
            "restartPolicy": "Never", "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "sender", "image": site.image("generator"), "args": ["--target", "http://logs-ingestor.shop.svc:3000", "--count", "1", "--wait", "10s"],
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    });
    let _ = site.cluster.try_kubectl(&["delete", "pod", "-n", TEAM, name, "--ignore-not-found", "--wait"]);
    site.cluster.apply(TEAM, &pod);
    eventually(&format!("the sender {name} ends"), 120, || {
        match site.cluster.get(TEAM, &["pod", name])?["status"]["phase"].as_str()? {
            "Succeeded" => Some(true),
            "Failed" => Some(false),
            _ => None,
        }
    })
}
