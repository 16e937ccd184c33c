//! How components are reached from outside of the cluster.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, ServiceBackendPort,
};

use super::context::{Component, Context};
use super::{ingestor, query};
use crate::crd;

pub(super) fn ingresses(context: &Context<'_>) -> Vec<Ingress> {
    let pipeline = context.pipeline;
    [
        (pipeline.ingestor.ingress.as_ref(), Component::Ingestor, ingestor::PORT),
        (pipeline.query.ingress.as_ref(), Component::Query, query::PORT),
    ]
    .into_iter()
    .filter_map(|(spec, component, port)| spec.map(|spec| ingress(context, spec, component, port)))
    .collect()
}

fn ingress(context: &Context<'_>, spec: &crd::IngressSpec, component: Component, port: i32) -> Ingress {
    let name = context.name(component);
    let mut metadata = context.meta(name.clone(), component);
    metadata.annotations = Some(spec.annotations.clone()).filter(|annotations| !annotations.is_empty());
    let backend = IngressBackend {
        service: Some(IngressServiceBackend {
            name,
            port: Some(ServiceBackendPort { number: Some(port), name: None }),
        }),
        resource: None,
    };
    let tls = spec.tls.as_ref().map(|tls| {
        vec![IngressTLS { hosts: Some(vec![spec.host.clone()]), secret_name: tls.secret_name.clone() }]
    });
    Ingress {
        metadata,
        spec: Some(IngressSpec {
            ingress_class_name: spec.class_name.clone(),
            rules: Some(vec![IngressRule {
                host: Some(spec.host.clone()),
                http: Some(HTTPIngressRuleValue {
                    paths: vec![HTTPIngressPath {
                        path: Some("/".to_owned()),
                        path_type: "Prefix".to_owned(),
                        backend,
                    }],
                }),
            }]),
            tls,
            default_backend: None,
        }),
        status: None,
    }
}
