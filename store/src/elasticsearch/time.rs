//! Times outside of `date_nanos` and within, as queries, sort keys and positions.

use logpipeline_model::elasticsearch::{ERA_WITHIN, field};
use logpipeline_model::query::TimeRange;
use logpipeline_model::{EntryId, Timestamp};
use serde_json::{Value, json};

use super::document::{WITHIN, era, nearest, time_of};
use crate::{Order, Position};

/// Entries whose timestamp lies in the range.
pub(super) fn of_event(range: TimeRange) -> Value {
    if range.is_empty() {
        return json!({ "match_none": {} });
    }
    let (first, last) = (range.first.unix_nanos(), range.last.unix_nanos());
    let (lowest, highest) = (*WITHIN.start(), *WITHIN.end());
    let (mut filter, mut must_not) = (Vec::new(), Vec::new());
    let mut times = serde_json::Map::new();
    let by_era = |limit: &str, era: &str| json!({ "range": { (field::ERA): { limit: era } } });
    if first > highest {
        filter.push(by_era("gte", &era(range.first)));
    } else if first < lowest && range.first > Timestamp::MIN {
        must_not.push(by_era("lt", &era(range.first)));
    } else if first >= lowest {
        times.insert("gte".to_owned(), text(range.first).into());
        if first == lowest {
            must_not.push(by_era("lt", ERA_WITHIN));
        }
    }
    if last < lowest {
        filter.push(by_era("lte", &era(range.last)));
    } else if last > highest && range.last < Timestamp::MAX {
        must_not.push(by_era("gt", &era(range.last)));
    } else if last <= highest {
        times.insert("lte".to_owned(), text(range.last).into());
        if last == highest {
            must_not.push(by_era("gt", ERA_WITHIN));
        }
    }
    if !times.is_empty() {
        // Elasticsearch fails to cut a histogram of nanoseconds to a range that is open on one side.
        times.entry("gte").or_insert_with(|| text(Timestamp::from_unix_nanos(lowest)).into());
        times.entry("lte").or_insert_with(|| text(Timestamp::from_unix_nanos(highest)).into());
        filter.push(ranged(field::TIMESTAMP, times));
    }
    match (filter.is_empty(), must_not.is_empty()) {
        (true, true) => json!({ "match_all": {} }),
        (false, true) if filter.len() == 1 => filter.remove(0),
        _ => json!({ "bool": { "filter": filter, "must_not": must_not } }),
    }
}

/// Entries received in the range.
pub(super) fn of_receipt(range: TimeRange) -> Value {
    let (first, last) = (range.first.unix_nanos(), range.last.unix_nanos());
    if range.is_empty() || first > *WITHIN.end() || last < *WITHIN.start() {
        return json!({ "match_none": {} });
    }
    let mut times = serde_json::Map::new();
    times.insert("gte".to_owned(), text(nearest(range.first)).into());
    times.insert("lte".to_owned(), text(nearest(range.last)).into());
    ranged(field::RECEIVED_AT, times)
}

fn ranged(field: &str, mut limits: serde_json::Map<String, Value>) -> Value {
    limits.insert("format".to_owned(), "strict_date_optional_time_nanos".into());
    json!({ "range": { field: limits } })
}

/// With all nine digits, which engines round in no direction.
fn text(time: Timestamp) -> String {
    let nanos = time.unix_nanos().rem_euclid(1_000_000_000);
    let seconds = Timestamp::from_unix_seconds(time.unix_seconds()).to_string();
    let whole = seconds.trim_end_matches('Z').split('.').next().unwrap_or_default();
    format!("{whole}.{nanos:09}Z")
}

/// By timestamp and then the id.
pub(super) fn sort(order: Order) -> Value {
    let order = name(order);
    json!([{ (field::TIMESTAMP): order }, { (field::ERA): order }, { (field::ID): order }])
}

pub(super) fn name(order: Order) -> &'static str {
    match order {
        Order::Desc => "desc",
        Order::Asc => "asc",
    }
}

/// What a position is to [`sort`].
pub(super) fn sort_values(position: Position) -> Value {
    json!([nanos(position.time), era(position.time), position.id.to_string()])
}

pub(super) fn nanos(time: Timestamp) -> i64 {
    i64::try_from(nearest(time).unix_nanos()).unwrap_or_default()
}

/// The position that a hit's sort values tell.
pub(super) fn position(sort: &[Value]) -> Option<Position> {
    let time = time_of(sort.first()?.as_i64()?, sort.get(1)?.as_str()?)?;
    let id: EntryId = sort.get(2)?.as_str()?.parse().ok()?;
    Some(Position { time, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_written_to_the_nanosecond() {
        assert_eq!(text(at("2023-09-15T08:00:00Z")), "2023-09-15T08:00:00.000000000Z");
        assert_eq!(text(at("2023-09-15T08:00:00.1Z")), "2023-09-15T08:00:00.100000000Z");
        assert_eq!(text(at("1970-01-01T00:00:00.000000001Z")), "1970-01-01T00:00:00.000000001Z");
    }

    #[test]
    fn eras_sort_as_their_times_and_are_read_back() {
        let times = [
            Timestamp::MIN,
            at("1677-01-01T00:00:00Z"),
            at("1969-12-31T23:59:59.999999999Z"),
            at("1970-01-01T00:00:00Z"),
            at("2262-04-11T23:47:16.854775807Z"),
            at("2262-04-11T23:47:16.854775808Z"),
            Timestamp::MAX,
        ];
        let keys = times.map(|time| (nanos(time), era(time)));
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
        for (time, (nanos, era)) in times.into_iter().zip(keys) {
            assert_eq!(time_of(nanos, &era), Some(time));
        }
    }
}
