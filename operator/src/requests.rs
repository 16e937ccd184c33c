//! Counts what is asked of the API server.

use http::{Method, Request};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use prometheus::IntCounterVec;
use tower::util::MapRequestLayer;

/// A client whose requests are counted by verb and resource.
pub fn counted(config: Config, requests: IntCounterVec) -> kube::Result<Client> {
    let count = move |request: Request<Body>| {
        let (verb, resource) = kind(request.method(), request.uri().path(), request.uri().query());
        requests.with_label_values(&[verb, resource]).inc();
        request
    };
    Ok(ClientBuilder::try_from(config)?.with_layer(&MapRequestLayer::new(count)).build())
}

/// The verb and the resource of a request, as RBAC names them.
fn kind<'a>(method: &Method, path: &'a str, query: Option<&str>) -> (&'static str, &'a str) {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    // `/api/v1/…` or `/apis/GROUP/VERSION/…`
    let skipped = if parts.next() == Some("apis") { 2 } else { 1 };
    let mut rest: Vec<_> = parts.skip(skipped).collect();
    if rest.len() > 2 && rest[0] == "namespaces" {
        rest.drain(..2);
    }
    let resource = rest.first().copied().unwrap_or("discovery");
    let watches = query.is_some_and(|query| query.split('&').any(|one| one == "watch=true"));
    let verb = match *method {
        Method::GET if watches => "watch",
        Method::GET if rest.len() == 1 => "list",
        Method::GET => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    };
    (verb, resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_as_roles_name_them() {
        for (method, path, query, expected) in [
            (Method::GET, "/api/v1/namespaces/shop/secrets/tokens", None, ("get", "secrets")),
            (Method::GET, "/api/v1/pods", Some("limit=500"), ("list", "pods")),
            (Method::GET, "/api/v1/pods", Some("limit=500&watch=true"), ("watch", "pods")),
            (Method::GET, "/apis/apps/v1/namespaces/shop/deployments", None, ("list", "deployments")),
            (Method::PATCH, "/apis/apps/v1/namespaces/shop/deployments/logs", None, ("patch", "deployments")),
            (
                Method::PATCH,
                "/apis/logpipeline.dev/v1alpha1/namespaces/shop/logpipelines/logs/status",
                None,
                ("patch", "logpipelines"),
            ),
            (Method::POST, "/apis/events.k8s.io/v1/namespaces/shop/events", None, ("create", "events")),
            (Method::DELETE, "/api/v1/namespaces/shop/services/logs", None, ("delete", "services")),
            (Method::GET, "/api/v1/namespaces/shop", None, ("get", "namespaces")),
            (Method::GET, "/apis", None, ("get", "discovery")),
        ] {
            assert_eq!(kind(&method, path, query), expected, "{method} {path}");
        }
    }
}
