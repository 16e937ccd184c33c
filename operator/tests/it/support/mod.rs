//! A namespace of a real cluster, an operator that looks after it, and somebody who plays the kubelet.

pub mod kubelet;
pub mod process;
pub mod yaml;

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Event, Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Config, ResourceExt};
use logpipeline_operator::controller::{self, Options};
use logpipeline_operator::crd::{self, LogPipeline};
use logpipeline_operator::metrics::Metrics;
use logpipeline_operator::settings::Settings;
use logpipeline_operator::watch::Scope;
use logpipeline_service::Shutdown;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

const MISSING: &str =
    "there is no cluster to test against: run dev/with-kubernetes.sh cargo test -p logpipeline-operator";

/// A namespace of its own, restricted as PodSecurity knows it.
pub struct Site {
    pub client: Client,
    pub namespace: String,
    pub metrics: Metrics,
    shutdown: Shutdown,
    operator: Option<tokio::task::JoinHandle<()>>,
}

pub async fn client() -> Client {
    let path = std::env::var("LOGPIPELINE_TEST_KUBECONFIG").expect(MISSING);
    let kubeconfig = Kubeconfig::read_from(path).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

pub async fn install_crd(client: &Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = crd::definition();
    let params = PatchParams::apply("test").force();
    api.patch(&definition.name_any(), &params, &Patch::Apply(&definition)).await.unwrap();
    let name = definition.name_any();
    let established = await_condition(api, &name, is_crd_established());
    tokio::time::timeout(Duration::from_secs(30), established).await.unwrap().unwrap();
}

impl Site {
    /// Without an operator.
    pub async fn bare(name: &str) -> Self {
        let client = client().await;
        static CRD: OnceCell<()> = OnceCell::const_new();
        CRD.get_or_init(|| install_crd(&client)).await;
        let site = Self::on(client, name).await;
        let account: Api<k8s_openapi::api::core::v1::ServiceAccount> = site.api();
        eventually("the namespace has its account", async || account.get_opt("default").await.unwrap()).await;
        site
    }

    /// In a cluster that knows LogPipelines; without an operator.
    pub async fn on(client: Client, name: &str) -> Self {
        let unique = format!("{:x}", std::process::id());
        let namespace = format!("{name}-{unique}");
        let object: Namespace = serde_json::from_value(serde_json::json!({
            "metadata": { "name": namespace, "labels": { "pod-security.kubernetes.io/enforce": "restricted" } },
        }))
        .unwrap();
        Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
        Self { client, namespace, metrics, shutdown: Shutdown::default(), operator: None }
    }

    /// With an operator that looks every second at what cannot be watched.
    pub async fn new(name: &str) -> Self {
        let mut site = Self::bare(name).await;
        site.start(Duration::from_secs(60));
        site
    }

    pub fn start(&mut self, deletion_timeout: Duration) {
        let options = Options {
            settings: Settings::default(),
            resync: Duration::from_secs(1),
            deletion_timeout,
            instance: "test".to_owned(),
            permits: Arc::new(Semaphore::new(controller::CONCURRENCY)),
        };
        self.shutdown = Shutdown::default();
        let scope = Scope::Namespace(self.namespace.clone());
        self.operator = Some(tokio::spawn(controller::run(
            self.client.clone(),
            scope,
            options,
            self.metrics.clone(),
            self.shutdown.clone(),
        )));
    }

    pub async fn stop(&mut self) {
        self.shutdown.trigger();
        if let Some(operator) = self.operator.take() {
            tokio::time::timeout(Duration::from_secs(20), operator).await.unwrap().unwrap();
        }
    }

    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub async fn apply(&self, yaml: &str) -> LogPipeline {
        self.try_apply(yaml).await.unwrap()
    }

    pub async fn try_apply(&self, yaml: &str) -> Result<LogPipeline, kube::Error> {
        let value: Value = serde_yaml::from_str(yaml).unwrap();
        let name = value["metadata"]["name"].as_str().unwrap().to_owned();
        let api: Api<LogPipeline> = self.api();
        api.patch(&name, &PatchParams::apply("user").force(), &Patch::Apply(&value)).await
    }

    pub async fn secret(&self, name: &str, data: &[(&str, &str)]) {
        let secret = serde_json::json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
            "stringData": data.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        });
        let api: Api<Secret> = self.api();
        api.patch(name, &PatchParams::apply("user").force(), &Patch::Apply(&secret)).await.unwrap();
    }

    pub async fn pipeline(&self, name: &str) -> LogPipeline {
        self.api::<LogPipeline>().get(name).await.unwrap()
    }

    /// A condition's status, reason and message, once the operator told of it.
    pub async fn condition(&self, name: &str, kind: &str) -> Option<(String, String, String)> {
        let pipeline = self.api::<LogPipeline>().get_opt(name).await.unwrap()?;
        let generation = pipeline.metadata.generation;
        let found = pipeline.status?.conditions.into_iter().find(|one| one.type_ == kind)?;
        (found.observed_generation == generation).then_some((found.status, found.reason, found.message))
    }

    pub async fn until_condition(&self, name: &str, kind: &str, status: &str) -> (String, String) {
        let what = format!("{kind} of {name} is {status}");
        eventually(&what, async || {
            let found = self.condition(name, kind).await?;
            (found.0 == status).then_some((found.1, found.2))
        })
        .await
    }

    pub async fn get<K>(&self, name: &str) -> Option<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        self.api::<K>().get_opt(name).await.unwrap()
    }

    /// Reasons of the events that tell of a pipeline.
    pub async fn events(&self) -> Vec<String> {
        let found = self.api::<Event>().list(&Default::default()).await.unwrap();
        found.items.into_iter().filter_map(|event| event.reason).collect()
    }

    pub async fn delete(&self, name: &str) {
        self.api::<LogPipeline>().delete(name, &DeleteParams::background()).await.unwrap();
    }
}

/// Until something is there, for at most a minute and a half: machines that test are busy.
pub async fn eventually<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(Instant::now() < until, "not within 90 s: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
