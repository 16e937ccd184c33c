//! Names, labels and owners.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Operand;
use crate::settings::Settings;
use crate::validate::Pipeline;

/// The field manager of everything that the operator writes.
pub const MANAGER: &str = "logpipeline-operator";
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// On pods: changes when something that they read at their start does.
pub const CONFIG_HASH: &str = "logpipeline.dev/config-hash";
/// On every object: changes when the object is to be another.
pub const SPEC_HASH: &str = "logpipeline.dev/spec-hash";

/// The label that tells the components of a pipeline apart.
pub const COMPONENT: &str = "app.kubernetes.io/component";
const PART_OF: &str = "app.kubernetes.io/part-of";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    Ingestor,
    Query,
    /// Both in one pod, over the embedded store.
    Store,
    Generator,
}

impl Component {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingestor => "ingestor",
            Self::Query => "query",
            Self::Store => "store",
            Self::Generator => "generator",
        }
    }
}

/// Names of objects that others must find.
pub mod names {
    use super::Component;

    pub fn of(pipeline: &str, component: Component) -> String {
        format!("{pipeline}-{}", component.as_str())
    }

    pub fn metrics(pipeline: &str) -> String {
        format!("{pipeline}-metrics")
    }
}

/// The Secret that the operator makes: a token for generators, and the key of session cookies.
pub fn internal_secret(pipeline: &str) -> String {
    format!("{pipeline}-internal")
}

/// Label selector of a component's pods, as text.
pub fn selector_text(pipeline: &str, component: Component) -> String {
    format!("{INSTANCE}={pipeline},{COMPONENT}={},{PART_OF}=logpipeline", component.as_str())
}

pub(super) struct Context<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) settings: &'a Settings,
    pub(super) key: &'a str,
}

impl Context<'_> {
    pub(super) fn name(&self, component: Component) -> String {
        names::of(&self.pipeline.name, component)
    }

    /// What tells the pods of a component from all others.
    pub(super) fn selector(&self, component: Component) -> BTreeMap<String, String> {
        [(INSTANCE, self.pipeline.name.as_str()), (COMPONENT, component.as_str()), (PART_OF, "logpipeline")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    pub(super) fn label_selector(&self, component: Component) -> LabelSelector {
        LabelSelector { match_labels: Some(self.selector(component)), ..Default::default() }
    }

    pub(super) fn labels(&self, component: Component) -> BTreeMap<String, String> {
        let mut labels = self.selector(component);
        labels.insert("app.kubernetes.io/name".to_owned(), format!("logpipeline-{}", component.as_str()));
        labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
        labels
    }

    pub(super) fn meta(&self, name: String, component: Component) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.pipeline.namespace.clone()),
            labels: Some(self.labels(component)),
            owner_references: Some(vec![owner(self.pipeline)]),
            ..Default::default()
        }
    }

    /// The component whose pods take entries in, and the one whose pods search them.
    pub(super) fn serving(&self, component: Component) -> Component {
        match self.pipeline.storage {
            crate::validate::Storage::Embedded(_) => Component::Store,
            crate::validate::Storage::Elasticsearch(_) => component,
        }
    }
}

pub(crate) fn owner(pipeline: &Pipeline) -> OwnerReference {
    OwnerReference {
        api_version: "logpipeline.dev/v1alpha1".to_owned(),
        kind: "LogPipeline".to_owned(),
        name: pipeline.name.clone(),
        uid: pipeline.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The first hexadecimal digits of a hash of several texts.
pub(crate) fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text);
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Notes a hash of the whole object on it, so that what it was meant to be can be told from what became of it.
pub(super) fn seal(operand: &mut Operand) {
    let hash = hash([operand.object.to_string().as_str()]);
    let meta = &mut operand.object["metadata"];
    if meta["annotations"] == Value::Null {
        meta["annotations"] = json!({});
    }
    meta["annotations"][SPEC_HASH] = json!(hash);
}
