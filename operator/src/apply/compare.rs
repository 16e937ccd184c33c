//! Whether an object in the cluster is as it was built: the API server adds to what it is given.

use serde_json::Value;

use crate::quantity;

/// What tells the elements of lists apart that others may add to.
const KEYS: [&str; 3] = ["name", "uid", "type"];

/// Maps that say which pods are meant: one entry more means others; and settings, which one entry more changes.
const WHOLE: [&str; 5] = ["selector", "matchLabels", "podSelector", "namespaceSelector", "data"];
/// What narrows a rule that is there without it.
const NARROWING: [&str; 7] =
    ["to", "from", "matchLabels", "matchExpressions", "podSelector", "namespaceSelector", "except"];

/// Whether everything that is wanted is there.
pub(super) fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            let narrowed = |name: &str| found.contains_key(name) && !wanted.contains_key(name);
            if NARROWING.iter().any(|name| narrowed(name)) {
                return false;
            }
            let size = |of: &Value| of.as_object().map(serde_json::Map::len);
            let whole = |name: &str| match (found.get(name), wanted.get(name)) {
                (Some(found), Some(wanted)) => size(found) == size(wanted),
                _ => true,
            };
            if !WHOLE.iter().all(|name| whole(name)) {
                return false;
            }
            wanted.iter().all(|(name, wanted)| match found.get(name) {
                Some(found) => holds(found, wanted),
                None => is_nothing(wanted),
            })
        }
        (Value::Array(found), Value::Array(wanted)) => lists(found, wanted),
        (Value::String(found), Value::String(wanted)) => found == wanted || is_same_quantity(found, wanted),
        (Value::Number(found), Value::Number(wanted)) => found.as_f64() == wanted.as_f64(),
        _ => found == wanted,
    }
}

fn lists(found: &[Value], wanted: &[Value]) -> bool {
    let by_key =
        KEYS.iter().find(|key| !wanted.is_empty() && wanted.iter().all(|one| one.get(key).is_some()));
    match by_key {
        Some(key) => wanted.iter().all(|wanted| {
            found.iter().any(|found| found.get(key) == wanted.get(key) && holds(found, wanted))
        }),
        None => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
        }
    }
}

/// The API server leaves out what is empty.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// The API server writes `1024Mi` as `1Gi`, and `1000m` as `1`.
fn is_same_quantity(found: &str, wanted: &str) -> bool {
    let millis = |text: &str| match text.strip_suffix('m') {
        Some(millis) => millis.parse::<u64>().ok().map(u128::from),
        None => quantity::bytes(text).map(|units| u128::from(units) * 1_000),
    };
    millis(found).is_some_and(|found| millis(wanted) == Some(found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_api_server_adds_and_rewrites_makes_no_difference() {
        let wanted = json!({
            "spec": {
                "ports": [{ "name": "http", "port": 3000 }],
                "resources": { "memory": "1024Mi", "cpu": "1000m" },
                "ingress": [],
                "emptyDir": {},
            },
        });
        let found = json!({
            "metadata": { "resourceVersion": "7" },
            "spec": {
                "ports": [{ "name": "http", "port": 3000, "protocol": "TCP" }, { "name": "added", "port": 1 }],
                "resources": { "memory": "1Gi", "cpu": "1" },
                "clusterIP": "10.0.0.1",
            },
            "status": {},
        });
        assert!(holds(&found, &wanted));
    }

    #[test]
    fn whatever_somebody_changed_makes_a_difference() {
        let wanted = json!({ "a": { "b": 1, "c": ["x", "y"] }, "d": [{ "name": "n", "v": "1" }] });
        for found in [
            json!({ "a": { "b": 2, "c": ["x", "y"] }, "d": [{ "name": "n", "v": "1" }] }),
            json!({ "a": { "b": 1, "c": ["x"] }, "d": [{ "name": "n", "v": "1" }] }),
            json!({ "a": { "b": 1, "c": ["y", "x"] }, "d": [{ "name": "n", "v": "1" }] }),
            json!({ "a": { "b": 1, "c": ["x", "y"] }, "d": [{ "name": "m", "v": "1" }] }),
            json!({ "a": { "b": 1, "c": ["x", "y"] }, "d": [{ "name": "n", "v": "2Gi" }] }),
            json!({ "d": [{ "name": "n", "v": "1" }] }),
        ] {
            assert!(!holds(&found, &wanted), "{found}");
        }
    }

    #[test]
    fn what_somebody_added_makes_a_difference_where_it_changes_who_is_meant() {
        let wanted = json!({ "selector": { "app": "a" }, "egress": [{ "ports": [] }], 
            "from": [{ "namespaceSelector": {} }, { "ipBlock": { "cidr": "10.0.0.0/8" } }] });
        assert!(holds(&wanted, &wanted));
        for (at, added) in [
            ("/selector", json!({ "app": "a", "more": "b" })),
            ("/egress/0", json!({ "ports": [], "to": [] })),
            ("/from/0/namespaceSelector", json!({ "matchLabels": { "a": "b" } })),
            ("/from/0", json!({ "namespaceSelector": {}, "podSelector": {} })),
            ("/from/1/ipBlock", json!({ "cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"] })),
        ] {
            let mut found = wanted.clone();
            *found.pointer_mut(at).unwrap() = added;
            assert!(!holds(&found, &wanted), "{found}");
        }
    }
}
