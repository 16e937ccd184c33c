//! The templates, as requests to be made.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Classes, REGEX_LIMIT, RetentionClass, SCHEMA_VERSION, mapping};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Elasticsearch,
    OpenSearch,
}

/// What an engine can do that others cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    pub product: Product,
    /// The field type `wildcard`, by which patterns on the raw message need not read entries.
    pub wildcard: bool,
    /// The index mode `logsdb`, with the entries kept as they were sent.
    pub logsdb: bool,
}

/// Who removes old indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lifecycle {
    /// The ingestor does, by the entries' own times. Works with every engine.
    #[default]
    Ingestor,
    /// Elasticsearch does, from 8.14 on, by when an index was rolled over.
    DataStream,
}

/// How the data streams are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Primary shards of an index.
    pub shards: u32,
    pub replicas: u32,
    /// How long an entry may take to be found.
    pub refresh_interval: Duration,
    pub lifecycle: Lifecycle,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            shards: 1,
            replicas: 1,
            refresh_interval: Duration::from_secs(1),
            lifecycle: Lifecycle::default(),
        }
    }
}

/// An object of the engine: to be put as `body` at `path`.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub path: String,
    pub body: Value,
    /// Left alone where it exists: it belongs to the user.
    pub only_if_absent: bool,
}

/// Everything that must be there before the first entry is written, in the order to put it.
///
/// The component template `logs-<pipeline>@custom` is made empty, and never changed: what users put there
/// wins over what stands here.
pub fn definitions(classes: &Classes, features: &Features, layout: &Layout) -> Vec<Definition> {
    let pipeline = classes.pipeline();
    let [settings, mappings, custom] =
        ["settings", "mappings", "custom"].map(|part| format!("logs-{pipeline}@{part}"));
    let component = |name: &str, template: Value, only_if_absent| Definition {
        path: format!("/_component_template/{name}"),
        body: json!({ "template": template, "_meta": meta() }),
        only_if_absent,
    };
    let mut definitions = vec![
        component(&settings, json!({ "settings": index_settings(features, layout) }), false),
        component(&mappings, mapped(features), false),
        component(&custom, json!({}), true),
    ];
    for class in classes.iter() {
        let stream = classes.stream(class);
        definitions.push(Definition {
            path: format!("/_index_template/{stream}"),
            body: json!({
                "index_patterns": [stream],
                "data_stream": {},
                // Above Elasticsearch's own template for logs-*-*, which takes pipelines with a dash.
                "priority": 500,
                "composed_of": [settings, mappings, custom],
                "template": class_template(class, layout),
                "_meta": meta(),
            }),
            only_if_absent: false,
        });
    }
    definitions
}

fn meta() -> Value {
    json!({ "managed_by": "logpipeline", "schema": SCHEMA_VERSION })
}

/// The engines check that the analysis a mapping names comes in the same component.
fn mapped(features: &Features) -> Value {
    json!({
        "settings": { "index": { "analysis": mapping::analysis() } },
        "mappings": mapping::mappings(features),
    })
}

fn index_settings(features: &Features, layout: &Layout) -> Value {
    let mut index = json!({
        "number_of_shards": layout.shards,
        "number_of_replicas": layout.replicas,
        "refresh_interval": format!("{}ms", layout.refresh_interval.as_millis()),
        "codec": "best_compression",
        "sort": {
            "field": ["@timestamp", "search.era", "id"],
            "order": ["desc", "desc", "desc"],
        },
        "max_regex_length": REGEX_LIMIT,
    });
    if features.logsdb {
        index["mode"] = json!("logsdb");
        index["mapping"] = json!({ "source": { "mode": "stored" } });
    }
    json!({ "index": index })
}

fn class_template(class: &RetentionClass, layout: &Layout) -> Value {
    match (layout.lifecycle, class.keep) {
        (Lifecycle::DataStream, Some(keep)) => {
            json!({ "lifecycle": { "data_retention": format!("{}s", keep.as_secs().max(1)) } })
        }
        (Lifecycle::DataStream, None) => json!({ "lifecycle": {} }),
        (Lifecycle::Ingestor, _) => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEATURES: Features = Features { product: Product::Elasticsearch, wildcard: false, logsdb: false };

    fn classes() -> Classes {
        let short = RetentionClass {
            name: "short".to_owned(),
            levels: vec!["debug".to_owned()],
            keep: Some(Duration::from_secs(3 * 86_400)),
        };
        Classes::new("shop", None, vec![short]).unwrap()
    }

    #[test]
    fn each_class_has_a_template_for_its_stream_alone() {
        let all = definitions(&classes(), &FEATURES, &Layout::default());
        let patterns: Vec<_> = all.iter().filter_map(|one| one.body["index_patterns"][0].as_str()).collect();
        assert_eq!(patterns, ["logs-shop.default", "logs-shop.short"]);
        assert!(all.iter().all(|one| one.body["_meta"]["schema"] == SCHEMA_VERSION));
    }

    #[test]
    fn what_users_override_comes_last_and_is_never_overwritten() {
        let all = definitions(&classes(), &FEATURES, &Layout::default());
        let absent: Vec<_> = all.iter().filter(|one| one.only_if_absent).map(|one| &one.path[..]).collect();
        assert_eq!(absent, ["/_component_template/logs-shop@custom"]);
        for template in all.iter().filter(|one| one.path.starts_with("/_index_template")) {
            let parts = template.body["composed_of"].as_array().unwrap();
            assert_eq!(parts.last().unwrap(), "logs-shop@custom");
        }
    }

    #[test]
    fn nothing_a_sender_writes_adds_a_field() {
        let mappings = mapping::mappings(&FEATURES);
        assert_eq!(mappings["dynamic"], false);
        assert_eq!(mappings["properties"]["metadata"]["enabled"], false);
    }

    #[test]
    fn the_engine_removes_old_entries_only_where_it_is_asked_to() {
        let of = |lifecycle| {
            let layout = Layout { lifecycle, ..Layout::default() };
            let all = definitions(&classes(), &FEATURES, &layout);
            all.iter().map(|one| one.body["template"]["lifecycle"].clone()).collect::<Vec<_>>()
        };
        assert!(of(Lifecycle::Ingestor).iter().all(Value::is_null));
        assert_eq!(of(Lifecycle::DataStream)[3..], [json!({}), json!({ "data_retention": "259200s" })]);
    }
}
