//! Drains of nodes take one pod of a component at a time.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::context::{Component, Context};

pub(super) fn budget(context: &Context<'_>, component: Component) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: context.meta(context.name(component), component),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(context.label_selector(component)),
            ..Default::default()
        }),
        status: None,
    }
}
