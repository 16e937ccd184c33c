//! Service accounts: pods need nothing of the API server, and get no token for it.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::context::{Component, Context};

pub(super) fn account(context: &Context<'_>, component: Component) -> ServiceAccount {
    ServiceAccount {
        metadata: context.meta(context.name(component), component),
        automount_service_account_token: Some(false),
        ..Default::default()
    }
}
