//! Whether what an engine holds is what was defined: engines add to what they are given, and write it otherwise.

use logpipeline_model::elasticsearch::Definition;
use serde_json::Value;

/// What engines add of themselves, beside what they were given.
const ADDED: [(&str, &[&str]); 12] = [
    ("enabled", &["true"]),
    ("min_age", &["0ms", "0s"]),
    ("delete_searchable_snapshot", &["true"]),
    ("downsampling_method", &["aggregate"]),
    ("data_stream", &[]),
    ("hidden", &["false"]),
    ("allow_custom_routing", &["false"]),
    ("ignore_missing_component_templates", &["[]"]),
    ("created_date", &[]),
    ("created_date_millis", &[]),
    ("modified_date", &[]),
    ("modified_date_millis", &[]),
];

/// What engines leave out where it is empty. An empty action of a policy is none of them.
const LEFT_OUT: [&str; 3] = ["template", "settings", "mappings"];

/// What the engine tells of a policy or a lifecycle beside it.
const TOLD: [&str; 7] = [
    "version",
    "in_use_by",
    "effective_retention",
    "retention_determined_by",
    "timestamp_field",
    "created_date_string",
    "modified_date_string",
];

/// Whether the answer to a `GET` of the definition's path holds it, and nothing besides.
pub(crate) fn is_as_defined(answer: &Value, definition: &Definition) -> bool {
    object(answer).is_some_and(|found| same(found, &definition.body))
}

/// The one object that an answer is about, out of what the kinds of object are wrapped in.
fn object(answer: &Value) -> Option<&Value> {
    for (list, item) in [("component_templates", "component_template"), ("index_templates", "index_template")]
    {
        if let Some(found) = answer.get(list) {
            return found.get(0)?.get(item);
        }
    }
    // A policy stands under its name.
    answer.as_object()?.values().next()
}

fn is_something(value: &Value) -> bool {
    !matches!(value, Value::Null) && value.as_object().is_none_or(|object| !object.is_empty())
}

/// Whether everything wanted is there.
pub(crate) fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| match found.get(name) {
                Some(found) => holds(found, wanted),
                None => LEFT_OUT.contains(&name.as_str()) && !is_something(wanted),
            })
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
        }
        _ => scalar(found) == scalar(wanted),
    }
}

/// Whether the two say the same: nothing is missing, and nothing is there besides but what engines add.
pub(crate) fn same(found: &Value, wanted: &Value) -> bool {
    holds(found, wanted) && !adds(found, wanted)
}

fn adds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            found.iter().any(|(name, found)| match wanted.get(name) {
                Some(wanted) => adds(found, wanted),
                None => is_something(found) && !is_usual(name, found),
            })
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.iter().zip(wanted).any(|(found, wanted)| adds(found, wanted))
        }
        _ => false,
    }
}

fn is_usual(name: &str, value: &Value) -> bool {
    let added = ADDED.iter().find(|(known, _)| *known == name);
    TOLD.contains(&name)
        || added.is_some_and(|(_, usual)| usual.is_empty() || usual.contains(&scalar(value).as_str()))
}

/// Settings come back as text, whatever they were sent as.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use logpipeline_model::elasticsearch::Put;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_engines_add_makes_no_difference_and_everything_else_does() {
        let wanted = json!({ "policy": { "states": [{ "name": "hot", "actions": [{ "delete": {} }] }] } });
        let found = json!({
            "_seq_no": 3,
            "policy": { "last_updated_time": 1, "states": [
                { "name": "hot", "actions": [{ "delete": {}, "retry": { "count": 3 } }] },
            ] },
        });
        assert!(holds(&found, &wanted));
        for other in [
            json!({ "policy": { "states": [] } }),
            json!({ "policy": { "states": [{ "name": "cold", "actions": [{ "delete": {} }] }] } }),
            json!({ "policy": { "states": [{ "name": "hot", "actions": [{ "close": {} }] }] } }),
        ] {
            assert!(!holds(&other, &wanted), "{other}");
        }
    }

    #[test]
    fn a_template_that_somebody_changed_is_not_as_defined() {
        let body = json!({
            "template": { "settings": { "index": { "number_of_shards": 1, "sort": { "field": ["a", "b"] } } } },
            "_meta": { "schema": 1 },
        });
        let definition = Definition { path: "/_component_template/x".to_owned(), body, put: Put::Always };
        let answer = |index: Value| {
            let template =
                json!({ "template": { "settings": { "index": index } }, "_meta": { "schema": 1 } });
            json!({ "component_templates": [{ "name": "x", "component_template": template }] })
        };
        let untouched = json!({ "number_of_shards": "1", "sort": { "field": ["a", "b"] } });
        assert!(is_as_defined(&answer(untouched), &definition));
        for index in [
            json!({ "number_of_shards": "2", "sort": { "field": ["a", "b"] } }),
            json!({ "number_of_shards": "1", "sort": { "field": ["a"] } }),
            json!({ "number_of_shards": "1" }),
            json!({ "number_of_shards": "1", "sort": { "field": ["a", "b"] }, "priority": "100" }),
        ] {
            assert!(!is_as_defined(&answer(index.clone()), &definition), "{index}");
        }
    }

    #[test]
    fn an_index_template_with_settings_of_its_own_is_not_as_defined() {
        let body = json!({ "index_patterns": ["s"], "data_stream": {}, "composed_of": ["a"] });
        let definition = Definition { path: "/_index_template/s".to_owned(), body, put: Put::Always };
        let answer = |template: Value| {
            let found = json!({
                "index_patterns": ["s"], "data_stream": { "hidden": false }, "composed_of": ["a"],
                "ignore_missing_component_templates": [], "template": template,
            });
            json!({ "index_templates": [{ "name": "s", "index_template": found }] })
        };
        assert!(is_as_defined(&answer(json!({})), &definition));
        assert!(!is_as_defined(&answer(json!({ "settings": { "index": {} } })), &definition));
    }

    #[test]
    fn a_time_to_keep_entries_that_is_wanted_no_more_is_a_difference() {
        let policy = |phases: Value| json!({ "policy": { "phases": phases } });
        let hot = json!({ "min_age": "0ms", "actions": { "rollover": { "max_age": "1d" } } });
        let wanted = policy(json!({ "hot": { "actions": { "rollover": { "max_age": "1d" } } } }));
        let definition = Definition { path: "/_ilm/policy/x".to_owned(), body: wanted, put: Put::Always };
        let answer = |phases: Value| {
            let mut found = policy(phases);
            found["version"] = json!(3);
            found["modified_date"] = json!("2026-01-01T00:00:00.000Z");
            json!({ "x": found })
        };
        assert!(is_as_defined(&answer(json!({ "hot": hot })), &definition));
        let removing = json!({ "hot": hot, "delete": { "min_age": "30d", "actions": { "delete": {} } } });
        assert!(!is_as_defined(&answer(removing), &definition));

        let component = Definition {
            path: "/_component_template/x".to_owned(),
            body: json!({ "template": { "lifecycle": {} } }),
            put: Put::Always,
        };
        let answer = |lifecycle: Value| {
            let template = json!({ "template": { "lifecycle": lifecycle } });
            json!({ "component_templates": [{ "name": "x", "component_template": template }] })
        };
        assert!(is_as_defined(&answer(json!({ "enabled": true })), &component));
        assert!(!is_as_defined(&answer(json!({ "enabled": true, "data_retention": "30d" })), &component));
        assert!(!is_as_defined(&answer(json!({ "enabled": false })), &component));
    }
}
