//! What the data streams hold.

use elasticsearch::http::Method;
use logpipeline_model::Timestamp;
use serde_json::{Value, json};

use super::plan::Reader;
use super::time;
use crate::{Order, StoreError, StoreStats};

pub(super) async fn stats(reader: &Reader) -> Result<StoreStats, StoreError> {
    let path = format!(
        "/{}/_stats/docs,store?ignore_unavailable=true&filter_path=_all.primaries.docs.count,_all.total.store.size_in_bytes",
        reader.indices
    );
    let found: Value = match reader.connection.ask(Method::Get, &path, None).await {
        Ok(found) => found,
        Err(error) if error.status() == Some(404) => return Ok(StoreStats::default()),
        Err(error) => return Err(error.into()),
    };
    Ok(StoreStats {
        entries: found["_all"]["primaries"]["docs"]["count"].as_u64().unwrap_or_default(),
        bytes: found["_all"]["total"]["store"]["size_in_bytes"].as_u64().unwrap_or_default(),
        earliest: end(reader, Order::Asc).await?,
        latest: end(reader, Order::Desc).await?,
    })
}

async fn end(reader: &Reader, order: Order) -> Result<Option<Timestamp>, StoreError> {
    let body = json!({
        "sort": time::sort(order), "size": 1, "_source": false, "track_total_hits": false,
    });
    let answer = reader.search(body, None).await?;
    let first = answer.and_then(|answer| answer.hits.hits.into_iter().next());
    Ok(first.and_then(|hit| time::position(&hit.sort)).map(|position| position.time))
}
