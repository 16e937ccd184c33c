//! Kinds that a cluster may have or not: those of the Prometheus operator, and Elasticsearch of ECK.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

async fn define(site: &Site, group: &str, kind: &str, plural: &str) -> ApiResource {
    let name = format!("{plural}.{group}");
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": name },
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase() },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true } } }],
        },
    });
    let api: Api<CustomResourceDefinition> = Api::all(site.client.clone());
    api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(&definition)).await.unwrap();
    await_condition(api, &name, is_crd_established()).await.unwrap();
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", kind), plural)
}

async fn put(site: &Site, resource: &ApiResource, name: &str, spec: Value) {
    let api: Api<DynamicObject> = Api::namespaced_with(site.client.clone(), &site.namespace, resource);
    let object = json!({ "apiVersion": resource.api_version, "kind": resource.kind,
        "metadata": { "name": name }, "spec": spec });
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&object)).await.unwrap();
}

#[tokio::test]
async fn monitors_are_made_when_their_kind_comes_and_nothing_breaks_when_it_goes() {
    let site = Site::new("monitors").await;
    site.apply(&embedded("logs", json!({}))).await;
    eventually("the store is made", async || site.get::<StatefulSet>("logs-store").await).await;
    let kind = define(&site, "monitoring.coreos.com", "ServiceMonitor", "servicemonitors").await;
    let monitors: Api<DynamicObject> = Api::namespaced_with(site.client.clone(), &site.namespace, &kind);
    eventually("the monitor is made", async || monitors.get_opt("logs").await.unwrap()).await;

    let definitions: Api<CustomResourceDefinition> = Api::all(site.client.clone());
    definitions.delete("servicemonitors.monitoring.coreos.com", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    // The rest is looked after as before.
    site.api::<Service>().delete("logs-query", &DeleteParams::default()).await.unwrap();
    eventually("the Service is back", async || site.get::<Service>("logs-query").await).await;
}

#[tokio::test]
async fn an_elasticsearch_of_eck_is_reached_as_eck_has_it_with_eck_played() {
    let site = Site::new("eckfound").await;
    let definitions: Api<CustomResourceDefinition> = Api::all(site.client.clone());
    let left =
        definitions.delete("elasticsearches.elasticsearch.k8s.elastic.co", &DeleteParams::default()).await;
    if left.is_ok() {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    let eck = json!({ "storage": { "elasticsearch": { "url": null, "eckRef": { "name": "main" } } } });
    site.apply(&elasticsearch("logs", "http://unused", eck)).await;
    let (reason, message) = site.until_condition("logs", "ConfigValid", "False").await;
    assert_eq!(reason, "ElasticsearchNotFound");
    assert!(message.contains("names main") && message.contains("install ECK"), "{message}");
    let kind = define(&site, "elasticsearch.k8s.elastic.co", "Elasticsearch", "elasticsearches").await;
    let message = eventually("it is missed", async || {
        let (_, reason, message) = site.condition("logs", "ConfigValid").await?;
        (reason == "ElasticsearchNotFound" && message.contains("does not exist")).then_some(message)
    })
    .await;
    assert!(message.contains(&format!("Elasticsearch {}/main", site.namespace)), "{message}");
    put(&site, &kind, "main", json!({ "version": "9.4.3" })).await;
    site.secret("main-es-elastic-user", &[("elastic", "s3cret")]).await;
    let authority = include_str!("pipelines/authority.pem");
    site.secret("main-es-http-certs-public", &[("ca.crt", authority)]).await;
    site.until_condition("logs", "ConfigValid", "True").await;
    let data =
        eventually("the settings are made", async || site.get::<ConfigMap>("logs-ingestor").await?.data)
            .await;
    let url = format!("https://main-es-http.{}.svc:9200", site.namespace);
    assert_eq!(data["LOGPIPELINE_ELASTICSEARCH_URL"], url);
    assert_eq!(data["LOGPIPELINE_ELASTICSEARCH_USER"], "elastic");
    // Nobody answers there, and that is told.
    let (reason, _) = site.until_condition("logs", "StorageReady", "False").await;
    assert_eq!(reason, "Unreachable");

    let hash = async || {
        let template = site.get::<Deployment>("logs-ingestor").await?.spec?.template;
        template.metadata?.annotations?.get("logpipeline.dev/config-hash").cloned()
    };
    let mut before = eventually("the ingestor is made", hash).await;
    let renewed = format!("{authority}{authority}");
    for (secret, key, value) in [
        ("main-es-elastic-user", "elastic", "another"),
        ("main-es-http-certs-public", "ca.crt", renewed.as_str()),
    ] {
        site.secret(secret, &[(key, value)]).await;
        before =
            eventually("what ECK rotates rolls the pods", async || hash().await.filter(|now| *now != before))
                .await;
    }
}
