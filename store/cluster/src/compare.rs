//! Whether what an engine holds is what was defined: engines add to what they are given, and write it otherwise.

use logpipeline_model::elasticsearch::Definition;
use serde_json::Value;

/// Whether the answer to a `GET` of the definition's path holds it, and nothing besides that would count.
pub(crate) fn is_as_defined(answer: &Value, definition: &Definition) -> bool {
    let Some(found) = object(answer) else { return false };
    let wanted = &definition.body;
    let besides = wanted.get("template").is_none() && found.get("template").is_some_and(is_something);
    if besides || !holds(found, wanted) {
        return false;
    }
    ["settings", "mappings"].iter().all(|part| {
        let part = |of: &Value| of.get("template").and_then(|template| template.get(part)).cloned();
        match (part(found), part(wanted)) {
            (None, None) => true,
            (Some(found), Some(wanted)) => same(&found, &wanted),
            (Some(found), None) => !is_something(&found),
            (None, Some(wanted)) => !is_something(&wanted),
        }
    })
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
                // Engines leave empty objects out.
                None => !is_something(wanted),
            })
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
        }
        _ => scalar(found) == scalar(wanted),
    }
}

/// Whether the two say the same, and no more.
fn same(found: &Value, wanted: &Value) -> bool {
    holds(found, wanted) && holds(wanted, found)
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
}
