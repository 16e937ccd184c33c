//! What the API server lets the operator's account do: what the operator does, and nothing else.

use serde_json::{Value, json};

use crate::support::{Global, Namespace, apply, kubectl, objects, render};

/// Verbs, then `group/resource` or `group/resource/subresource`; the group without a name is `core`.
const ALLOWED: [(&str, &str); 20] = [
    ("list watch patch", "logpipeline.dev/logpipelines"),
    ("patch", "logpipeline.dev/logpipelines/status"),
    ("update", "logpipeline.dev/logpipelines/finalizers"),
    ("get list watch create", "core/secrets"),
    ("list watch", "core/pods"),
    ("list patch", "core/persistentvolumeclaims"),
    ("get list watch create patch delete", "core/configmaps"),
    ("get list watch create patch delete", "core/services"),
    ("get list watch create patch delete", "core/serviceaccounts"),
    ("get list watch create patch delete", "apps/deployments"),
    ("get list watch create patch delete", "apps/statefulsets"),
    ("get list watch create patch delete", "autoscaling/horizontalpodautoscalers"),
    ("get list watch create patch delete", "batch/jobs"),
    ("get list watch create patch delete", "networking.k8s.io/ingresses"),
    ("get list watch create patch delete", "networking.k8s.io/networkpolicies"),
    ("get list watch create patch delete", "policy/poddisruptionbudgets"),
    ("get create patch", "monitoring.coreos.com/prometheusrules"),
    ("get create patch", "monitoring.coreos.com/servicemonitors"),
    ("get", "elasticsearch.k8s.elastic.co/elasticsearches"),
    ("create patch", "events.k8s.io/events"),
];

const DENIED: [(&str, &str); 16] = [
    ("create delete deletecollection update", "logpipeline.dev/logpipelines"),
    ("patch update delete deletecollection", "core/secrets"),
    ("get create patch update delete", "core/pods"),
    ("create get", "core/pods/exec"),
    ("get", "core/pods/log"),
    ("create", "core/serviceaccounts/token"),
    ("impersonate", "core/serviceaccounts"),
    ("get create delete", "core/persistentvolumeclaims"),
    ("get list create", "core/namespaces"),
    ("get list", "core/nodes"),
    ("update deletecollection", "apps/deployments"),
    ("create", "apps/daemonsets"),
    ("create bind escalate", "rbac.authorization.k8s.io/roles"),
    ("create bind escalate", "rbac.authorization.k8s.io/clusterroles"),
    ("list create patch delete", "elasticsearch.k8s.elastic.co/elasticsearches"),
    ("get create", "apiextensions.k8s.io/customresourcedefinitions"),
];

/// What an account is asked about.
struct Question<'a> {
    verb: &'a str,
    what: &'a str,
    name: &'a str,
    /// Empty: all.
    namespace: &'a str,
}

fn questions<'a>(table: &[(&'a str, &'a str)], namespace: &'a str) -> Vec<Question<'a>> {
    let each = |(verbs, what): &(&'a str, &'a str)| {
        let what = *what;
        verbs.split(' ').map(move |verb| Question { verb, what, name: "", namespace }).collect::<Vec<_>>()
    };
    table.iter().flat_map(each).collect()
}

/// Asserts that an account may do all of it, or none.
fn assert_all(account: &Namespace, questions: &[Question<'_>], allowed: bool) {
    let user = format!("system:serviceaccount:{}:logpipeline-operator", account.0);
    let review = |question: &Question<'_>| {
        let mut parts = question.what.split('/');
        let group = parts.next().filter(|group| *group != "core").unwrap_or_default();
        let (resource, subresource) = (parts.next().unwrap(), parts.next().unwrap_or_default());
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": { "user": user, "groups": ["system:serviceaccounts", "system:authenticated"], "resourceAttributes": {
                "verb": question.verb, "group": group, "resource": resource, "subresource": subresource,
                "name": question.name, "namespace": question.namespace,
            } },
        })
    };
    let documents: Vec<_> = questions.iter().map(|question| review(question).to_string()).collect();
    let answers = kubectl(&["create", "--filename=-", "--output=yaml"], &documents.join("\n---\n")).unwrap();
    let mut answers = objects(&answers);
    if let Some(Value::Array(items)) = answers[0].get_mut("items").map(Value::take) {
        answers = items;
    }
    assert_eq!(answers.len(), questions.len());
    for (question, answer) in questions.iter().zip(&answers) {
        let Question { verb, what, name, namespace } = question;
        assert_eq!(answer["status"]["allowed"], allowed, "{verb} {what} {name} in {namespace}");
    }
}

/// Gives the roles of a release to its account, for real.
fn install(namespace: &Namespace, args: &[&str]) -> Vec<Global> {
    let mut made = Vec::new();
    for object in render(&namespace.0, args) {
        let kind = object["kind"].as_str().unwrap();
        if kind.contains("Role") {
            apply(&object);
            if kind.starts_with("Cluster") {
                made.push(Global(format!(
                    "{}/{}",
                    kind.to_lowercase(),
                    object["metadata"]["name"].as_str().unwrap()
                )));
            }
        }
    }
    made
}

fn leases<'a>(namespace: &'a str, name: &'a str) -> Vec<Question<'a>> {
    let what = "coordination.k8s.io/leases";
    ["get", "patch"].map(|verb| Question { verb, what, name, namespace }).into()
}

#[test]
fn an_operator_of_the_cluster_may_do_what_it_does_anywhere() {
    let (own, other) = (Namespace::new("cluster"), Namespace::new("elsewhere"));
    let _roles = install(&own, &[]);
    for namespace in [own.0.as_str(), &other.0, ""] {
        assert_all(&own, &questions(&ALLOWED, namespace), true);
        assert_all(&own, &questions(&DENIED, namespace), false);
    }
    assert_all(&own, &leases(&own.0, "logpipeline-operator"), true);
    assert_all(&own, &leases(&own.0, "another"), false);
    assert_all(&own, &leases(&other.0, "logpipeline-operator"), false);
}

#[test]
fn an_operator_of_some_namespaces_may_do_it_there_and_nowhere_else() {
    let own = Namespace::new("roles");
    let (one, other) = (Namespace::new("roles-one"), Namespace::new("roles-other"));
    let made = install(&own, &["--set", &format!("namespaces={{{}}}", one.0)]);
    assert!(made.is_empty(), "there are roles of the whole cluster");
    assert_all(&own, &questions(&ALLOWED, &one.0), true);
    assert_all(&own, &questions(&DENIED, &one.0), false);
    for namespace in [own.0.as_str(), &other.0, ""] {
        assert_all(&own, &questions(&ALLOWED, namespace), false);
    }
    assert_all(&own, &leases(&own.0, "logpipeline-operator"), true);
    assert_all(&own, &leases(&one.0, "logpipeline-operator"), false);
}
