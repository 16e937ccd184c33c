//! What the cluster holds of everything that is ours, kept up to date, and who is to be reconciled when it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use tokio::sync::mpsc;

use crate::build::{INSTANCE, MANAGED_BY, MANAGER, internal_secret};
use crate::crd::LogPipeline;
use crate::fetch::secrets_of;

/// The kinds that a pipeline is made of and that every cluster has.
pub fn kinds() -> Vec<ApiResource> {
    fn of<K: Resource<DynamicType = ()>>() -> ApiResource {
        ApiResource::erase::<K>(&())
    }
    vec![
        of::<ServiceAccount>(),
        of::<ConfigMap>(),
        of::<Service>(),
        of::<Deployment>(),
        of::<StatefulSet>(),
        of::<PodDisruptionBudget>(),
        of::<NetworkPolicy>(),
        of::<HorizontalPodAutoscaler>(),
        of::<Ingress>(),
        of::<Job>(),
        of::<Pod>(),
    ]
}

/// Namespaces that are looked at.
#[derive(Debug, Clone)]
pub enum Scope {
    Cluster,
    Namespace(String),
}

impl Scope {
    pub fn api<K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>>(
        &self,
        client: &Client,
    ) -> Api<K> {
        match self {
            Self::Cluster => Api::all(client.clone()),
            Self::Namespace(namespace) => Api::namespaced(client.clone(), namespace),
        }
    }

    fn dynamic(&self, client: &Client, resource: &ApiResource) -> Api<DynamicObject> {
        match self {
            Self::Cluster => Api::all_with(client.clone(), resource),
            Self::Namespace(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        }
    }
}

/// Everything of ours in the cluster, as far as watches have told.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    kinds: Arc<BTreeMap<String, (ApiResource, Store<DynamicObject>)>>,
}

impl Stores {
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<DynamicObject>> {
        let (resource, store) = self.kinds.get(kind)?;
        store.get(&ObjectRef::new_with(name, resource.clone()).within(namespace))
    }

    /// All objects of a kind in a namespace.
    pub fn all(&self, kind: &str, namespace: &str) -> Vec<Arc<DynamicObject>> {
        let Some((_, store)) = self.kinds.get(kind) else { return Vec::new() };
        let within = |object: &Arc<DynamicObject>| object.namespace().as_deref() == Some(namespace);
        store.state().into_iter().filter(within).collect()
    }

    pub fn resources(&self) -> impl Iterator<Item = &ApiResource> {
        self.kinds.values().map(|(resource, _)| resource)
    }

    /// Until every kind was listed once.
    pub async fn ready(&self) {
        for (_, store) in self.kinds.values() {
            // It fails where the watch has ended, as it does at the end of the process.
            let _ = store.wait_until_ready().await;
        }
    }
}

/// Whoever is to be reconciled because something changed.
pub type Triggers = mpsc::UnboundedReceiver<ObjectRef<LogPipeline>>;

/// Begins to watch all kinds. `pipelines` tells who names a Secret. The tasks end when the receiver is dropped.
pub fn start(client: &Client, scope: &Scope, pipelines: Store<LogPipeline>) -> (Stores, Triggers) {
    let (send, triggers) = mpsc::unbounded_channel();
    let mut stores = BTreeMap::new();
    for resource in kinds() {
        let writer = reflector::store::Writer::<DynamicObject>::new(resource.clone());
        let reader = writer.as_reader();
        let selector = watcher::Config::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
        let api = scope.dynamic(client, &resource);
        let stream = watcher(api, selector)
            .modify(|object| object.managed_fields_mut().clear())
            .default_backoff()
            .reflect(writer)
            .touched_objects();
        let (send, kind) = (send.clone(), resource.kind.clone());
        tokio::spawn(async move {
            let mut stream = std::pin::pin!(stream);
            loop {
                tokio::select! {
                    next = stream.next() => match next {
                        Some(Ok(object)) => {
                            if let Some(pipeline) = pipeline_of(&object) {
                                let _ = send.send(pipeline);
                            }
                        }
                        Some(Err(error)) => tracing::warn!(kind, %error, "a watch failed; it is tried again"),
                        None => return,
                    },
                    () = send.closed() => return,
                }
            }
        });
        stores.insert(resource.kind.clone(), (resource, reader));
    }
    tokio::spawn(secrets(scope.api(client), pipelines, send));
    (Stores { kinds: Arc::new(stores) }, triggers)
}

/// The pipeline that an object belongs to: its owner, or for a pod the one in its labels.
fn pipeline_of(object: &DynamicObject) -> Option<ObjectRef<LogPipeline>> {
    let namespace = object.namespace()?;
    let owner = object.owner_references().iter().find(|owner| owner.kind == "LogPipeline");
    let name = owner.map(|owner| owner.name.as_str());
    let name = name.or_else(|| object.labels().get(INSTANCE).map(String::as_str))?;
    Some(ObjectRef::new(name).within(&namespace))
}

/// Watches Secrets, without what they hold, for those that pipelines name, and their own.
async fn secrets(
    api: Api<PartialObjectMeta<Secret>>,
    pipelines: Store<LogPipeline>,
    send: mpsc::UnboundedSender<ObjectRef<LogPipeline>>,
) {
    let stream = watcher(api, watcher::Config::default()).default_backoff().touched_objects();
    let mut stream = std::pin::pin!(stream);
    loop {
        tokio::select! {
            next = stream.next() => match next {
                Some(Ok(secret)) => naming(&secret, &pipelines).for_each(|pipeline| { let _ = send.send(pipeline); }),
                Some(Err(error)) => tracing::warn!(%error, "the watch of Secrets failed; it is tried again"),
                None => return,
            },
            () = send.closed() => return,
        }
    }
}

fn naming<'a>(
    secret: &PartialObjectMeta<Secret>,
    pipelines: &'a Store<LogPipeline>,
) -> impl Iterator<Item = ObjectRef<LogPipeline>> + 'a {
    let (namespace, name) = (secret.namespace(), secret.name_any());
    pipelines.state().into_iter().filter_map(move |pipeline| {
        let own = internal_secret(&pipeline.name_any()) == name;
        let names = pipeline.namespace() == namespace && (own || secrets_of(&pipeline.spec).contains(&name));
        names.then(|| ObjectRef::from_obj(&*pipeline))
    })
}
