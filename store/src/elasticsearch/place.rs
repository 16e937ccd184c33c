//! Which data stream and which index hold an entry.

use elasticsearch::http::Method;
use logpipeline_cluster::{Connection, RequestError};
use logpipeline_model::EntryId;
use serde_json::{Value, json};

/// The place of an entry that is found, in words; the oldest index where two have it.
pub(super) async fn find(
    connection: &Connection,
    indices: &str,
    id: EntryId,
) -> Result<Option<String>, RequestError> {
    let path = format!(
        "/{indices}/_search?ignore_unavailable=true&allow_no_indices=true&filter_path=hits.hits._index"
    );
    let body = json!({
        "query": { "ids": { "values": [id.to_string()] } }, "size": 2, "_source": false, "track_total_hits": false,
    });
    let answer: Value = match connection.ask(Method::Post, &path, Some(&body)).await {
        Ok(answer) => answer,
        Err(error) if error.status() == Some(404) => return Ok(None),
        Err(error) => return Err(error),
    };
    let hits = answer["hits"]["hits"].as_array().into_iter().flatten();
    let index = hits.filter_map(|hit| hit["_index"].as_str()).min_by_key(|index| super::copies::age(index));
    Ok(index.map(in_words))
}

/// An index behind a data stream is named `.ds-<stream>-<date>-<number>`.
fn in_words(index: &str) -> String {
    let stream = index.strip_prefix(".ds-").and_then(|name| {
        let (rest, number) = name.rsplit_once('-')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let dated = rest
            .rsplit_once('-')
            .filter(|(_, date)| date.split('.').count() == 3 && date.split('.').all(digits));
        // OpenSearch names no date.
        digits(number).then_some(dated.map_or(rest, |(stream, _)| stream))
    });
    match stream {
        Some(stream) => format!("data stream {stream}, index {index}"),
        None => format!("index {index}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_the_data_stream_and_the_index() {
        for (index, expected) in [
            (
                ".ds-logs-shop.default-2026.11.30-000012",
                "data stream logs-shop.default, index .ds-logs-shop.default-2026.11.30-000012",
            ),
            (".ds-logs-a-b.short-000003", "data stream logs-a-b.short, index .ds-logs-a-b.short-000003"),
            ("restored-logs", "index restored-logs"),
        ] {
            assert_eq!(in_words(index), expected);
        }
    }
}
