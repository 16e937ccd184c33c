//! What is learnt of the indices and the entries before queries are compiled for them.

use std::time::Duration;

use elasticsearch::http::Method;
use logpipeline_cluster::{Connection, RequestError};
use serde_json::{Value, json};

use super::compile::{self, Compiler};

/// How long what was learnt of the indices' fields is taken for true: what is rolled over to templates without
/// `message.raw` meanwhile is not found by patterns on the message.
pub(super) const FIELDS_LEARNT_FOR: Duration = Duration::from_secs(60);

/// How long what was learnt of the entries is taken for true. Entries that queries must be compiled for may be
/// missed so long, as entries that wait for a refresh are.
pub(super) const ENTRIES_LEARNT_FOR: Duration = Duration::from_secs(1);

/// Learns what entries there are that queries must be compiled for.
pub(super) async fn survey(
    connection: &Connection,
    indices: &str,
    wildcard: bool,
) -> Result<Compiler, RequestError> {
    let path = format!("/{indices}/_search?ignore_unavailable=true&allow_no_indices=true");
    let body = json!({ "size": 0, "track_total_hits": false, "aggs": compile::marks() });
    let found: Value = match connection.ask(Method::Post, &path, Some(&body)).await {
        Ok(found) => found,
        Err(error) if error.status() == Some(404) => Value::Null,
        Err(error) => return Err(error),
    };
    let any = |name: &str| found["aggregations"][name]["doc_count"].as_u64().is_some_and(|count| count > 0);
    Ok(Compiler {
        wildcard,
        not_raw: any("not_raw"),
        overflow: any("overflow"),
        otherwise: any("otherwise"),
        coarse: false,
    })
}

/// Whether all indices have `message.raw`.
pub(super) async fn has_wildcard(connection: &Connection, indices: &str) -> Result<bool, RequestError> {
    let path =
        format!("/{indices}/_field_caps?fields=message.raw&include_unmapped=true&ignore_unavailable=true");
    let caps: Value = match connection.ask(Method::Get, &path, None).await {
        Ok(caps) => caps,
        Err(error) if error.status() == Some(404) => return Ok(false),
        Err(error) => return Err(error),
    };
    // One kind in every index: one without the field would be among those of the kind "unmapped".
    let kinds = caps["fields"]["message.raw"].as_object();
    Ok(kinds.is_some_and(|kinds| {
        kinds.len() == 1 && (kinds.contains_key("wildcard") || kinds.contains_key("keyword"))
    }))
}
