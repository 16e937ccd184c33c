//! Bulk requests: their bodies, and what became of each item.

use bytes::Bytes;
use logpipeline_model::EntryId;
use serde::Deserialize;

use super::connection::Cause;

/// A body is sent once it has this many bytes: engines take 5 to 15 MB best.
pub(super) const BODY_BYTES: usize = 8 << 20;

/// One entry ready to be sent.
#[derive(Debug)]
pub(super) struct Item {
    /// Where the entry stands in the batch.
    pub(super) at: usize,
    pub(super) id: EntryId,
    /// The action and the document, a line each.
    pub(super) lines: Bytes,
}

/// What became of one item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Stored,
    /// An entry with its id is there.
    Exists,
    /// Worth another try.
    Later(String),
    /// The engine will never take it.
    Refused(String),
}

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) items: Vec<ItemAnswer>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ItemAnswer {
    create: Action,
}

#[derive(Debug, Deserialize)]
struct Action {
    status: u16,
    #[serde(default)]
    error: Option<Cause>,
}

/// The fields of an answer that are read.
pub(super) const PATH: &str = "/_bulk?filter_path=items.create.status,items.create.error";

impl ItemAnswer {
    pub(super) fn outcome(&self) -> Outcome {
        let Action { status, error } = &self.create;
        let kind = error.as_ref().map_or("", |error| error.kind.as_str());
        let text = || error.as_ref().map_or_else(|| format!("status {status}"), Cause::text);
        match status {
            200..300 => Outcome::Stored,
            409 => Outcome::Exists,
            408 | 429 | 500..600 => Outcome::Later(text()),
            // An index that is read-only, since its disk is full or somebody said so.
            403 if kind == "cluster_block_exception" => Outcome::Later(text()),
            // Templates or data streams that somebody removed are made again.
            404 => Outcome::Later(text()),
            _ => Outcome::Refused(format!("{kind}: {}", text())),
        }
    }
}

/// Cuts items into runs whose bodies have about [`BODY_BYTES`].
pub(super) fn runs(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut runs: Vec<Vec<Item>> = Vec::new();
    let mut bytes = usize::MAX;
    for item in items {
        if bytes.saturating_add(item.lines.len()) > BODY_BYTES {
            runs.push(Vec::new());
            bytes = 0;
        }
        bytes += item.lines.len();
        if let Some(run) = runs.last_mut() {
            run.push(item);
        }
    }
    runs
}

pub(super) fn body(items: &[Item]) -> Bytes {
    let mut body = Vec::with_capacity(items.iter().map(|item| item.lines.len()).sum());
    for item in items {
        body.extend_from_slice(&item.lines);
    }
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(answer: &str) -> Outcome {
        serde_json::from_str::<ItemAnswer>(answer).unwrap().outcome()
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_cannot_is_not() {
        assert_eq!(outcome(r#"{"create":{"status":201}}"#), Outcome::Stored);
        let error = |status: u16, kind: &str| {
            format!(r#"{{"create":{{"status":{status},"error":{{"type":"{kind}","reason":"why"}}}}}}"#)
        };
        assert_eq!(outcome(&error(409, "version_conflict_engine_exception")), Outcome::Exists);
        for (status, kind) in [
            (429, "es_rejected_execution_exception"),
            (429, "cluster_block_exception"),
            (403, "cluster_block_exception"),
            (503, "unavailable_shards_exception"),
            (500, "whatever"),
            (404, "index_not_found_exception"),
        ] {
            assert_eq!(outcome(&error(status, kind)), Outcome::Later("why".to_owned()), "{status} {kind}");
        }
        for (status, kind) in [(400, "document_parsing_exception"), (403, "security_exception")] {
            assert_eq!(outcome(&error(status, kind)), Outcome::Refused(format!("{kind}: why")));
        }
    }

    #[test]
    fn bodies_are_bounded_but_no_item_is_cut() {
        let item = |at, length| Item { at, id: EntryId::from_parts(0, 0), lines: vec![b'x'; length].into() };
        let items = vec![item(0, 5 << 20), item(1, 3 << 20), item(2, 1), item(3, 20 << 20), item(4, 1)];
        let runs = runs(items);
        let places: Vec<Vec<_>> = runs.iter().map(|run| run.iter().map(|item| item.at).collect()).collect();
        assert_eq!(places, [vec![0, 1], vec![2], vec![3], vec![4]]);
        assert!(super::runs(Vec::new()).is_empty());
    }
}
