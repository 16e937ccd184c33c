//! The reference of the resource, made from its definition.

use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::Value;

use crate::crd;

const HEAD: &str = "\
# LogPipeline

Reference of the resource `LogPipeline`, `logpipeline.dev/v1alpha1`. Made from its definition: `make crds`.

Durations are numbers with a unit (`ms`, `s`, `m`, `h`, `d`, `w`), such as `30d` or `1h30m`. Quantities of bytes are as Kubernetes writes them, such as
`20Gi`.
";

pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    let definition = crd::definition();
    let schema = definition.spec.versions.first().and_then(|version| version.schema.as_ref());
    let Some(schema) = schema.and_then(|schema| schema.open_api_v3_schema.as_ref()) else { return text };
    for part in ["spec", "status"] {
        if let Some(schema) = schema.properties.as_ref().and_then(|properties| properties.get(part)) {
            section(&mut text, part, schema);
        }
    }
    text
}

/// The fields of an object, then those of the objects within.
fn section(text: &mut String, path: &str, schema: &JSONSchemaProps) {
    let _ = write!(text, "\n## {path}\n\n");
    if let Some(description) = &schema.description {
        let _ = write!(text, "{}\n\n", one_line(description));
    }
    rules(text, schema);
    text.push_str("| field | type | default | |\n|---|---|---|---|\n");
    let mut inner = Vec::new();
    let required = schema.required.as_deref().unwrap_or_default();
    for (name, field) in schema.properties.iter().flatten() {
        let default = match &field.default {
            Some(default) => shown(&default.0),
            None if required.contains(name) => "required".to_owned(),
            None => String::new(),
        };
        let mut about = one_line(field.description.as_deref().unwrap_or_default());
        if let Some(values) = &field.enum_ {
            let values: Vec<_> = values.iter().map(|value| shown(&value.0)).collect();
            if !about.contains(values.first().map_or("", String::as_str)) {
                let _ = write!(about, " One of {}.", values.join(", "));
            }
        }
        let _ = writeln!(text, "| `{name}` | {} | {default} | {} |", kind(field), about.replace('|', "\\|"));
        if let Some(object) = object(field).filter(|_| !is_foreign(name)) {
            let list = if field.type_.as_deref() == Some("array") { "[]" } else { "" };
            inner.push((format!("{path}.{name}{list}"), object));
        }
    }
    for (path, object) in inner {
        section(text, &path, &object);
    }
}

/// What must hold besides, in the words in which the API server refuses.
fn rules(text: &mut String, schema: &JSONSchemaProps) {
    let messages: Vec<_> =
        schema.x_kubernetes_validations.iter().flatten().filter_map(|rule| rule.message.as_deref()).collect();
    if messages.is_empty() {
        return;
    }
    text.push_str("Refused otherwise:\n\n");
    for message in messages {
        let _ = writeln!(text, "- {message}");
    }
    text.push('\n');
}

/// Kubernetes' own types, which its reference tells of.
fn is_foreign(name: &str) -> bool {
    ["resources", "conditions", "from"].contains(&name)
}

fn object(field: &JSONSchemaProps) -> Option<JSONSchemaProps> {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaPropsOrArray;
    let has_fields =
        |schema: &JSONSchemaProps| schema.properties.as_ref().is_some_and(|some| !some.is_empty());
    if has_fields(field) {
        return Some(field.clone());
    }
    match field.items.as_ref()? {
        JSONSchemaPropsOrArray::Schema(schema) if has_fields(schema) => Some(schema.as_ref().clone()),
        _ => None,
    }
}

fn kind(field: &JSONSchemaProps) -> String {
    match field.type_.as_deref() {
        Some("array") => "list".to_owned(),
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Object(_) => String::new(),
        other => format!("`{other}`"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
