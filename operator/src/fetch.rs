//! Step one: what a spec refers to, read from the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use kube::{Api, Client};

use crate::capabilities::Capabilities;
use crate::crd::{LocalRef, LogPipelineSpec};

/// What was found of everything that a spec refers to.
#[derive(Debug, Clone, Default)]
pub struct Fetched {
    /// Secrets by name; `None` for one that is not there.
    pub secrets: BTreeMap<String, Option<SecretData>>,
    /// Of the Elasticsearch resource that `eckRef` names.
    pub eck: Option<Eck>,
    pub capabilities: Capabilities,
}

/// What a Secret holds. Never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretData(pub BTreeMap<String, Vec<u8>>);

impl fmt::Debug for SecretData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// An Elasticsearch resource of ECK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eck {
    Found {
        tls: bool,
    },
    Missing,
    /// The cluster knows no such kind.
    NotInstalled,
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("failed to read Secret {namespace}/{name}: {source}")]
    Secret { namespace: String, name: String, source: kube::Error },
    #[error("failed to read Elasticsearch {namespace}/{name}: {source}")]
    Eck { namespace: String, name: String, source: kube::Error },
}

/// Names of the Secrets that ECK makes for an Elasticsearch resource.
pub mod eck {
    pub fn user_secret(name: &str) -> String {
        format!("{name}-es-elastic-user")
    }

    pub fn authority_secret(name: &str) -> String {
        format!("{name}-es-http-certs-public")
    }
}

/// The names of all Secrets that a spec refers to, in the namespace of its LogPipeline.
pub fn secrets_of(spec: &LogPipelineSpec) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |reference: Option<&LocalRef>| names.extend(reference.map(|one| one.name.clone()));
    add(spec.ingestor.tokens_secret_ref.as_ref());
    add(spec.ingestor.tls_secret_ref.as_ref());
    spec.ingestor.listeners.iter().for_each(|one| add(one.shared_key_secret_ref.as_ref()));
    add(spec.query.auth.as_ref().and_then(|auth| auth.users_secret_ref.as_ref()));
    add(spec.query.tls_secret_ref.as_ref());
    if let Some(elasticsearch) = &spec.storage.elasticsearch {
        add(elasticsearch.credentials_secret_ref.as_ref());
        add(elasticsearch.ca_secret_ref.as_ref());
        if let Some(eck) = &elasticsearch.eck_ref {
            if elasticsearch.credentials_secret_ref.is_none() {
                names.insert(eck::user_secret(&eck.name));
            }
            if elasticsearch.ca_secret_ref.is_none() {
                names.insert(eck::authority_secret(&eck.name));
            }
        }
    }
    names
}

pub async fn fetch(
    client: &Client,
    namespace: &str,
    spec: &LogPipelineSpec,
    capabilities: Capabilities,
) -> Result<Fetched, FetchError> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let mut secrets = BTreeMap::new();
    for name in secrets_of(spec) {
        let found = api.get_opt(&name).await.map_err(|source| FetchError::Secret {
            namespace: namespace.to_owned(),
            name: name.clone(),
            source,
        })?;
        secrets.insert(name, found.map(data));
    }
    let eck = match spec.storage.elasticsearch.as_ref().and_then(|one| one.eck_ref.as_ref()) {
        Some(reference) => Some(find_eck(client, namespace, &reference.name).await?),
        None => None,
    };
    Ok(Fetched { secrets, eck, capabilities })
}

fn data(secret: Secret) -> SecretData {
    let data = secret.data.unwrap_or_default();
    SecretData(data.into_iter().map(|(key, value)| (key, value.0)).collect())
}

async fn find_eck(client: &Client, namespace: &str, name: &str) -> Result<Eck, FetchError> {
    let kind = GroupVersionKind::gvk("elasticsearch.k8s.elastic.co", "v1", "Elasticsearch");
    let resource = ApiResource::from_gvk_with_plural(&kind, "elasticsearches");
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    match api.get(name).await {
        Ok(found) => {
            let disabled = &found.data["spec"]["http"]["tls"]["selfSignedCertificate"]["disabled"];
            Ok(Eck::Found { tls: disabled.as_bool() != Some(true) })
        }
        Err(kube::Error::Api(status)) if status.code == 404 => {
            // Where the kind is unknown the answer is no Status of an object.
            let known = status.details.as_ref().is_some_and(|details| details.name == name);
            Ok(if known { Eck::Missing } else { Eck::NotInstalled })
        }
        Err(source) => {
            Err(FetchError::Eck { namespace: namespace.to_owned(), name: name.to_owned(), source })
        }
    }
}
