//! What an earlier choice of lifecycle left in an engine, and how it is told to forget it.

use serde_json::{Value, json};

use super::lifecycle::DATA_STREAM_SINCE;
use super::{Classes, Definition, Lifecycle, Product, Put, meta};

/// Names of indices in one request: paths are bounded to some 4 KB.
const AT_ONCE: usize = 20;

/// What every description of our policies of index state management ends with.
pub(super) const MANAGED: &str = "Managed by logpipeline.";

/// A lifecycle that was perhaps chosen earlier. The engine goes on removing entries by it until it is told not to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    DataStream,
    Ilm,
    Ism,
}

/// A request that takes back some of it. It is fine where that is gone already.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    Post(String),
    Delete(String),
}

impl Left {
    /// What may be left in an engine where `lifecycle`, which [`Lifecycle::on`] chose, is wanted.
    pub fn of(product: Product, version: (u32, u32), lifecycle: Lifecycle) -> Vec<Self> {
        let can_be: &[(Self, Lifecycle)] = match product {
            Product::Elasticsearch if version < DATA_STREAM_SINCE => &[(Self::Ilm, Lifecycle::Ilm)],
            Product::Elasticsearch => {
                &[(Self::DataStream, Lifecycle::DataStream), (Self::Ilm, Lifecycle::Ilm)]
            }
            Product::OpenSearch => &[(Self::Ism, Lifecycle::Ism)],
        };
        can_be.iter().filter(|(_, wanted)| *wanted != lifecycle).map(|(left, _)| *left).collect()
    }

    /// A path that answers to `GET` with what there is of it.
    pub fn look(self, classes: &Classes) -> String {
        match self {
            Self::DataStream => format!("/_data_stream/{}/_lifecycle", classes.pattern()),
            Self::Ilm => format!("/_ilm/policy?filter_path=logs-{}*.policy._meta", classes.pipeline()),
            Self::Ism => "/_plugins/_ism/policies?size=1000".to_owned(),
        }
    }

    /// The data streams, those of classes that are no more too, that have a lifecycle by the answer to that, or a
    /// policy that we made.
    pub fn streams(self, classes: &Classes, answer: &Value) -> Vec<String> {
        let begin = format!("logs-{}.", classes.pipeline());
        let listed = |list: &str| answer[list].as_array().map(Vec::as_slice).unwrap_or_default().iter();
        let name = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
        let all: Vec<String> = match self {
            Self::DataStream => listed("data_streams")
                .filter(|stream| {
                    stream["lifecycle"].is_object() && stream["lifecycle"]["enabled"] != json!(false)
                })
                .map(|stream| name(stream, "name"))
                .collect(),
            Self::Ilm => {
                let managed = meta()["managed_by"].take();
                let is_ours =
                    |(_, found): &(&String, &Value)| found["policy"]["_meta"]["managed_by"] == managed;
                let policies = answer.as_object().into_iter().flatten();
                policies.filter(is_ours).map(|(name, _)| name.clone()).collect()
            }
            Self::Ism => listed("policies")
                .filter(|found| name(&found["policy"], "description").ends_with(MANAGED))
                .map(|found| name(found, "_id"))
                .collect(),
        };
        all.into_iter().filter(|stream| stream.starts_with(&begin)).collect()
    }

    /// A path that answers to `GET` with the policies of a stream's indices; `None` where they have none of their own.
    pub fn look_at_indices(self, stream: &str) -> Option<String> {
        match self {
            Self::DataStream => None,
            Self::Ilm => Some(format!(
                "/{stream}/_settings/index.lifecycle.name?flat_settings=true&expand_wildcards=all"
            )),
            Self::Ism => Some(format!("/_plugins/_ism/explain/.ds-{stream}-*")),
        }
    }

    /// The indices that go by the stream's policy, and not by one of users, by the answer to that.
    pub fn tied(self, stream: &str, answer: &Value) -> Vec<String> {
        let policy = |found: &Value| match self {
            Self::DataStream => Value::Null,
            Self::Ilm => found["settings"]["index.lifecycle.name"].clone(),
            Self::Ism => found["index.plugins.index_state_management.policy_id"].clone(),
        };
        let indices = answer.as_object().into_iter().flatten();
        indices.filter(|(_, found)| policy(found) == *stream).map(|(index, _)| index.clone()).collect()
    }

    /// Takes a stream's policy off some of its indices, or off the stream.
    pub fn untie(self, stream: &str, tied: &[String]) -> Vec<Undo> {
        let each = |path: fn(String) -> String| {
            tied.chunks(AT_ONCE).map(|some| Undo::Post(path(some.join(",")))).collect()
        };
        match self {
            Self::DataStream => vec![Undo::Delete(format!("/_data_stream/{stream}/_lifecycle"))],
            Self::Ilm => each(|indices| format!("/{indices}/_ilm/remove")),
            Self::Ism => each(|indices| format!("/_plugins/_ism/remove/{indices}")),
        }
    }

    /// Removes the policy of a stream, once nothing goes by it.
    pub fn remove(self, stream: &str) -> Option<Undo> {
        match self {
            Self::DataStream => None,
            Self::Ilm => Some(Undo::Delete(format!("/_ilm/policy/{stream}"))),
            Self::Ism => Some(Undo::Delete(format!("/_plugins/_ism/policies/{stream}"))),
        }
    }

    /// Requests by which indices go by a stream's policy as it is now.
    pub fn renew(stream: &str, tied: &[String]) -> Vec<(String, Value)> {
        let body = json!({ "policy_id": stream });
        let path = |some: &[String]| format!("/_plugins/_ism/change_policy/{}", some.join(","));
        tied.chunks(AT_ONCE).map(|some| (path(some), body.clone())).collect()
    }
}

/// What ties the next index of a stream to no lifecycle, for a class that is no more: those that are have this among
/// their definitions.
pub fn untied(stream: &str) -> Definition {
    Definition {
        path: format!("/_component_template/{stream}@lifecycle"),
        body: json!({ "template": {}, "_meta": meta() }),
        put: Put::Always,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELASTIC: Product = Product::Elasticsearch;

    fn classes() -> Classes {
        Classes::new("shop", None, Vec::new()).unwrap()
    }

    #[test]
    fn only_what_the_engine_can_have_and_is_not_wanted_is_looked_for() {
        use Lifecycle::{DataStream, Ilm, Ingestor, Ism};
        for (product, version, wanted, left) in [
            (ELASTIC, (9, 4), Ingestor, vec![Left::DataStream, Left::Ilm]),
            (ELASTIC, (9, 4), DataStream, vec![Left::Ilm]),
            (ELASTIC, (9, 4), Ilm, vec![Left::DataStream]),
            (ELASTIC, (8, 13), Ingestor, vec![Left::Ilm]),
            (ELASTIC, (8, 13), Ilm, vec![]),
            (Product::OpenSearch, (3, 6), Ingestor, vec![Left::Ism]),
            (Product::OpenSearch, (3, 6), Ism, vec![]),
        ] {
            assert_eq!(Left::of(product, version, wanted), left, "{product:?} {version:?} {wanted:?}");
        }
    }

    #[test]
    fn what_belongs_to_others_is_not_taken_for_ours() {
        let ours = json!({ "policy": { "_meta": { "managed_by": "logpipeline" } } });
        let answer = json!({
            "logs-shop.default": ours, "logs-shop.gone": ours, "logs-shop-eu.default": ours, "logs": ours,
            "logs-shop.theirs": { "policy": { "_meta": { "managed_by": "me" } } }, "logs-shop.bare": {},
        });
        assert_eq!(Left::Ilm.streams(&classes(), &answer), ["logs-shop.default", "logs-shop.gone"]);
        let policy = |id: &str, text: &str| json!({ "_id": id, "policy": { "description": text } });
        let answer = json!({ "policies": [
            policy("logs-shop.default", "How long. Managed by logpipeline."), policy("logs-shop.mine", "Mine."),
            policy("logs-other.default", "How long. Managed by logpipeline."),
        ], "total_policies": 3 });
        assert_eq!(Left::Ism.streams(&classes(), &answer), ["logs-shop.default"]);
        let stream = |name: &str, lifecycle: Value| json!({ "name": name, "lifecycle": lifecycle });
        let answer = json!({ "data_streams": [
            stream("logs-shop.default", json!({ "enabled": true })), stream("logs-shop.a", json!({})),
            stream("logs-shop.off", json!({ "enabled": false })), stream("logs-shop.none", Value::Null),
            { "name": "logs-shop.without" },
        ] });
        assert_eq!(Left::DataStream.streams(&classes(), &answer), ["logs-shop.default", "logs-shop.a"]);
        for left in [Left::DataStream, Left::Ilm, Left::Ism] {
            assert!(left.streams(&classes(), &json!({})).is_empty());
        }
    }

    #[test]
    fn indices_under_policies_of_users_stay_under_them() {
        let of = |policy: &str| json!({ "settings": { "index.lifecycle.name": policy } });
        let answer = json!({ "a": of("s"), "b": of("theirs"), "c": { "settings": {} }, "d": of("s") });
        assert_eq!(Left::Ilm.tied("s", &answer), ["a", "d"]);
        let of = |policy: Value| json!({ "index.plugins.index_state_management.policy_id": policy });
        let answer = json!({ "a": of(json!("s")), "b": of(json!("s-x")), "c": of(Value::Null), "total_managed_indices": 2 });
        assert_eq!(Left::Ism.tied("s", &answer), ["a"]);
    }

    #[test]
    fn paths_stay_short_however_many_indices_there_are() {
        let tied: Vec<_> = (0..50).map(|n| format!(".ds-{}-{n:06}", "s".repeat(140))).collect();
        for left in [Left::Ilm, Left::Ism] {
            let undo = left.untie("s", &tied);
            assert_eq!(undo.len(), 3);
            assert!(undo.iter().all(|undo| matches!(undo, Undo::Post(path) if path.len() < 4_000)));
            assert!(left.untie("s", &[]).is_empty());
        }
    }
}
