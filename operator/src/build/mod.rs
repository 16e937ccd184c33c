//! Step three: what the cluster should hold for a pipeline, as whole objects. Pure and infallible: no client, no clock.

mod access;
mod account;
mod alerts;
mod autoscaling;
mod config;
mod context;
mod disruption;
mod generator;
mod ingestor;
mod ingress;
mod listeners;
mod monitoring;
mod network;
mod pod;
mod query;
mod service;
mod store;

use kube::Resource;
use kube::api::ApiResource;
use serde::Serialize;
use serde_json::Value;

use crate::capabilities::Capabilities;
use crate::settings::Settings;
use crate::validate::{Pipeline, Storage, Wal};
use context::Context;

pub use context::{
    COMPONENT, CONFIG_HASH, Component, INSTANCE, MANAGED_BY, MANAGER, SPEC_HASH, internal_secret, names,
    selector_text,
};
pub(crate) use context::{hash, owner};
pub use generator::job_name;

/// An object to be, and its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    pub resource: ApiResource,
    pub object: Value,
}

impl Operand {
    pub(crate) fn of<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Self {
        // A struct of strings, numbers and maps by strings always serialises.
        let object = serde_json::to_value(object).unwrap_or_default();
        Self { resource: ApiResource::erase::<K>(&()), object }
    }

    pub fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub fn kind(&self) -> &str {
        &self.resource.kind
    }

    /// Whether it is of a kind that not every cluster has.
    pub fn is_optional(&self) -> bool {
        self.resource.group == monitoring::GROUP
    }
}

/// All objects of a pipeline, those that others need first.
/// `key` is what only the operator and the pipeline's pods know: whoever reads pods must not be able to try passwords on the hashes there.
pub fn build(
    pipeline: &Pipeline,
    settings: &Settings,
    capabilities: Capabilities,
    key: &str,
) -> Vec<Operand> {
    let context = Context { pipeline, settings, key };
    let mut operands = vec![
        Operand::of(&account::account(&context, Component::Ingestor)),
        Operand::of(&account::account(&context, Component::Query)),
        Operand::of(&config::ingestor(&context)),
        Operand::of(&config::query(&context)),
        Operand::of(&service::ingestor(&context)),
        Operand::of(&service::query(&context)),
        Operand::of(&service::metrics(&context)),
    ];
    match &pipeline.storage {
        Storage::Embedded(volume) => {
            operands.push(Operand::of(&service::peers(&context, Component::Store)));
            operands.push(Operand::of(&store::stateful_set(&context, volume)));
            operands.push(Operand::of(&disruption::budget(&context, Component::Store)));
            operands.push(Operand::of(&network::store(&context)));
        }
        Storage::Elasticsearch(cluster) => {
            operands.push(Operand::of(&service::peers(&context, Component::Ingestor)));
            match &pipeline.ingestor.wal {
                Wal::Volume(volume) => {
                    operands.push(Operand::of(&ingestor::stateful_set(&context, cluster, volume)));
                }
                Wal::Pod => operands.push(Operand::of(&ingestor::deployment(&context, cluster))),
            }
            operands.push(Operand::of(&query::deployment(&context, cluster)));
            operands.push(Operand::of(&disruption::budget(&context, Component::Ingestor)));
            operands.push(Operand::of(&disruption::budget(&context, Component::Query)));
            operands.push(Operand::of(&network::ingestor(&context, cluster)));
            operands.push(Operand::of(&network::query(&context, cluster)));
        }
    }
    operands.extend(autoscaling::autoscaler(&context).iter().map(Operand::of));
    operands.extend(ingress::ingresses(&context).iter().map(Operand::of));
    if !pipeline.generators.is_empty() {
        operands.push(Operand::of(&account::account(&context, Component::Generator)));
        operands.push(Operand::of(&network::generator(&context)));
        operands.extend(pipeline.generators.iter().map(|one| Operand::of(&generator::job(&context, one))));
    }
    if capabilities.service_monitors {
        operands.push(monitoring::service_monitor(&context));
    }
    if capabilities.prometheus_rules {
        operands.push(monitoring::prometheus_rule(&context));
    }
    operands.iter_mut().for_each(context::seal);
    operands
}
