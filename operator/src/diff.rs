//! What applying a LogPipeline would change: built here, and applied by the API server without being kept.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use kube::api::{DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;
use similar::TextDiff;

use crate::apply::{internal_key, is_owned};
use crate::build::{self, MANAGED_BY, MANAGER, Operand};
use crate::capabilities::Capabilities;
use crate::cli::DiffArgs;
use crate::crd::LogPipeline;
use crate::{fetch, validate, watch};

/// The differences as text; empty where there are none.
pub async fn diff(args: &DiffArgs) -> anyhow::Result<String> {
    let mut resource = read(&args.file)?;
    let client = Client::try_default().await.context("failed to find the cluster: set KUBECONFIG")?;
    let namespace = resource
        .namespace()
        .or_else(|| args.namespace.clone())
        .unwrap_or_else(|| client.default_namespace().to_owned());
    resource.metadata.namespace = Some(namespace.clone());
    let api: Api<LogPipeline> = Api::namespaced(client.clone(), &namespace);
    let live = api.get_opt(&resource.name_any()).await.context("failed to read the LogPipeline")?;
    let mut text = String::new();
    let dry = PatchParams::apply("logpipeline-operator-diff").force().dry_run();
    let mut sent = resource.clone();
    sent.status = None;
    // The API server applies defaults, and refuses what the rules refuse.
    let name = resource.name_any();
    let answer = match &live {
        None => api.patch(&name, &dry, &Patch::Apply(&sent)).await,
        // What the file says no more goes: an apply would leave it to whoever applied it.
        Some(live) => {
            let mut next = live.clone();
            next.spec = sent.spec;
            next.labels_mut().extend(resource.labels().clone());
            next.annotations_mut().extend(resource.annotations().clone());
            api.replace(&name, &PostParams { dry_run: true, ..Default::default() }, &next).await
        }
    };
    let resource = answer.context("the API server refuses this LogPipeline")?;
    let before = live.as_ref().map(serde_json::to_value).transpose()?;
    compare(&mut text, "LogPipeline", &resource.name_any(), before, serde_json::to_value(&resource)?)?;

    let capabilities = Capabilities::discover(&client).await?;
    let fetched = fetch::fetch(&client, &namespace, &resource.spec, capabilities).await?;
    let mut pipeline = match validate::validate(&resource, &fetched) {
        Ok(pipeline) => pipeline,
        Err(problems) => {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            bail!("this LogPipeline cannot be: {}", problems.join("; "));
        }
    };
    if pipeline.uid.is_empty() {
        // The API server wants one, and gives it only to what is kept.
        pipeline.uid = "00000000-0000-0000-0000-000000000000".to_owned();
    }
    let key = internal_key(&client, &pipeline).await?.unwrap_or_default();
    let operands = build::build(&pipeline, &args.settings, capabilities, &key);
    for operand in &operands {
        one(&client, &namespace, &pipeline.uid, operand, &mut text).await?;
    }
    removed(&client, &namespace, &pipeline.uid, &operands, &mut text).await?;
    Ok(text)
}

async fn one(
    client: &Client,
    namespace: &str,
    uid: &str,
    operand: &Operand,
    text: &mut String,
) -> anyhow::Result<()> {
    let (kind, name) = (operand.kind(), operand.name());
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &operand.resource);
    let live = api.get_opt(name).await.with_context(|| format!("failed to read {kind} {name}"))?;
    if let Some(live) = &live {
        if !is_owned(live, uid) {
            text.push_str(&format!("# {kind} {name} belongs to somebody else, and would be left alone\n"));
            return Ok(());
        }
        if kind == "Job" {
            return Ok(());
        }
    }
    let mut wanted = operand.object.clone();
    if let Some(live) = live.as_ref().filter(|_| kind == "StatefulSet")
        && volume(&live.data) != volume(&wanted)
    {
        text.push_str(&format!(
            "# StatefulSet {name} would be made anew around its pods: its volumes grow from {} to {}\n",
            volume(&live.data).unwrap_or_default(),
            volume(&wanted).unwrap_or_default()
        ));
        // The API server refuses to change these.
        wanted["spec"]["volumeClaimTemplates"] = live.data["spec"]["volumeClaimTemplates"].clone();
    }
    let dry = PatchParams::apply(MANAGER).force().dry_run();
    let after = api
        .patch(name, &dry, &Patch::Apply(&wanted))
        .await
        .with_context(|| format!("the API server refuses {kind} {name}"))?;
    let before = live.as_ref().map(serde_json::to_value).transpose()?;
    compare(text, kind, name, before, serde_json::to_value(&after)?)
}

/// How large the volumes of a StatefulSet are to be.
fn volume(set: &Value) -> Option<&str> {
    set["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"].as_str()
}

/// Tells what is the pipeline's and would be no more.
async fn removed(
    client: &Client,
    namespace: &str,
    uid: &str,
    operands: &[Operand],
    text: &mut String,
) -> anyhow::Result<()> {
    let ours = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
    for resource in watch::kinds() {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let kind = &resource.kind;
        let listed =
            api.list(&ours).await.with_context(|| format!("failed to list objects of kind {kind}"))?;
        for found in listed.items.iter().filter(|found| is_owned(found, uid)) {
            let name = found.name_any();
            if !operands.iter().any(|one| one.kind() == kind && one.name() == name) {
                text.push_str(&format!("# {kind} {name} would be removed\n"));
            }
        }
    }
    Ok(())
}

fn compare(
    text: &mut String,
    kind: &str,
    name: &str,
    before: Option<Value>,
    after: Value,
) -> anyhow::Result<()> {
    let yaml = |value: Option<Value>| -> anyhow::Result<String> {
        value.map_or_else(|| Ok(String::new()), |value| Ok(serde_yaml::to_string(&plain(value))?))
    };
    let (before, after) = (yaml(before)?, yaml(Some(after))?);
    if before != after {
        let diff = TextDiff::from_lines(&before, &after);
        let header = (format!("live {kind} {name}"), format!("applied {kind} {name}"));
        text.push_str(&diff.unified_diff().header(&header.0, &header.1).to_string());
    }
    Ok(())
}

/// Without what the API server notes for itself.
fn plain(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for noted in
            ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"]
        {
            metadata.remove(noted);
        }
    }
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    object
}

fn read(path: &Path) -> anyhow::Result<LogPipeline> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("failed to read standard input")?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    }
    serde_yaml::from_str(&text).with_context(|| format!("{} is no LogPipeline", path.display()))
}
