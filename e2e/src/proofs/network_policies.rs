use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::Seen;
use crate::places::{AUDIT, PIPELINE, PROD, SHOP, TEAM};
use crate::sender::Sender;
use crate::site::Site;
use crate::waiting::{eventually, pause};

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
        let found = site.cluster.list(namespace, "pods", "app.kubernetes.io/managed-by=logpipeline-operator");
        assert!(!found.is_empty(), "{namespace} has no pods");
        for pod in found {
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
        let policy = policy(site, namespace, component);
        assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(ports(&policy["ingress"]), *served, "{namespace}/{component}");
        assert_eq!(ports(&policy["egress"]), *reached, "{namespace}/{component}");
    }
    let objects = format!("{} policies select all {pods} pods and name the ports", POLICIES.len());
    if !enforced(site) {
        assert!(site.pressure.is_none(), "the suite's own node enforces no NetworkPolicy");
        return Seen::InPart(format!(
            "{objects}; the network of this cluster enforces none, as a pod shows that may send nowhere and does, so what they let through is not proved here"
        ));
    }
    let refused = hold(site);
    let report = Sender::with(site, "allowed", PROD, &["--count", "10"]).report().in_words();
    Seen::Proved(format!(
        "{objects}; the cluster enforces them: {refused} connections that none names were refused, and a sender of another namespace is let in: {report}"
    ))
}

/// Pods with the labels of a pipeline's own connect as far as its policy says; how many connections were refused.
fn hold(site: &Site) -> usize {
    let generator = Visitor::of(site, SHOP, "generator");
    let refused = [
        (&generator, PROD),
        (&Visitor::of(site, SHOP, "store"), PROD),
        (&Visitor::of(site, PROD, "ingestor"), AUDIT),
        (&Visitor::of(site, PROD, "query"), SHOP),
    ];
    for (visitor, to) in refused {
        assert!(
            visitor.is_refused_by(&ingestor(to)),
            "{} of {} reaches {to}",
            visitor.name,
            visitor.namespace
        );
    }
    let stranger = Visitor::stranger(site, TEAM);
    assert!(stranger.is_refused_by(&generator.address()), "a stranger reaches a generator");
    let plain = Visitor::stranger(site, PROD);
    assert!(stranger.is_let_in_by(&plain.address()), "a pod that no policy selects is not reached");
    let let_in = [(&generator, SHOP), (&plain, SHOP), (&stranger, PROD), (&stranger, AUDIT)];
    for (visitor, to) in let_in {
        assert!(
            visitor.is_let_in_by(&ingestor(to)),
            "{} of {} does not reach {to}",
            visitor.name,
            visitor.namespace
        );
    }
    refused.len() + 1
}

fn ingestor(namespace: &str) -> String {
    format!("{PIPELINE}-ingestor.{namespace}.svc:3000")
}

fn policy(site: &Site, namespace: &str, component: &str) -> Value {
    site.cluster.get(namespace, &["networkpolicy", &format!("{PIPELINE}-{component}")]).unwrap()["spec"]
        .clone()
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
    let walled = json!({ "walled": "true" });
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "walled" },
        "spec": { "podSelector": { "matchLabels": walled }, "policyTypes": ["Egress"], "egress": [] },
    });
    site.cluster.apply(TEAM, &policy);
    assert!(
        Visitor::stranger(site, TEAM).is_let_in_by(&ingestor(SHOP)),
        "a pod that no policy selects cannot send"
    );
    Visitor::start(site, TEAM, "walled", &walled).is_cut_off_from(&ingestor(SHOP))
}

/// Of a visitor itself.
const OWN_PORT: u16 = 9099;

/// As the generator says it.
const UNREACHED: &str = "failed to reach the ingestor";

/// A pod from which a connection can be tried, whatever its labels.
struct Visitor<'a> {
    site: &'a Site,
    namespace: &'static str,
    name: String,
}

impl<'a> Visitor<'a> {
    /// With the labels that the policy of a component selects.
    fn of(site: &'a Site, namespace: &'static str, component: &str) -> Self {
        let labels = &policy(site, namespace, component)["podSelector"]["matchLabels"];
        Self::start(site, namespace, component, labels)
    }

    fn stranger(site: &'a Site, namespace: &'static str) -> Self {
        Self::start(site, namespace, "stranger", &json!({}))
    }

    fn start(site: &'a Site, namespace: &'static str, role: &str, labels: &Value) -> Self {
        let name = format!("visitor-{role}");
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": labels },
            "spec": {
                "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
                "automountServiceAccountToken": false,
                "containers": [{
                    "name": "visitor", "image": site.image("generator"),
                    // It only waits, and serves its own port meanwhile.
                    "args": ["--target", "http://127.0.0.1:1", "--wait", "1h", "--admin-listen", format!("0.0.0.0:{OWN_PORT}")],
                    "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
                    // Never ready, so that no Service takes it for what its labels say.
                    "readinessProbe": { "tcpSocket": { "port": 1 } },
                }],
            },
        });
        let visitor = Self { site, namespace, name };
        visitor.remove();
        site.cluster.apply(namespace, &pod);
        eventually(&format!("{} of {namespace} runs", visitor.name), 60, || {
            let pod = site.cluster.get(namespace, &["pod", &visitor.name])?;
            (pod["status"]["phase"] == "Running").then_some(())
        });
        visitor
    }

    fn address(&self) -> String {
        let pod = self.site.cluster.get(self.namespace, &["pod", &self.name]).unwrap();
        format!("{}:{OWN_PORT}", pod["status"]["podIP"].as_str().unwrap())
    }

    fn is_cut_off_from(&self, to: &str) -> bool {
        self.comes_to(to, |sent| sent.as_ref().is_err_and(|said| said.contains(UNREACHED)))
    }

    /// It finds the address, and cannot connect to it.
    fn is_refused_by(&self, to: &str) -> bool {
        let refused = |said: &String| said.contains(UNREACHED) && !said.contains("lookup");
        self.comes_to(to, |sent| sent.as_ref().is_err_and(refused))
    }

    /// It may lack the token that it would need then, or have come to what takes no entries.
    fn is_let_in_by(&self, to: &str) -> bool {
        let answered = |said: &String| said.contains("401") || said.contains("404");
        self.comes_to(to, |sent| sent.as_ref().map_or_else(answered, |_| true))
    }

    /// Whether attempts to send to an address end so, twice in a row, within the time that policies take to hold for a new pod.
    fn comes_to(&self, to: &str, end: impl Fn(&Result<String, String>) -> bool) -> bool {
        let target = format!("http://{to}");
        let run = ["exec", "-n", self.namespace, &self.name, "--", "/logpipeline-generator"];
        let flags = ["--target", &target, "--count", "1", "--wait", "3s", "--retry-for", "0s"];
        let begun = Instant::now();
        let mut before = false;
        while begun.elapsed() < Duration::from_secs(30) {
            let now = end(&self.site.cluster.try_kubectl(&[&run[..], &flags].concat()));
            if before && now {
                return true;
            }
            before = now;
            pause(1);
        }
        false
    }

    fn remove(&self) {
        let args = ["delete", "pod", "-n", self.namespace, &self.name, "--ignore-not-found", "--now"];
        self.site.cluster.try_kubectl(&args).unwrap();
    }
}

impl Drop for Visitor<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.remove();
        }
    }
}
