//! Load tests, as Jobs.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{EnvVar, PodTemplateSpec};
use serde_json::{Value, json};

use super::context::{Component, Context, hash};
use super::pod::{self, PodParts};
use super::{access, config, ingestor, query};
use crate::crd::GeneratorSpec;
use crate::validate::Generator;

const COMPONENT: Component = Component::Generator;
/// Where Kubernetes reads what a container has to say at its end.
const REPORT: &str = "/dev/termination-log";
/// What starting, waiting for servers and verifying may take beside the load, in seconds.
const BESIDE: i64 = 600;

/// The Job of a generator. Its name changes with the generator's settings, and with nothing else, so that a changed generator
/// runs anew and no other does.
pub fn job_name(pipeline: &str, generator: &Generator) -> String {
    let settings = settings(&generator.spec).to_string();
    format!("{pipeline}-{}-{}", generator.spec.name, &hash([settings.as_str()])[..8])
}

/// What is set to other than its default: a setting that a later version adds starts no Job anew.
fn settings(spec: &GeneratorSpec) -> Value {
    let mut settings = json!(spec);
    let defaults = serde_json::from_value::<GeneratorSpec>(json!({ "name": "" })).map(|spec| json!(spec));
    if let (Value::Object(settings), Ok(Value::Object(defaults))) = (&mut settings, defaults) {
        settings.retain(|name, value| defaults.get(name) != Some(value));
    }
    settings
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_what_is_not_as_it_is_anyway() {
        let of = |spec: Value| serde_json::from_value::<GeneratorSpec>(spec).unwrap();
        let plain = of(json!({ "name": "steady" }));
        assert_eq!(settings(&plain), json!({ "name": "steady" }));
        let spelled = of(
            json!({ "name": "steady", "rate": 200, "duration": "1m", "concurrency": 4, "batchSize": 10, "verify": true }),
        );
        assert_eq!(settings(&spelled), settings(&plain));
        let faster = of(json!({ "name": "steady", "rate": 300 }));
        assert_eq!(settings(&faster), json!({ "name": "steady", "rate": 300 }));
    }
}
