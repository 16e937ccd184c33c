use crate::places::{AUDIT, PIPELINE, PROD, RELEASE, SHOP};
use crate::site::Site;
use crate::waiting::eventually;

use super::production_on_elasticsearch::STREAM;
use super::two_pipelines_one_elasticsearch::OTHER;

const OPERANDS: &str = "pods,services,statefulsets,deployments,jobs,configmaps,networkpolicies,poddisruptionbudgets,serviceaccounts,ingresses,horizontalpodautoscalers,secrets";

pub fn run(site: &Site) -> String {
    let (cluster, elasticsearch) = (&site.cluster, &site.elasticsearch);
    for namespace in [SHOP, PROD, AUDIT] {
        cluster.kubectl(&[
            "delete",
            "-n",
            namespace,
            "logpipeline",
            PIPELINE,
            "--wait=true",
            "--timeout=180s",
            "--ignore-not-found",
        ]);
        eventually(&format!("nothing of the pipeline is left in {namespace}"), 180, || {
            let left = cluster.kubectl(&[
                "get",
                "-n",
                namespace,
                OPERANDS,
                "-l",
                "app.kubernetes.io/managed-by=logpipeline-operator",
                "-o",
                "name",
            ]);
            left.trim().is_empty().then_some(())
        });
    }
    let claims =
        |namespace: &str| cluster.kubectl(&["get", "-n", namespace, "persistentvolumeclaims", "-o", "name"]);
    assert_eq!(claims(SHOP).trim(), "persistentvolumeclaim/data-logs-store-0");
    assert_eq!(claims(PROD).lines().count(), 3);
    assert_eq!(claims(AUDIT).trim(), "");
    let template = |stream: &str| elasticsearch.ask("GET", &format!("/_index_template/{stream}"), None).0;
    assert_eq!((template(STREAM), template(OTHER)), (200, 200));
    assert!(!elasticsearch.indices(STREAM).is_empty() && !elasticsearch.indices(OTHER).is_empty());

    cluster.helm(&["uninstall", RELEASE, "--namespace", RELEASE, "--wait"]);
    let kinds =
        "deployments,services,serviceaccounts,configmaps,roles,rolebindings,clusterroles,clusterrolebindings";
    let left =
        cluster.kubectl(&["get", kinds, "-A", "-l", "app.kubernetes.io/instance=logpipeline", "-o", "name"]);
    assert_eq!(left.trim(), "");
    let definition =
        cluster.kubectl(&["get", "customresourcedefinition", "logpipelines.logpipeline.dev", "-o", "name"]);
    assert!(definition.contains("logpipelines"));
    "left, as `deletionPolicy: Retain` says: the embedded store's volume, 3 volumes of ingestors, data streams with entries and their templates; and the definition, which the chart keeps".to_owned()
}
