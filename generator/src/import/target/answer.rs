//! What the answer to a bulk request says of each entry.

use std::borrow::Cow;

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) enum Outcome {
    Accepted,
    AlreadyThere,
    /// For good, with the reason.
    Rejected(String),
    /// Not now.
    Again(String),
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, alias = "index")]
    create: Created<'a>,
}

#[derive(Deserialize)]
struct Created<'a> {
    status: u16,
    #[serde(borrow, default)]
    error: Option<Reason<'a>>,
}

#[derive(Deserialize)]
struct Reason<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
}

/// The outcomes of a request's entries, in their order.
pub(in crate::import) fn parse(answer: &[u8], entries: usize) -> Result<Vec<Outcome>, String> {
    let Answer { items } = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    if items.len() != entries {
        return Err(format!("it speaks of {} entries of {entries}", items.len()));
    }
    Ok(items.into_iter().map(|item| item.create.outcome()).collect())
}

impl Created<'_> {
    fn outcome(self) -> Outcome {
        let reason = || match &self.error {
            Some(Reason { kind, reason }) if kind.is_empty() => reason.clone().into_owned(),
            Some(Reason { kind, reason }) => format!("{kind}: {reason}"),
            None => format!("status {}", self.status),
        };
        match self.status {
            200..=299 => Outcome::Accepted,
            409 => Outcome::AlreadyThere,
            429 | 500..=599 => Outcome::Again(reason()),
            _ => Outcome::Rejected(reason()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_has_its_outcome() {
        let answer = br#"{"took":1,"errors":true,"items":[
            {"create":{"_index":"a","_id":"1","status":201,"result":"created"}},
            {"create":{"_index":"a","_id":"2","status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}}},
            {"create":{"_index":"a","_id":"3","status":400,"error":{"type":"mapper_parsing_exception","reason":"bad \"level\""}}},
            {"index":{"_index":"a","_id":"4","status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}},
            {"create":{"status":503}}
        ]}"#;
        assert_eq!(
            parse(answer, 5).unwrap(),
            [
                Outcome::Accepted,
                Outcome::AlreadyThere,
                Outcome::Rejected("mapper_parsing_exception: bad \"level\"".to_owned()),
                Outcome::Again("es_rejected_execution_exception: full".to_owned()),
                Outcome::Again("status 503".to_owned()),
            ]
        );
    }

    #[test]
    fn an_answer_that_does_not_fit_is_refused() {
        assert_eq!(parse(br#"{"items":[]}"#, 1).unwrap_err(), "it speaks of 0 entries of 1");
        for answer in ["", "{}", "[]", r#"{"items":[{}]}"#, r#"{"items":[{"create":{}}]}"#, "\u{0}"] {
            assert!(parse(answer.as_bytes(), 1).is_err(), "{answer}");
        }
    }
}
