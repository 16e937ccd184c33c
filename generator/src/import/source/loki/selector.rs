//! Selectors of streams.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Labels that most streams have: the first selector then finds nearly all.
const USUAL: [&str; 4] = ["service_name", "job", "app", "namespace"];

/// Selectors that together find each stream once, for no one selector may find all: a stream is found by the
/// first of `labels` that it has.
pub(super) fn partition(mut labels: Vec<String>) -> Vec<String> {
    let rank = |label: &String| USUAL.iter().position(|usual| usual == label).unwrap_or(USUAL.len());
    labels.sort_by_key(|label| (rank(label), label.clone()));
    let mut without = String::new();
    labels
        .iter()
        .map(|label| {
            let selector = format!("{{{label}=~\".+\"{without}}}");
            // Writing to a String cannot fail.
            let _ = write!(without, ", {label}=\"\"");
            selector
        })
        .collect()
}

/// Finds one stream.
pub(super) fn of_stream(labels: &BTreeMap<String, String>) -> String {
    let mut selector = String::from("{");
    for (label, value) in labels {
        let separator = if selector.len() > 1 { ", " } else { "" };
        let value = serde_json::Value::from(value.as_str());
        let _ = write!(selector, "{separator}{label}={value}");
    }
    selector.push('}');
    selector
}

/// A query as its selector and what follows.
pub(in crate::import::source) fn split(query: &str) -> (&str, &str) {
    let (mut quote, mut is_escaped) = (None, false);
    for (at, c) in query.char_indices() {
        match quote {
            Some('"') if is_escaped => is_escaped = false,
            Some('"') if c == '\\' => is_escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '`') => quote = Some(c),
            None if c == '}' => return query.split_at(at + 1),
            None => {}
        }
    }
    (query, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_finds_a_stream_by_its_first_label() {
        let labels = ["zone", "job", "env"].map(str::to_owned).to_vec();
        assert_eq!(
            partition(labels),
            [r#"{job=~".+"}"#, r#"{env=~".+", job=""}"#, r#"{zone=~".+", job="", env=""}"#]
        );
        assert!(partition(Vec::new()).is_empty());
    }

    #[test]
    fn a_stream_s_selector_has_all_of_its_labels_quoted() {
        let labels = [("app", r#"a"b\"#), ("env", "ü")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(of_stream(&labels.into()), r#"{app="a\"b\\", env="ü"}"#);
    }

    #[test]
    fn a_query_is_split_behind_its_selector() {
        for (query, selector, rest) in [
            (r#"{a="b"}"#, r#"{a="b"}"#, ""),
            (r#"{a="}"} |= "{x}""#, r#"{a="}"}"#, r#" |= "{x}""#),
            (r#"{a="\"}", b=`}`} | json"#, r#"{a="\"}", b=`}`}"#, " | json"),
            ("{a", "{a", ""),
            ("", "", ""),
        ] {
            assert_eq!(split(query), (selector, rest));
        }
    }
}
