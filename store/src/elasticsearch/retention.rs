//! Old indices go: by the times of the entries in them, which the engines' own lifecycles do not look at.

use std::collections::BTreeMap;
use std::time::Duration;

use elasticsearch::http::Method;
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Classes, ERA_WITHIN, Product, field};
use serde_json::{Value, json};

use super::connection::RequestError;
use super::plan::Reader;
use crate::{RetentionPolicy, RetentionReport, StoreError};

/// An index is rolled over once it is a tenth of its class's time old, within these bounds,
const YOUNGEST: Duration = Duration::from_secs(3_600);
const OLDEST: Duration = Duration::from_secs(86_400);
/// or once it takes so much room.
const LARGEST: &str = "50gb";

/// An index behind a data stream.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Backing {
    name: String,
    generation: u64,
    bytes: u64,
    entries: u64,
}

/// Rolls over what is large or old, and removes indices all of whose entries are older than their class
/// keeps them; then, while all together are larger than allowed, the oldest. The index that a data
/// stream writes to stays. Idempotent.
pub(super) async fn retain(
    reader: &Reader,
    classes: &Classes,
    policy: RetentionPolicy,
    now: Timestamp,
) -> Result<RetentionReport, StoreError> {
    let mut report = RetentionReport::default();
    let mut rest: Vec<Backing> = Vec::new();
    let mut written = 0;
    let all = backing(reader).await?;
    for class in classes.iter() {
        let stream = classes.stream(class);
        let Some(mut indices) = all.get(&stream).cloned() else { continue };
        let keep = class.keep.or(policy.max_age);
        roll_over(reader, &stream, keep).await?;
        indices.sort_by_key(|index| index.generation);
        // Even where it was rolled over just now: the next time will do.
        written += indices.pop().map_or(0, |index| index.bytes);
        for index in indices {
            let old = match keep {
                Some(keep) => {
                    newest(reader, &index.name).await?.is_some_and(|newest| newest < now.saturating_sub(keep))
                }
                None => false,
            };
            if old { remove(reader, &index, &mut report).await? } else { rest.push(index) }
        }
    }
    if let Some(most) = policy.max_bytes {
        let mut total = written + rest.iter().map(|index| index.bytes).sum::<u64>();
        let mut aged = Vec::with_capacity(rest.len());
        for index in rest {
            aged.push((newest(reader, &index.name).await?, index));
        }
        aged.sort_by_key(|(newest, _)| *newest);
        for (_, index) in aged {
            if total <= most {
                break;
            }
            total -= index.bytes;
            remove(reader, &index, &mut report).await?;
        }
    }
    Ok(report)
}

async fn backing(reader: &Reader) -> Result<BTreeMap<String, Vec<Backing>>, StoreError> {
    let path = format!(
        "/_cat/indices/.ds-{}?format=json&bytes=b&expand_wildcards=all&h=index,store.size,docs.count",
        reader.indices
    );
    let rows: Vec<Value> = match reader.connection.ask(Method::Get, &path, None).await {
        Ok(rows) => rows,
        Err(error) if error.status() == Some(404) => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.into()),
    };
    let mut streams: BTreeMap<String, Vec<Backing>> = BTreeMap::new();
    for row in rows {
        let number = |name: &str| row[name].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
        let Some(name) = row["index"].as_str() else { continue };
        let Some((stream, generation)) = stream_of(name) else { continue };
        streams.entry(stream.to_owned()).or_default().push(Backing {
            name: name.to_owned(),
            generation,
            bytes: number("store.size"),
            entries: number("docs.count"),
        });
    }
    Ok(streams)
}

/// The data stream and the generation in an index's name: `.ds-<stream>-<yyyy.MM.dd>-<generation>` with
/// Elasticsearch, `.ds-<stream>-<generation>` with OpenSearch.
fn stream_of(index: &str) -> Option<(&str, u64)> {
    let (rest, generation) = index.strip_prefix(".ds-")?.rsplit_once('-')?;
    let generation = generation.parse().ok()?;
    let is_date =
        |text: &str| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match rest.rsplit_once('-') {
        Some((stream, date)) if is_date(date) => Some((stream, generation)),
        _ => Some((rest, generation)),
    }
}

async fn roll_over(reader: &Reader, stream: &str, keep: Option<Duration>) -> Result<(), StoreError> {
    let age = keep.map_or(OLDEST, |keep| (keep / 10).clamp(YOUNGEST, OLDEST));
    let size = match reader.engine.product {
        Product::Elasticsearch => "max_primary_shard_size",
        Product::OpenSearch => "max_size",
    };
    // Without entries there is nothing to part.
    let body = json!({ "conditions": {
        "max_age": format!("{}s", age.as_secs()), (size): LARGEST,
    } });
    let asked: Result<Value, RequestError> =
        reader.connection.ask(Method::Post, &format!("/{stream}/_rollover"), Some(&body)).await;
    match asked {
        Ok(_) => Ok(()),
        Err(error) if error.status() == Some(404) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The latest of the times of an index's entries: of each the later of `timestamp` and `receivedAt`.
/// `None` where one lies beyond what the engine can hold, and so in the future.
async fn newest(reader: &Reader, index: &str) -> Result<Option<Timestamp>, StoreError> {
    let later = json!({ "range": { (field::ERA): { "gt": ERA_WITHIN } } });
    let body = json!({
        "size": 0, "track_total_hits": false,
        "aggs": {
            "timestamp": { "max": { "field": field::TIMESTAMP } },
            "receivedAt": { "max": { "field": field::RECEIVED_AT } },
            "later": { "filter": later },
        },
    });
    let found: Value =
        match reader.connection.ask(Method::Post, &format!("/{index}/_search"), Some(&body)).await {
            Ok(found) => found,
            // Somebody else removed it.
            Err(error) if error.status() == Some(404) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
    let found = &found["aggregations"];
    if found["later"]["doc_count"].as_u64() != Some(0) {
        return Ok(None);
    }
    // Milliseconds, rounded; an empty index has none and may go.
    let millis = ["timestamp", "receivedAt"].iter().filter_map(|name| found[*name]["value"].as_f64());
    let newest = millis.fold(0.0, f64::max);
    Ok(Timestamp::from_unix_seconds(0).checked_add(Duration::from_secs_f64((newest + 1.0) / 1000.0)))
}

async fn remove(reader: &Reader, index: &Backing, report: &mut RetentionReport) -> Result<(), StoreError> {
    let removed: Result<Value, RequestError> =
        reader.connection.ask(Method::Delete, &format!("/{}", index.name), None).await;
    match removed {
        Ok(_) => {
            report.entries += index.entries;
            report.bytes += index.bytes;
            report.removed.push(index.name.clone());
            Ok(())
        }
        Err(error) if error.status() == Some(404) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_indices_tell_their_stream_and_generation() {
        let cases = [
            (".ds-logs-shop.default-2026.11.24-000012", Some(("logs-shop.default", 12))),
            (".ds-logs-shop-eu.short-2026.11.24-1000000", Some(("logs-shop-eu.short", 1_000_000))),
            (".ds-logs-shop.default-000003", Some(("logs-shop.default", 3))),
            ("logs-shop.default", None),
            (".ds-logs-shop.default-x", None),
        ];
        for (name, expected) in cases {
            assert_eq!(stream_of(name), expected, "{name}");
        }
    }
}
