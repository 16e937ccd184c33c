//! The templates, as requests to be made.

use std::time::Duration;

use serde_json::{Value, json};

use super::lifecycle::{self, Lifecycle};
use super::{Classes, REGEX_LIMIT, SCHEMA_VERSION, mapping};

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

impl Features {
    /// What an engine of that version, major and minor, can do where it is complete.
    pub fn of(product: Product, version: (u32, u32)) -> Self {
        // Since then the mode and keeping the source as it was sent are free and generally available.
        let logsdb = product == Product::Elasticsearch && version >= (8, 17);
        // The type of OpenSearch 2 keeps what it read of one message for the next: NULs make it index for ever.
        let wildcard = product == Product::Elasticsearch || version >= (3, 0);
        Self { product, wildcard, logsdb }
    }
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
    /// How old an index grows before a new one follows it; otherwise by what its class keeps.
    pub rollover_age: Option<Duration>,
    /// How large the primary shards of an index grow before a new one follows it.
    pub rollover_shard_bytes: u64,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            shards: 1,
            replicas: 1,
            refresh_interval: Duration::from_secs(1),
            lifecycle: Lifecycle::default(),
            rollover_age: None,
            rollover_shard_bytes: 50 << 30,
        }
    }
}

/// An object of the engine: to be put as `body` at `path`.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub path: String,
    pub body: Value,
    pub put: Put,
}

/// How a definition is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Over what is there.
    Always,
    /// Left alone where it exists: it belongs to the user.
    IfAbsent,
    /// Where it is missing or differs, naming the `_seq_no` and `_primary_term` of what it replaces.
    BySequence,
    /// To a data stream, unless that is not there yet, with what the user's component says otherwise.
    OnStream,
}

/// Everything that must be there before the first entry is written, in the order to put it.
///
/// The component template `logs-<pipeline>@custom` is made empty, and never changed: what users put there
/// wins over what stands here. The lifecycle is one that [`Lifecycle::on`] chose.
pub fn definitions(classes: &Classes, features: &Features, layout: &Layout) -> Vec<Definition> {
    let pipeline = classes.pipeline();
    let [settings, mappings, custom] =
        ["settings", "mappings", "custom"].map(|part| format!("logs-{pipeline}@{part}"));
    let component = |name: &str, template: Value, put| Definition {
        path: format!("/_component_template/{name}"),
        body: json!({ "template": template, "_meta": meta() }),
        put,
    };
    let mut definitions = lifecycle::policies(classes, layout);
    definitions.extend([
        component(&settings, json!({ "settings": index_settings(features, layout) }), Put::Always),
        component(&mappings, mapped(features), Put::Always),
        component(&custom, json!({}), Put::IfAbsent),
    ]);
    for class in classes.iter() {
        let stream = classes.stream(class);
        let lifecycle = format!("{stream}@lifecycle");
        let tied = lifecycle::component(class, &stream, layout.lifecycle);
        definitions.push(component(&lifecycle, tied, Put::Always));
        definitions.push(Definition {
            path: format!("/_index_template/{stream}"),
            body: json!({
                "index_patterns": [stream],
                "data_stream": {},
                // Above Elasticsearch's own template for logs-*-*, which takes pipelines with a dash.
                "priority": 500,
                "composed_of": [settings, mappings, lifecycle, custom],
                "_meta": meta(),
            }),
            put: Put::Always,
        });
    }
    definitions.extend(lifecycle::of_streams(classes, layout));
    definitions
}

pub(super) fn meta() -> Value {
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
        // Entries add none: what users map beside has room.
        "mapping": { "total_fields": { "limit": 1_000 } },
    });
    if features.logsdb {
        index["mode"] = json!("logsdb");
        index["mapping"]["source"] = json!({ "mode": "stored" });
    }
    json!({ "index": index })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticsearch::RetentionClass;

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
        let is_users = |one: &&Definition| one.put == Put::IfAbsent;
        let absent: Vec<_> = all.iter().filter(is_users).map(|one| &one.path[..]).collect();
        assert_eq!(absent, ["/_component_template/logs-shop@custom"]);
        for template in all.iter().filter(|one| one.path.starts_with("/_index_template")) {
            let parts = template.body["composed_of"].as_array().unwrap();
            assert_eq!(parts.last().unwrap(), "logs-shop@custom");
            // What stands in the index template itself would win over its components.
            assert!(template.body.get("template").is_none());
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
            definitions(&classes(), &FEATURES, &layout)
        };
        let tied = |lifecycle| {
            let is_tie = |one: &Definition| one.path.ends_with("@lifecycle");
            let ties = of(lifecycle).into_iter().filter(is_tie).map(|one| one.body["template"].clone());
            ties.collect::<Vec<_>>()
        };
        assert_eq!(tied(Lifecycle::Ingestor), [json!({}), json!({})]);
        assert_eq!(tied(Lifecycle::Ism), [json!({}), json!({})]);
        let kept = json!({ "lifecycle": { "data_retention": "259200s" } });
        assert_eq!(tied(Lifecycle::DataStream), [json!({ "lifecycle": {} }), kept]);
        let named = |name| json!({ "settings": { "index": { "lifecycle": { "name": name } } } });
        assert_eq!(tied(Lifecycle::Ilm), [named("logs-shop.default"), named("logs-shop.short")]);
        let others = |lifecycle| {
            let all = of(lifecycle).into_iter();
            all.filter(|one| !one.path.contains("_template/")).map(|one| one.path).collect::<Vec<_>>()
        };
        assert!(others(Lifecycle::Ingestor).is_empty());
        let streams =
            ["/_data_stream/logs-shop.default/_lifecycle", "/_data_stream/logs-shop.short/_lifecycle"];
        assert_eq!(others(Lifecycle::DataStream), streams);
        assert_eq!(
            others(Lifecycle::Ilm),
            ["/_ilm/policy/logs-shop.default", "/_ilm/policy/logs-shop.short"]
        );
        let policies =
            ["/_plugins/_ism/policies/logs-shop.default", "/_plugins/_ism/policies/logs-shop.short"];
        assert_eq!(others(Lifecycle::Ism), policies);
    }

    #[test]
    fn the_type_wildcard_is_not_asked_of_opensearch_2() {
        assert!(Features::of(Product::Elasticsearch, (8, 0)).wildcard);
        assert!(Features::of(Product::OpenSearch, (3, 0)).wildcard);
        assert!(!Features::of(Product::OpenSearch, (2, 19)).wildcard);
    }

    #[test]
    fn logsdb_is_for_elasticsearch_from_8_17_on_and_keeps_the_source_as_it_was_sent() {
        assert!(Features::of(Product::Elasticsearch, (8, 17)).logsdb);
        assert!(Features::of(Product::Elasticsearch, (9, 0)).logsdb);
        assert!(!Features::of(Product::Elasticsearch, (8, 16)).logsdb);
        assert!(!Features::of(Product::OpenSearch, (9, 0)).logsdb);
        let settings = index_settings(&Features { logsdb: true, ..FEATURES }, &Layout::default());
        assert_eq!(settings["index"]["mode"], "logsdb");
        assert_eq!(settings["index"]["mapping"]["source"]["mode"], "stored");
        assert!(index_settings(&FEATURES, &Layout::default())["index"].get("mode").is_none());
    }
}
