//! Bulk requests: their bodies, and what became of each item.

use std::time::Duration;

use bytes::Bytes;
use logpipeline_model::EntryId;
use serde::Deserialize;

use logpipeline_cluster::Cause;
use logpipeline_cluster::Engine;

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
    /// Whether it was sent before, and it is not known what became of it.
    pub(super) unsure: bool,
    /// Whether to look for it in every index before it is sent.
    pub(super) look_up: bool,
    /// Whether an earlier request may still store it.
    pub(super) watch: bool,
}

impl Item {
    pub(super) fn new(at: usize, id: EntryId, lines: Bytes) -> Self {
        Self { at, id, lines, unsure: false, look_up: false, watch: false }
    }

    /// It was sent, and it is not known what became of it.
    pub(super) fn doubt(&mut self) {
        (self.unsure, self.look_up, self.watch) = (true, true, true);
    }
}

/// What became of one item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Stored,
    /// An entry with its id is there.
    Exists,
    /// Worth another try; it was not stored.
    Later(String),
    /// Worth another try; it may have been stored.
    Unsure(String),
    /// There is no template, or no data stream, of its name.
    Homeless(String),
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
    #[serde(default, rename = "_index")]
    index: Option<String>,
    #[serde(default)]
    failure_store: Option<String>,
    #[serde(default)]
    error: Option<Cause>,
}

/// Where bulk requests go, and the fields of their answers that are read. Nothing but a data stream may be
/// written to: an index that came to be without the templates has mappings that were guessed. The server
/// gives up before we do, so that it says what it did.
pub(super) fn path(engine: &Engine, timeout: Duration) -> String {
    let millis = (timeout.as_millis() * 4 / 5).max(1);
    let rest = if engine.requires_data_streams() {
        "require_data_stream=true\
         &filter_path=items.create.status,items.create.error,items.create.failure_store"
    } else {
        "filter_path=items.create.status,items.create.error,items.create._index"
    };
    format!("/_bulk?timeout={millis}ms&{rest}")
}

impl ItemAnswer {
    /// The index that an entry was written to in place of a data stream.
    pub(super) fn plain_index(&self) -> Option<&str> {
        let Action { status, index, .. } = &self.create;
        index.as_deref().filter(|index| matches!(status, 200..300 | 409) && !index.starts_with(".ds-"))
    }

    pub(super) fn outcome(&self) -> Outcome {
        let Action { status, error, failure_store, .. } = &self.create;
        // It says 201, and nobody who searches the data stream finds the entry.
        if failure_store.as_deref() == Some("used") {
            let reason =
                "the mapping or a pipeline did not take it: the data stream's failure store says why";
            return Outcome::Refused(reason.to_owned());
        }
        let kind = error.as_ref().map_or("", |error| error.kind.as_str());
        let text = || {
            let text = error.as_ref().map_or_else(|| format!("status {status}"), Cause::text);
            if kind.is_empty() { text } else { format!("{kind}: {text}") }
        };
        match status {
            200..300 => Outcome::Stored,
            409 => Outcome::Exists,
            404 => Outcome::Homeless(text()),
            429 => Outcome::Later(text()),
            // An index that is read-only, or who writes may not: no fault of the entry.
            401 | 403 => Outcome::Later(text()),
            // The cluster has as many shards as it may, or somebody closed the index.
            400 if matches!(kind, "validation_exception" | "index_closed_exception") => {
                Outcome::Later(text())
            }
            408 | 500..600 => Outcome::Unsure(text()),
            _ => Outcome::Refused(text()),
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
        type Made = fn(String) -> Outcome;
        let cases: [(u16, &str, Made); 12] = [
            (429, "es_rejected_execution_exception", Outcome::Later),
            (429, "cluster_block_exception", Outcome::Later),
            (403, "cluster_block_exception", Outcome::Later),
            (401, "security_exception", Outcome::Later),
            (403, "security_exception", Outcome::Later),
            (400, "validation_exception", Outcome::Later),
            (400, "index_closed_exception", Outcome::Later),
            (408, "timeout_exception", Outcome::Unsure),
            (503, "unavailable_shards_exception", Outcome::Unsure),
            (500, "whatever", Outcome::Unsure),
            (404, "index_not_found_exception", Outcome::Homeless),
            (400, "document_parsing_exception", Outcome::Refused),
        ];
        for (status, kind, expected) in cases {
            assert_eq!(outcome(&error(status, kind)), expected(format!("{kind}: why")), "{status} {kind}");
        }
    }

    #[test]
    fn an_index_in_place_of_a_data_stream_is_noticed() {
        let index = |answer: &str| {
            let answer: ItemAnswer = serde_json::from_str(answer).unwrap();
            answer.plain_index().map(str::to_owned)
        };
        let plain = Some("logs-a.default".to_owned());
        assert_eq!(index(r#"{"create":{"status":201,"_index":"logs-a.default"}}"#), plain);
        assert_eq!(index(r#"{"create":{"status":409,"_index":"logs-a.default"}}"#), plain);
        assert_eq!(index(r#"{"create":{"status":201,"_index":".ds-logs-a.default-000001"}}"#), None);
        assert_eq!(index(r#"{"create":{"status":429,"_index":"logs-a.default"}}"#), None);
        assert_eq!(index(r#"{"create":{"status":201}}"#), None);
    }

    #[test]
    fn what_went_to_the_failure_store_is_refused() {
        let used = outcome(r#"{"create":{"status":201,"failure_store":"used"}}"#);
        assert!(matches!(&used, Outcome::Refused(reason) if reason.contains("failure store")), "{used:?}");
        let error = r#""error":{"type":"document_parsing_exception","reason":"why"}"#;
        let unused = format!(r#"{{"create":{{"status":400,"failure_store":"not_enabled",{error}}}}}"#);
        assert_eq!(outcome(&unused), Outcome::Refused("document_parsing_exception: why".to_owned()));
    }

    #[test]
    fn bodies_are_bounded_but_no_item_is_cut() {
        let item = |at, length| Item::new(at, EntryId::from_parts(0, 0), vec![b'x'; length].into());
        let items = vec![item(0, 5 << 20), item(1, 3 << 20), item(2, 1), item(3, 20 << 20), item(4, 1)];
        let runs = runs(items);
        let places: Vec<Vec<_>> = runs.iter().map(|run| run.iter().map(|item| item.at).collect()).collect();
        assert_eq!(places, [vec![0, 1], vec![2], vec![3], vec![4]]);
        assert!(super::runs(Vec::new()).is_empty());
    }
}
