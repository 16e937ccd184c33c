//! When what was written is found: indices are refreshed at an interval that users may set.

use std::time::Duration;

use logpipeline_cluster::Method;
use serde_json::Value;

use super::plan::Reader;
use crate::StoreError;

/// The longest interval of the pipeline's indices. One that is never refreshed by itself has none.
pub(super) async fn longest(reader: &Reader) -> Result<Duration, StoreError> {
    let path = format!(
        "/{}/_settings/index.refresh_interval?flat_settings=true&ignore_unavailable=true",
        reader.indices
    );
    let found: Value = match reader.connection.ask(Method::Get, &path, None).await {
        Ok(found) => found,
        Err(error) if error.status() == Some(404) => return Ok(Duration::ZERO),
        Err(error) => return Err(error.into()),
    };
    let intervals = found.as_object().into_iter().flat_map(|indices| indices.values());
    let intervals = intervals.filter_map(|index| index["settings"]["index.refresh_interval"].as_str());
    Ok(intervals.filter_map(interval).max().unwrap_or_default())
}

/// A time as these servers write it: `30s`, `1000ms`, `-1`.
fn interval(text: &str) -> Option<Duration> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let count: u64 = text[..end].parse().ok()?;
    Some(match &text[end..] {
        "nanos" => Duration::from_nanos(count),
        "micros" => Duration::from_micros(count),
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "m" => Duration::from_secs(count.checked_mul(60)?),
        "h" => Duration::from_secs(count.checked_mul(3_600)?),
        "d" => Duration::from_secs(count.checked_mul(86_400)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_servers_write_them() {
        for (text, expected) in [
            ("1000ms", Some(Duration::from_secs(1))),
            ("30s", Some(Duration::from_secs(30))),
            ("2m", Some(Duration::from_secs(120))),
            ("-1", None),
            ("0", None),
            ("1x", None),
        ] {
            assert_eq!(interval(text), expected, "{text}");
        }
    }
}
