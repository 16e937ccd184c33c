//! Which documents of an index are asked for, and in which order.

use serde_json::{Value, json};

use super::super::{Part, Plan, Position, Times};
use super::engine::Tie;

pub(super) const TIME: &str = "@timestamp";

/// Documents within the bounds, in milliseconds since 1970.
pub(super) fn timed(since: Option<i64>, until: Option<i64>) -> Value {
    if since.is_none() && until.is_none() {
        return json!({ "exists": { "field": TIME } });
    }
    let mut range = serde_json::Map::new();
    // A field's own format may be any; this one is understood by all versions.
    range.insert("format".to_owned(), "epoch_millis".into());
    range.extend(since.map(|since| ("gte".to_owned(), since.into())));
    range.extend(until.map(|until| ("lt".to_owned(), until.into())));
    json!({ "range": { TIME: range } })
}

/// Documents that no range of time finds.
pub(super) fn untimed() -> Value {
    json!({ "bool": { "must_not": [{ "exists": { "field": TIME } }] } })
}

/// The rest of a part from `position` on, where only that is asked for which `position` is about.
pub(super) fn of_position(plan: &Plan, part: &Part, position: Position) -> Value {
    if !position.untimed {
        return timed(position.at.or(plan.since), plan.until);
    }
    let missing = if part.times == Times::None { json!({ "match_all": {} }) } else { untimed() };
    match position.at {
        Some(at) => json!({ "bool": { "filter": [missing, { "range": { "_seq_no": { "gte": at } } }] } }),
        None => json!({ "bool": { "filter": [missing] } }),
    }
}

/// The order of a part's documents; `by_sequence` where those without a time can be put into one.
pub(super) fn sort(untimed: bool, by_sequence: bool, tie: Option<Tie>) -> Value {
    let first = match (untimed, by_sequence) {
        (false, _) => Some(TIME),
        (true, true) => Some("_seq_no"),
        (true, false) => None,
    };
    let tie = tie.map(Tie::field).filter(|tie| first != Some(tie));
    let fields: Vec<&str> = first.into_iter().chain(tie).collect();
    match fields.as_slice() {
        [] => json!(["_doc"]),
        fields => fields.iter().map(|field| json!({ *field: { "order": "asc" } })).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_milliseconds_of_which_the_end_is_exclusive() {
        let bounded = json!({"range": {"@timestamp": {"format": "epoch_millis", "gte": 5, "lt": 9}}});
        assert_eq!(timed(Some(5), Some(9)), bounded);
        assert_eq!(
            timed(None, Some(9)),
            json!({"range": {"@timestamp": {"format": "epoch_millis", "lt": 9}}})
        );
        assert_eq!(timed(None, None), json!({"exists": {"field": "@timestamp"}}));
    }

    #[test]
    fn reading_goes_on_at_a_time_or_a_sequence_number() {
        let plan = Plan { since: Some(5), until: None, ..Plan::default() };
        let part = Part { times: Times::Millis, ..Part::default() };
        let at = |untimed, at| of_position(&plan, &part, Position { part: 0, untimed, at });
        assert_eq!(at(false, None), timed(Some(5), None));
        assert_eq!(at(false, Some(8)), timed(Some(8), None));
        assert_eq!(at(true, None), json!({"bool": {"filter": [untimed()]}}));
        assert_eq!(
            at(true, Some(3)),
            json!({"bool": {"filter": [untimed(), {"range": {"_seq_no": {"gte": 3}}}]}})
        );
        let dateless = Part { times: Times::None, ..Part::default() };
        let all = of_position(&plan, &dateless, Position { part: 0, untimed: true, at: None });
        assert_eq!(all, json!({"bool": {"filter": [{"match_all": {}}]}}));
    }

    #[test]
    fn an_order_ends_with_what_tells_equal_ones_apart() {
        let fields = |untimed, by_sequence, tie| {
            let sort = sort(untimed, by_sequence, tie);
            let fields = sort.as_array().unwrap().iter();
            fields
                .map(|field| match field {
                    Value::String(name) => name.clone(),
                    field => field.as_object().unwrap().keys().next().unwrap().clone(),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(fields(false, true, Some(Tie::ShardDoc)), ["@timestamp", "_shard_doc"]);
        assert_eq!(fields(false, true, Some(Tie::SeqNo)), ["@timestamp", "_seq_no"]);
        assert_eq!(fields(false, true, None), ["@timestamp"]);
        assert_eq!(fields(true, true, Some(Tie::ShardDoc)), ["_seq_no", "_shard_doc"]);
        assert_eq!(fields(true, true, Some(Tie::SeqNo)), ["_seq_no"]);
        assert_eq!(fields(true, true, None), ["_seq_no"]);
        assert_eq!(fields(true, false, Some(Tie::ShardDoc)), ["_shard_doc"]);
        assert_eq!(fields(true, false, None), ["_doc"]);
    }
}
