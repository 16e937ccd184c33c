//! What a server keeps for a reader between two pages.

use serde_json::{Value, json};

use super::answer::Hit;
use super::engine::Paging;

/// How long it is kept after a page.
pub(super) const KEEP: &str = "5m";

#[derive(Debug)]
pub(super) struct Cursor {
    kept: Kept,
    /// Whether the last page was read.
    pub(super) is_at_end: bool,
}

#[derive(Debug)]
enum Kept {
    /// Its id, and the keys of the last document.
    PointInTime { id: String, after: Option<Value> },
    /// Its id, once it has begun.
    Scroll(Option<String>),
}

impl Cursor {
    pub(super) fn point_in_time(id: String) -> Self {
        Self { kept: Kept::PointInTime { id, after: None }, is_at_end: false }
    }

    pub(super) fn scroll() -> Self {
        Self { kept: Kept::Scroll(None), is_at_end: false }
    }

    /// Path, parameters and body of the search for the next page.
    pub(super) fn request(
        &self,
        index: &str,
        query: Value,
        sort: Value,
        size: usize,
    ) -> (String, Vec<(&'static str, &'static str)>, Value) {
        match &self.kept {
            Kept::PointInTime { id, after } => {
                let mut body = json!({
                    "size": size, "query": query, "sort": sort, "track_total_hits": false,
                    "pit": { "id": id, "keep_alive": KEEP }
                });
                if let Some(after) = after {
                    body["search_after"] = after.clone();
                }
                ("/_search".to_owned(), Vec::new(), body)
            }
            Kept::Scroll(None) => {
                let body = json!({ "size": size, "query": query, "sort": sort });
                (format!("/{index}/_search"), vec![("scroll", KEEP)], body)
            }
            Kept::Scroll(Some(id)) => {
                ("/_search/scroll".to_owned(), Vec::new(), json!({ "scroll": KEEP, "scroll_id": id }))
            }
        }
    }

    /// Moves behind a page: the id that came with it, its last document, and whether more may follow.
    pub(super) fn goes_on(&mut self, kept: Option<String>, last: Option<&Hit<'_>>, more: bool) {
        self.is_at_end = !more;
        match &mut self.kept {
            Kept::PointInTime { id, after } => {
                if let Some(kept) = kept {
                    *id = kept;
                }
                if let Some(last) = last {
                    let keys = last
                        .sort
                        .iter()
                        .map(|key| serde_json::from_str::<Value>(key.get()).unwrap_or_default());
                    *after = Some(keys.collect());
                }
            }
            Kept::Scroll(id) => {
                if kept.is_some() {
                    *id = kept;
                }
            }
        }
    }

    /// Path and body of the request that gives it back.
    pub(super) fn closing(self, paging: Paging) -> Option<(&'static str, Value)> {
        match (self.kept, paging) {
            (Kept::PointInTime { id, .. }, Paging::OpenSearchPointInTime(_)) => {
                Some(("/_search/point_in_time", json!({ "pit_id": [id] })))
            }
            (Kept::PointInTime { id, .. }, _) => Some(("/_pit", json!({ "id": id }))),
            (Kept::Scroll(id), _) => Some(("/_search/scroll", json!({ "scroll_id": [id?] }))),
        }
    }
}

/// The path that opens a point in time, and where its answer has the id; `None` where there is no such thing.
pub(super) fn opening(paging: Paging, index: &str) -> Option<(String, &'static str)> {
    match paging {
        Paging::PointInTime(_) => Some((format!("/{index}/_pit"), "id")),
        Paging::OpenSearchPointInTime(_) => Some((format!("/{index}/_search/point_in_time"), "pit_id")),
        Paging::Scroll => None,
    }
}
