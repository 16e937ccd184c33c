//! As many ingestors as their CPU asks for.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};

use super::context::{Component, Context};
use crate::validate::{Replicas, Wal};

pub(super) fn autoscaler(context: &Context<'_>) -> Option<HorizontalPodAutoscaler> {
    let Replicas::Between { least, most, cpu_percent } = context.pipeline.ingestor.replicas else {
        return None;
    };
    let kind = match context.pipeline.ingestor.wal {
        Wal::Volume(_) => "StatefulSet",
        Wal::Pod => "Deployment",
    };
    let name = context.name(Component::Ingestor);
    Some(HorizontalPodAutoscaler {
        metadata: context.meta(name.clone(), Component::Ingestor),
        spec: Some(HorizontalPodAutoscalerSpec {
            min_replicas: Some(least),
            max_replicas: most,
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: kind.to_owned(),
                name,
            },
            metrics: Some(vec![MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource {
                    name: "cpu".to_owned(),
                    target: MetricTarget {
                        type_: "Utilization".to_owned(),
                        average_utilization: Some(cpu_percent),
                        ..Default::default()
                    },
                }),
                ..Default::default()
            }]),
            behavior: None,
        }),
        status: None,
    })
}
