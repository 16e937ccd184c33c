//! Who rolls indices over and removes old ones, and the policies that tell an engine to.

use std::time::Duration;

use serde_json::{Value, json};

use super::leaving::MANAGED;
use super::{Classes, Definition, Layout, Product, Put, RetentionClass, meta};

/// Who rolls indices over and removes old ones.
///
/// The engines' own lifecycles count from when an index was rolled over. They know nothing of the entries'
/// times: the ingestor keeps them from removing an index whose entries have timestamps of the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lifecycle {
    /// The ingestor, by the entries' own times. Works with every engine.
    #[default]
    Ingestor,
    /// The data stream lifecycle, on Elasticsearch from 8.14 on.
    DataStream,
    /// Index lifecycle management, on Elasticsearch.
    Ilm,
    /// Index state management, on OpenSearch.
    Ism,
    /// Whichever of them an engine has of its own; the ingestor where it has none.
    Auto,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {}.{} has no {lifecycle}: {hint}", version.0, version.1)]
pub struct LifecycleError {
    name: &'static str,
    version: (u32, u32),
    lifecycle: &'static str,
    hint: &'static str,
}

impl Lifecycle {
    /// What was asked for, on an engine of that version, major and minor; never [`Lifecycle::Auto`].
    ///
    /// # Errors
    /// A lifecycle that the engine does not have.
    pub fn on(self, product: Product, version: (u32, u32)) -> Result<Self, LifecycleError> {
        let name = match product {
            Product::Elasticsearch => "Elasticsearch",
            Product::OpenSearch => "OpenSearch",
        };
        let no = |lifecycle, hint| Err(LifecycleError { name, version, lifecycle, hint });
        match (self, product) {
            (Self::Auto, Product::Elasticsearch) if version >= DATA_STREAM_SINCE => Ok(Self::DataStream),
            (Self::Auto, Product::Elasticsearch) => Ok(Self::Ilm),
            (Self::Auto, Product::OpenSearch) => Ok(Self::Ism),
            (Self::DataStream, Product::OpenSearch) => {
                no("data stream lifecycle", "take ism, ingestor or auto")
            }
            (Self::DataStream, Product::Elasticsearch) if version < DATA_STREAM_SINCE => {
                no("data stream lifecycle before 8.14", "take ilm, ingestor or auto")
            }
            (Self::Ilm, Product::OpenSearch) => {
                no("index lifecycle management", "take ism, ingestor or auto")
            }
            (Self::Ism, Product::Elasticsearch) => {
                no("index state management", "take data-stream, ilm, ingestor or auto")
            }
            (asked, _) => Ok(asked),
        }
    }

    /// A path that answers to `GET` where the engine has what this lifecycle needs: modules that some
    /// distributions leave out.
    pub fn probe(self) -> Option<&'static str> {
        match self {
            Self::Ingestor | Self::Auto => None,
            Self::DataStream => Some("/_data_stream/*/_lifecycle"),
            Self::Ilm => Some("/_ilm/status"),
            Self::Ism => Some("/_plugins/_ism/policies"),
        }
    }
}

/// Where the data stream lifecycle became generally available.
pub(super) const DATA_STREAM_SINCE: (u32, u32) = (8, 14);

/// When an index is closed to writing and followed by a new one: as soon as one of these is reached, and
/// never while it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollover {
    pub age: Duration,
    /// Of the largest primary shard.
    pub shard_bytes: u64,
}

impl Rollover {
    /// What removes entries soon enough after `keep`, with few indices.
    pub fn of(keep: Option<Duration>, layout: &Layout) -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        const WEEK: Duration = Duration::from_secs(7 * 86_400);
        const MONTH: Duration = Duration::from_secs(30 * 86_400);
        let age = keep.map_or(MONTH, |keep| (keep / 10).clamp(HOUR, WEEK));
        Self { age: layout.rollover_age.unwrap_or(age), shard_bytes: layout.rollover_shard_bytes }
    }
}

/// The component template that ties the indices of a class to their lifecycle. It comes before the
/// users' own, which so can tie them to another.
pub(super) fn component(class: &RetentionClass, stream: &str, lifecycle: Lifecycle) -> Value {
    match lifecycle {
        Lifecycle::DataStream => json!({ "lifecycle": data_stream(class.keep) }),
        Lifecycle::Ilm => json!({ "settings": { "index": { "lifecycle": { "name": stream } } } }),
        Lifecycle::Ingestor | Lifecycle::Ism | Lifecycle::Auto => json!({}),
    }
}

/// The policies that the templates name, to be put before them.
pub(super) fn policies(classes: &Classes, layout: &Layout) -> Vec<Definition> {
    let each = |make: fn(&str, Option<Duration>, Rollover) -> Definition| {
        let of = |class| make(&classes.stream(class), class.keep, Rollover::of(class.keep, layout));
        classes.iter().map(of).collect()
    };
    match layout.lifecycle {
        Lifecycle::Ilm => each(ilm),
        Lifecycle::Ism => each(ism),
        Lifecycle::Ingestor | Lifecycle::DataStream | Lifecycle::Auto => Vec::new(),
    }
}

/// What brings data streams that are there already in line with the templates.
pub(super) fn of_streams(classes: &Classes, layout: &Layout) -> Vec<Definition> {
    if layout.lifecycle != Lifecycle::DataStream {
        return Vec::new();
    }
    let of = |class| Definition {
        path: format!("/_data_stream/{}/_lifecycle", classes.stream(class)),
        body: data_stream(class.keep),
        put: Put::OnStream,
    };
    classes.iter().map(of).collect()
}

fn data_stream(keep: Option<Duration>) -> Value {
    match keep {
        Some(keep) => json!({ "data_retention": seconds(keep) }),
        None => json!({}),
    }
}

fn ilm(stream: &str, keep: Option<Duration>, rollover: Rollover) -> Definition {
    let mut phases = json!({ "hot": { "min_age": "0ms", "actions": { "rollover": {
        "max_age": seconds(rollover.age),
        "max_primary_shard_size": bytes(rollover.shard_bytes),
    } } } });
    if let Some(keep) = keep {
        phases["delete"] = json!({ "min_age": seconds(keep), "actions": { "delete": {} } });
    }
    Definition {
        path: format!("/_ilm/policy/{stream}"),
        body: json!({ "policy": { "phases": phases, "_meta": meta() } }),
        put: Put::Always,
    }
}

fn ism(stream: &str, keep: Option<Duration>, rollover: Rollover) -> Definition {
    let mut conditions = json!({ "min_primary_shard_size": bytes(rollover.shard_bytes) });
    let mut transitions = json!([]);
    let mut removing = None;
    if let Some(keep) = keep {
        // It would roll over empty indices too, for ever: only where they are removed again.
        conditions["min_index_age"] = json!(seconds(rollover.age));
        transitions =
            json!([{ "state_name": "delete", "conditions": { "min_rollover_age": seconds(keep) } }]);
        removing = Some(json!({ "name": "delete", "actions": [{ "delete": {} }], "transitions": [] }));
    }
    let hot = json!({ "name": "hot", "actions": [{ "rollover": conditions }], "transitions": transitions });
    let states: Vec<_> = std::iter::once(hot).chain(removing).collect();
    Definition {
        path: format!("/_plugins/_ism/policies/{stream}"),
        body: json!({ "policy": {
            "description": format!("How long the entries of this data stream are kept. {MANAGED}"),
            "default_state": "hot",
            "states": states,
            "ism_template": [{ "index_patterns": [stream], "priority": 500 }],
        } }),
        put: Put::BySequence,
    }
}

/// Not none: both engines refuse that.
fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs().max(1))
}

fn bytes(bytes: u64) -> String {
    format!("{bytes}b")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const ELASTIC: Product = Product::Elasticsearch;
    const OPEN: Product = Product::OpenSearch;

    #[test]
    fn an_engine_gets_the_lifecycle_it_has_and_one_it_has_not_is_refused() {
        use Lifecycle::{Auto, DataStream, Ilm, Ingestor, Ism};
        for (asked, product, version, chosen) in [
            (Auto, ELASTIC, (9, 4), Some(DataStream)),
            (Auto, ELASTIC, (8, 14), Some(DataStream)),
            (Auto, ELASTIC, (8, 13), Some(Ilm)),
            (Auto, OPEN, (2, 19), Some(Ism)),
            (Ingestor, ELASTIC, (8, 0), Some(Ingestor)),
            (Ingestor, OPEN, (3, 6), Some(Ingestor)),
            (Ilm, ELASTIC, (9, 4), Some(Ilm)),
            (DataStream, ELASTIC, (8, 13), None),
            (DataStream, OPEN, (3, 6), None),
            (Ilm, OPEN, (3, 6), None),
            (Ism, ELASTIC, (9, 4), None),
        ] {
            assert_eq!(asked.on(product, version).ok(), chosen, "{asked:?} on {product:?} {version:?}");
        }
        let error = Lifecycle::Ism.on(ELASTIC, (9, 4)).unwrap_err().to_string();
        assert_eq!(
            error,
            "Elasticsearch 9.4 has no index state management: take data-stream, ilm, ingestor or auto"
        );
    }

    #[test]
    fn indices_live_a_tenth_of_what_their_class_keeps_within_an_hour_and_a_week() {
        let age = |keep| Rollover::of(keep, &Layout::default()).age;
        assert_eq!(age(Some(DAY / 24)), DAY / 24);
        assert_eq!(age(Some(30 * DAY)), 3 * DAY);
        assert_eq!(age(Some(365 * DAY)), 7 * DAY);
        assert_eq!(age(None), 30 * DAY);
        let layout = Layout { rollover_age: Some(DAY), ..Layout::default() };
        assert_eq!(Rollover::of(Some(365 * DAY), &layout).age, DAY);
    }

    #[test]
    fn policies_remove_after_rollover_and_only_what_is_not_kept_for_ever() {
        let rollover = Rollover { age: DAY, shard_bytes: 1 << 30 };
        let policy = ilm("logs-shop.default", Some(30 * DAY), rollover);
        assert_eq!(policy.path, "/_ilm/policy/logs-shop.default");
        let phases = &policy.body["policy"]["phases"];
        assert_eq!(
            phases["hot"]["actions"]["rollover"],
            json!({ "max_age": "86400s", "max_primary_shard_size": "1073741824b" })
        );
        assert_eq!(phases["delete"]["min_age"], "2592000s");
        assert!(ilm("logs-shop.default", None, rollover).body["policy"]["phases"].get("delete").is_none());

        let policy = ism("logs-shop.default", Some(30 * DAY), rollover).body;
        let states = policy["policy"]["states"].as_array().unwrap();
        assert_eq!(states[0]["transitions"][0]["conditions"], json!({ "min_rollover_age": "2592000s" }));
        assert_eq!(states[1]["actions"], json!([{ "delete": {} }]));
        assert_eq!(policy["policy"]["ism_template"][0]["index_patterns"], json!(["logs-shop.default"]));
        let kept = ism("logs-shop.default", None, rollover).body;
        let states = kept["policy"]["states"].as_array().unwrap();
        assert_eq!(states.len(), 1);
        assert_eq!(states[0]["transitions"], json!([]));
        assert!(states[0]["actions"][0]["rollover"].get("min_index_age").is_none());
    }
}
