//! What is proved, in this order.

mod behind_an_ingress;
mod credentials_rotated;
mod evicted_by_request;
mod image_rolled;
mod installed_by_helm;
mod load_test_reports;
mod network_policies;
mod node_under_pressure;
mod on_opensearch;
mod pods_deleted_by_force;
mod production_on_elasticsearch;
mod retention_edited;
mod scaled_under_load;
mod two_pipelines_one_elasticsearch;
mod uninstalled;
mod upgraded_by_helm;

use crate::site::Site;

/// What became of a claim that did not fail.
pub enum Seen {
    Proved(String),
    /// The cluster is not such that all of it can be proved.
    InPart(String),
    NotHere(String),
}

pub struct Proof {
    pub name: &'static str,
    pub claim: &'static str,
    /// Names of those without which it makes no sense.
    pub needs: &'static [&'static str],
    /// What was seen; it panics where the claim does not hold.
    pub run: fn(&Site) -> Seen,
}

const INSTALLED: &[&str] = &["installed_by_helm"];
const PRODUCTION: &[&str] = &["installed_by_helm", "production_on_elasticsearch"];

pub const ALL: &[Proof] = &[
    Proof {
        name: "installed_by_helm",
        claim: "the chart and examples/minimal.yaml are a platform that finds what a pod of another namespace sends",
        needs: &[],
        run: |site| Seen::Proved(installed_by_helm::run(site)),
    },
    Proof {
        name: "upgraded_by_helm",
        claim: "an upgrade of the chart, from an older version number and a definition that lacks a field, brings the definition; pipelines serve on, in the same pods",
        needs: INSTALLED,
        run: |site| Seen::Proved(upgraded_by_helm::run(site)),
    },
    Proof {
        name: "behind_an_ingress",
        claim: "a browser outside of the pods signs in at the web UI through an Ingress controller, over HTTPS, and finds the entries",
        needs: INSTALLED,
        run: |site| Seen::Proved(behind_an_ingress::run(site)),
    },
    Proof {
        name: "load_test_reports",
        claim: "a generator runs as a Job, checks its own entries, and its report stands in the resource's status",
        needs: INSTALLED,
        run: |site| Seen::Proved(load_test_reports::run(site)),
    },
    Proof {
        name: "production_on_elasticsearch",
        claim: "examples/production.yaml serves senders with a token and readers with a password; Elasticsearch holds templates, and a data stream for each retention class",
        needs: INSTALLED,
        run: |site| Seen::Proved(production_on_elasticsearch::run(site)),
    },
    Proof {
        name: "two_pipelines_one_elasticsearch",
        claim: "pipelines of the same name in two namespaces share an Elasticsearch and don't see each other",
        needs: PRODUCTION,
        run: |site| Seen::Proved(two_pipelines_one_elasticsearch::run(site)),
    },
    Proof {
        name: "on_opensearch",
        claim: "examples/opensearch.yaml finds what is sent, and removes its data streams and templates when it is deleted with `deletionPolicy: Delete`",
        needs: INSTALLED,
        run: |site| Seen::Proved(on_opensearch::run(site)),
    },
    Proof {
        name: "scaled_under_load",
        claim: "ingestors scale from 1 to 3 and back to 1 under load, and nothing acknowledged is lost",
        needs: PRODUCTION,
        run: |site| Seen::Proved(scaled_under_load::run(site)),
    },
    Proof {
        name: "credentials_rotated",
        claim: "tokens of senders and the credentials of Elasticsearch change under load, and nothing acknowledged is lost",
        needs: PRODUCTION,
        run: |site| Seen::Proved(credentials_rotated::run(site)),
    },
    Proof {
        name: "pods_deleted_by_force",
        claim: "pods with a volume are deleted by force under load, and nothing acknowledged is lost",
        needs: PRODUCTION,
        run: |site| Seen::Proved(pods_deleted_by_force::run(site)),
    },
    Proof {
        name: "evicted_by_request",
        claim: "an eviction, as `kubectl drain` asks for, is granted for one ingestor at a time, and nothing acknowledged is lost",
        needs: PRODUCTION,
        run: |site| Seen::Proved(evicted_by_request::run(site)),
    },
    Proof {
        name: "image_rolled",
        claim: "another tag of the images of operator, ingestor and query server rolls out under load, and nothing acknowledged is lost",
        needs: PRODUCTION,
        run: |site| Seen::Proved(image_rolled::run(site)),
    },
    Proof {
        name: "node_under_pressure",
        claim: "a node short of process ids evicts pods under load; all come back, and nothing acknowledged is lost",
        needs: PRODUCTION,
        run: node_under_pressure::run,
    },
    Proof {
        name: "network_policies",
        claim: "every pod of a pipeline is selected by a NetworkPolicy that names the ports it serves and may reach; what none names is refused",
        needs: &["load_test_reports", "two_pipelines_one_elasticsearch"],
        run: network_policies::run,
    },
    Proof {
        name: "retention_edited",
        claim: "an edit of the retention reaches Elasticsearch, and entries that are too old are removed from it",
        needs: PRODUCTION,
        run: |site| Seen::Proved(retention_edited::run(site)),
    },
    Proof {
        name: "uninstalled",
        claim: "what is deleted and uninstalled leaves nothing but what the policies keep",
        needs: &["on_opensearch", "scaled_under_load", "two_pipelines_one_elasticsearch", "retention_edited"],
        run: |site| Seen::Proved(uninstalled::run(site)),
    },
];

pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|proof| proof.name).collect()
}
