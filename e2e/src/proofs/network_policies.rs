use serde_json::{Value, json};

use crate::places::{PROD, SHOP, TEAM};
use crate::sender::Sender;
use crate::site::Site;
use crate::waiting::eventually;

/// Namespace, component, ports it serves, ports it may reach.
const POLICIES: &[(&str, &str, &[u64], &[u64])] = &[
    (SHOP, "store", &[3000, 8080, 9090, 9091], &[53]),
    (PROD, "ingestor", &[3000, 9090], &[53, 9200]),
    (PROD, "query", &[8080, 9090], &[53, 9200]),
];

pub fn run(site: &Site) -> String {
    for (namespace, component, served, reached) in POLICIES {
        let policy = site.cluster.get(namespace, &["networkpolicy", &format!("logs-{component}")]).unwrap();
        let labels = policy["spec"]["podSelector"]["matchLabels"].as_object().unwrap();
        let selector: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
        let selected = site.cluster.list(namespace, "pods", &selector.join(","));
        let pods = site.cluster.ready_pods(namespace, component);
        assert!(!pods.is_empty() && selected.len() >= pods.len(), "{namespace}/{component}");
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(ports(&policy["spec"]["ingress"]), *served, "{namespace}/{component}");
        assert_eq!(ports(&policy["spec"]["egress"]), *reached, "{namespace}/{component}");
    }
    if !enforced(site) {
        return format!(
            "{} policies select their pods and name the ports; the cluster's network (bridge, without a policy engine) enforces none, as a pod that may send nowhere shows, so what they let through is not proved here",
            POLICIES.len()
        );
    }
    let report = Sender::with(site, "allowed", PROD, &["--count", "10"]).report().in_words();
    format!(
        "{} policies select their pods and name the ports; the cluster enforces them, and a sender of another namespace is let in: {report}",
        POLICIES.len()
    )
}

fn ports(rules: &Value) -> Vec<u64> {
    let rules = rules.as_array().unwrap();
    let mut ports: Vec<_> = rules
        .iter()
        .flat_map(|rule| rule["ports"].as_array().unwrap())
        .map(|port| port["port"].as_u64().unwrap())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Whether a pod that a policy lets reach nothing is kept from sending.
fn enforced(site: &Site) -> bool {
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "walled" },
        "spec": { "podSelector": { "matchLabels": { "walled": "true" } }, "policyTypes": ["Egress"], "egress": [] },
    });
    site.cluster.apply(TEAM, &policy);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "walled", "labels": { "walled": "true" } },
        "spec": {
            "restartPolicy": "Never", "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "sender", "image": site.image("generator"), "args": ["--target", "http://logs-ingestor.shop.svc:3000", "--count", "1", "--wait", "10s"],
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    });
    let _ =
        site.cluster.try_kubectl(&["delete", "pod", "-n", TEAM, "walled", "--ignore-not-found", "--wait"]);
    site.cluster.apply(TEAM, &pod);
    let phase = eventually("the walled sender ends", 120, || {
        let phase = site.cluster.get(TEAM, &["pod", "walled"])?["status"]["phase"].as_str()?.to_owned();
        ["Succeeded", "Failed"].contains(&phase.as_str()).then_some(phase)
    });
    phase == "Failed"
}
