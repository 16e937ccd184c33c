//! The indices behind data streams, and what is in them.

use std::collections::BTreeMap;

use elasticsearch::http::Method;
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{ERA_WITHIN, field};
use serde_json::{Value, json};

use logpipeline_cluster::{Connection, RequestError};

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) name: String,
    /// Oldest first.
    pub(super) closed: Vec<Backing>,
    /// The one that is written to.
    pub(super) open: Backing,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Backing {
    pub(super) name: String,
    /// Of all copies.
    pub(super) bytes: u64,
    /// Without those that were not refreshed yet.
    pub(super) entries: u64,
    /// When the one behind it was made, in milliseconds of the Unix epoch: when it was rolled over.
    pub(super) closed_at: Option<i64>,
    /// Whether a policy of the engine's holds for it.
    pub(super) managed: bool,
    /// Whether it was said already from when on its lifecycle counts.
    pub(super) dated: bool,
}

/// The latest time in an index, of each entry the later of `timestamp` and `receivedAt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Newest {
    /// There is no entry.
    Nothing,
    At(Timestamp),
    /// Behind what the engine can tell apart.
    Beyond,
}

/// The data streams whose names a pattern matches.
pub(super) async fn streams(connection: &Connection, pattern: &str) -> Result<Vec<Stream>, RequestError> {
    let resolve = format!("/_resolve/index/{pattern}?expand_wildcards=all");
    let resolved = found(connection, &resolve).await?;
    let named = resolved["data_streams"].as_array().map(Vec::as_slice).unwrap_or_default();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let stats = format!(
        "/{pattern}/_stats/docs,store?level=indices&expand_wildcards=all&ignore_unavailable=true\
         &filter_path=indices.*.primaries.docs.count,indices.*.total.store.size_in_bytes"
    );
    let stats = found(connection, &stats).await?;
    let settings = format!(
        "/{pattern}/_settings?flat_settings=true&expand_wildcards=all&ignore_unavailable=true\
         &filter_path=*.settings.index*"
    );
    let settings = found(connection, &settings).await?;
    let mut streams = BTreeMap::new();
    for stream in named {
        let Some(name) = stream["name"].as_str() else { continue };
        let mut indices: Vec<Backing> =
            names(&stream["backing_indices"]).map(|index| backing(index, &stats, &settings)).collect();
        for at in 1..indices.len() {
            indices[at - 1].closed_at = created(&indices[at].name, &settings);
        }
        // Engines list them in the order in which they were written to.
        let Some(open) = indices.pop() else { continue };
        streams.insert(name.to_owned(), Stream { name: name.to_owned(), closed: indices, open });
    }
    Ok(streams.into_values().collect())
}

/// Notes which indices index state management holds a policy for.
pub(super) async fn note_managed(connection: &Connection, stream: &mut Stream) -> Result<(), RequestError> {
    let path = format!("/_plugins/_ism/explain/.ds-{}-*", stream.name);
    let explained = found(connection, &path).await?;
    for index in &mut stream.closed {
        // For certain only where it is said.
        let policy = explained[&index.name].get("index.plugins.index_state_management.policy_id");
        index.managed = policy.is_none_or(|policy| !policy.is_null());
    }
    Ok(())
}

async fn found(connection: &Connection, path: &str) -> Result<Value, RequestError> {
    match connection.ask(Method::Get, path, None).await {
        Err(error) if error.status() == Some(404) => Ok(Value::Null),
        other => other,
    }
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    let one = list.as_str();
    list.as_array().into_iter().flatten().filter_map(Value::as_str).chain(one)
}

fn backing(name: &str, stats: &Value, settings: &Value) -> Backing {
    let stats = &stats["indices"][name];
    let settings = &settings[name]["settings"];
    Backing {
        name: name.to_owned(),
        bytes: stats["total"]["store"]["size_in_bytes"].as_u64().unwrap_or_default(),
        entries: stats["primaries"]["docs"]["count"].as_u64().unwrap_or_default(),
        closed_at: None,
        managed: settings["index.lifecycle.name"].is_string(),
        dated: settings["index.lifecycle.origination_date"].is_string(),
    }
}

fn created(name: &str, settings: &Value) -> Option<i64> {
    settings[name]["settings"]["index.creation_date"].as_str()?.parse().ok()
}

/// What an index holds, those entries too that cannot be searched yet; `None` where it is gone.
pub(super) async fn newest(connection: &Connection, index: &str) -> Result<Option<Newest>, RequestError> {
    let body = json!({
        "size": 0, "track_total_hits": true,
        "aggs": {
            "timestamp": { "max": { "field": field::TIMESTAMP } },
            "receivedAt": { "max": { "field": field::RECEIVED_AT } },
            "later": { "filter": { "range": { (field::ERA): { "gt": ERA_WITHIN } } } },
        },
    });
    let refresh = format!("/{index}/_refresh");
    // A part that does not answer may hold the newest.
    let search = format!("/{index}/_search?allow_partial_search_results=false&request_cache=false");
    let asked = async {
        let refreshed: Value = connection.ask(Method::Post, &refresh, None).await?;
        if refreshed["_shards"]["failed"].as_u64() != Some(0) {
            return Err(RequestError::Unreachable(format!("{index} is not available in whole")));
        }
        connection.ask::<Value>(Method::Post, &search, Some(&body)).await
    };
    let found = match asked.await {
        Ok(found) => found,
        Err(error) if error.status() == Some(404) => return Ok(None),
        Err(error) => return Err(error),
    };
    read(&found).map(Some).ok_or_else(|| RequestError::Garbled {
        url: search,
        reason: format!("the ages of {index} are missing"),
    })
}

fn read(found: &Value) -> Option<Newest> {
    let complete = found["timed_out"] == false && found["_shards"]["failed"].as_u64() == Some(0);
    let total = found["hits"]["total"]["value"].as_u64().filter(|_| complete)?;
    if total == 0 {
        return Some(Newest::Nothing);
    }
    let found = &found["aggregations"];
    if found["later"]["doc_count"].as_u64()? > 0 {
        return Some(Newest::Beyond);
    }
    let times = [&found["timestamp"]["value"], &found["receivedAt"]["value"]];
    // Documents of others have none.
    let millis = times.into_iter().filter_map(Value::as_f64).reduce(f64::max);
    let Some(millis) = millis else { return Some(Newest::Beyond) };
    // They come in milliseconds, rounded.
    let since = std::time::Duration::try_from_secs_f64((millis + 1.0).max(0.0) / 1000.0).ok()?;
    Some(Timestamp::from_unix_seconds(0).checked_add(since).map_or(Newest::Beyond, Newest::At))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(total: u64, timestamp: Value, received_at: Value, later: u64) -> Value {
        json!({
            "timed_out": false, "_shards": { "failed": 0 }, "hits": { "total": { "value": total } },
            "aggregations": {
                "timestamp": { "value": timestamp }, "receivedAt": { "value": received_at },
                "later": { "doc_count": later },
            },
        })
    }

    #[test]
    fn the_newest_is_the_later_of_both_times_and_nothing_is_taken_for_old_by_mistake() {
        let at = |seconds: i128| Newest::At(Timestamp::from_unix_nanos(seconds * 1_000_000_000 + 1_000_000));
        assert_eq!(read(&answer(1, json!(5e3), json!(7e3), 0)), Some(at(7)));
        assert_eq!(read(&answer(1, json!(9e3), json!(7e3), 0)), Some(at(9)));
        assert_eq!(read(&answer(2, json!(9e3), json!(7e3), 1)), Some(Newest::Beyond));
        assert_eq!(read(&answer(0, json!(null), json!(null), 0)), Some(Newest::Nothing));
        assert_eq!(read(&answer(1, json!(null), json!(null), 0)), Some(Newest::Beyond));
        let mut partial = answer(1, json!(5e3), json!(7e3), 0);
        partial["_shards"]["failed"] = json!(1);
        assert_eq!(read(&partial), None);
        let mut late = answer(1, json!(5e3), json!(7e3), 0);
        late["timed_out"] = json!(true);
        assert_eq!(read(&late), None);
        assert_eq!(read(&json!({})), None);
        assert!(Newest::Nothing < at(1) && at(1) < at(2) && at(2) < Newest::Beyond);
    }
}
