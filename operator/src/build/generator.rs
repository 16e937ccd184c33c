//! Load tests, as Jobs.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{EnvVar, PodTemplateSpec};

use super::context::{Component, Context, hash};
use super::pod::{self, PodParts};
use super::{access, config, ingestor, query};
use crate::validate::Generator;

const COMPONENT: Component = Component::Generator;
/// Where Kubernetes reads what a container has to say at its end.
const REPORT: &str = "/dev/termination-log";
/// What starting, waiting for servers and verifying may take beside the load, in seconds.
const BESIDE: i64 = 600;

/// The Job of a generator. Its name changes with the generator's settings, and with nothing else, so that a changed generator
/// runs anew and no other does.
pub fn job_name(pipeline: &str, generator: &Generator) -> String {
    let settings = serde_json::to_string(&generator.spec).unwrap_or_default();
    format!("{pipeline}-{}-{}", generator.spec.name, &hash([settings.as_str()])[..8])
}

pub(super) fn job(context: &Context<'_>, generator: &Generator) -> Job {
    let mut metadata = context.meta(job_name(&context.pipeline.name, generator), COMPONENT);
    let labels = metadata.labels.get_or_insert_default();
    labels.insert("logpipeline.dev/generator".to_owned(), generator.spec.name.clone());
    let seconds = i64::try_from(generator.duration.as_secs()).unwrap_or(i64::MAX / 2);
    Job {
        metadata,
        spec: Some(JobSpec {
            // A second run would be another one: its entries and its figures are new.
            backoff_limit: Some(0),
            active_deadline_seconds: Some(seconds + BESIDE),
            template: template(context, generator),
            ..Default::default()
        }),
        status: None,
    }
}

fn template(context: &Context<'_>, generator: &Generator) -> PodTemplateSpec {
    let (mut variables, volumes, mounts) = access::generator(context);
    let pipeline = context.pipeline;
    let mut set = |name: &str, value: String| variables.insert(format!("LOGPIPELINE_{name}"), value);
    let address = |component, tls, port| {
        let scheme = if tls { "https" } else { "http" };
        format!("{scheme}://{}.{}.svc:{port}", context.name(component), pipeline.namespace)
    };
    let spec = &generator.spec;
    set("TARGET", address(Component::Ingestor, pipeline.ingestor.tls.is_some(), ingestor::PORT));
    set("QUERY_URL", address(Component::Query, pipeline.query.tls.is_some(), query::PORT));
    set("RATE", spec.rate.to_string());
    set("DURATION", config::seconds(generator.duration));
    set("CONCURRENCY", spec.concurrency.to_string());
    set("BATCH_SIZE", spec.batch_size.to_string());
    set("VERIFY", spec.verify.to_string());
    set("REPORT", REPORT.to_owned());
    // The pipeline may be as new as the Job.
    set("WAIT", "300s".to_owned());
    let mut container = pod::container(context, "generator", &context.settings.generator_image, None, mounts);
    container.env = Some(
        variables
            .into_iter()
            .map(|(name, value)| EnvVar { name, value: Some(value), value_from: None })
            .collect(),
    );
    container.termination_message_path = Some(REPORT.to_owned());
    let parts = PodParts {
        component: COMPONENT,
        account: context.name(COMPONENT),
        containers: vec![container],
        volumes,
        config_hash: None,
        grace: 30,
    };
    let mut template = pod::template(context, parts);
    template.spec.get_or_insert_default().restart_policy = Some("Never".to_owned());
    template
}
