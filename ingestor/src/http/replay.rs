//! `POST /api/v1/dead-letters/replay`, and `/dead-letters/replay` on the admin port.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use logpipeline_model::EntryId;
use logpipeline_model::Timestamp;
use logpipeline_model::query::time::{Edge, parse_bound};
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_service::Problem;
use serde::Deserialize;

use crate::clock;
use crate::intake::Ingest;
use crate::replay::{Replay, Selection};

const MOST_BYTES: usize = 1 << 20;
const MOST_IDS: usize = 10_000;
const FORM: &str = r#"Send {"ids": ["…"]}, {"q": "a query", "from": "…", "to": "…"}, or {"all": true}."#;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    ids: Option<Vec<EntryId>>,
    q: Option<String>,
    from: Option<String>,
    to: Option<String>,
    all: bool,
    /// On the admin port: the time after which the ids that are not reached yet are left.
    seconds: Option<u64>,
}

/// On the admin port, which asks for no token: letters by their ids alone, so that the answer tells nothing of what they say.
pub(super) async fn replay_ids(
    State(ingest): State<Arc<Ingest>>,
    Extension(replay): Extension<Arc<Replay>>,
    body: Body,
) -> Response {
    answer(&ingest, replay, body, select_ids).await
}

pub(super) async fn replay(
    State(ingest): State<Arc<Ingest>>,
    Extension(replay): Extension<Arc<Replay>>,
    body: Body,
) -> Response {
    answer(&ingest, replay, body, |asked| select(asked, clock::now())).await
}

async fn answer(
    ingest: &Ingest,
    replay: Arc<Replay>,
    body: Body,
    select: impl FnOnce(Asked) -> Result<Selection, Problem>,
) -> Response {
    if ingest.shutdown.is_stopping() {
        return super::take::shutting_down().into_response();
    }
    let asked = match to_bytes(body, MOST_BYTES).await {
        Ok(bytes) => read(&bytes),
        Err(error) => Err(invalid(format!("The body cannot be read: {error}."))),
    };
    let selection = match asked.and_then(select) {
        Ok(selection) => selection,
        Err(problem) => return problem.into_response(),
    };
    // To its end, also where who asked does not wait for it.
    match tokio::spawn(async move { replay.run(selection).await }).await {
        Ok(Ok(report)) => Json(report).into_response(),
        Ok(Err(problem)) => problem.into_response(),
        Err(error) => {
            tracing::error!(%error, "a replay of dead letters failed");
            let detail = "The replay failed because of a fault of the ingestor. Nothing is stored twice if you send it again.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response()
        }
    }
}

fn read(bytes: &[u8]) -> Result<Asked, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| invalid(format!("The body is not as it should be: {error}. {FORM}")))
}

fn select_ids(asked: Asked) -> Result<Selection, Problem> {
    match asked {
        Asked { ids: Some(ids), q: None, from: None, to: None, all: false, seconds } => {
            bounded(ids, seconds.map(Duration::from_secs))
        }
        _ => Err(invalid(r#"The admin port takes {"ids": ["…"]}, and "seconds" beside it. Choose letters by a query on the port that takes entries."#.to_owned())),
    }
}

fn bounded(ids: Vec<EntryId>, within: Option<Duration>) -> Result<Selection, Problem> {
    if ids.len() > MOST_IDS {
        let detail = format!("\"ids\" holds {} ids, at most {MOST_IDS} are taken at once.", ids.len());
        return Err(invalid(detail));
    }
    Ok(Selection::Ids { ids, within })
}

fn select(asked: Asked, now: Timestamp) -> Result<Selection, Problem> {
    let Asked { ids, q, from, to, all, seconds } = asked;
    if seconds.is_some() {
        return Err(invalid(r#""seconds" is for the admin port alone."#.to_owned()));
    }
    let by_query = q.is_some() || from.is_some() || to.is_some();
    if usize::from(ids.is_some()) + usize::from(by_query) + usize::from(all) != 1 {
        return Err(invalid(format!("It must be said in one way which dead letters are meant. {FORM}")));
    }
    if let Some(ids) = ids {
        return bounded(ids, None);
    }
    let mut query = Query::parse(q.as_deref().unwrap_or_default(), now)
        .map_err(|error| invalid(format!("\"q\" is no query: {}.", error.message.trim_end_matches('.'))))?;
    // It may be said, and is meant in any case.
    query.take_dead_letters();
    let bound = |name: &str, text: Option<String>, edge| match text {
        None => Ok(None),
        Some(text) => parse_bound(&text, now, edge).map(Some).map_err(|error| {
            invalid(format!("\"{name}\": {}; {}.", error.message, error.hint.trim_end_matches('.')))
        }),
    };
    let first = bound("from", from, Edge::First)?.unwrap_or(Timestamp::MIN);
    let last = bound("to", to, Edge::Last)?.unwrap_or(Timestamp::MAX);
    Ok(Selection::Query { query, range: TimeRange { first, last } })
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-replay", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(json: &str) -> Result<Selection, String> {
        let asked = read(json.as_bytes()).map_err(|problem| problem.detail.into_owned())?;
        let now = "2026-11-30T08:00:00Z".parse().unwrap();
        select(asked, now).map_err(|problem| problem.detail.into_owned())
    }

    #[test]
    fn letters_are_chosen_in_one_way() {
        let id = "018a97d2-5c00-7000-8000-000000000000";
        assert!(
            matches!(selected(&format!(r#"{{"ids":["{id}"]}}"#)), Ok(Selection::Ids { ids, within: None }) if ids.len() == 1)
        );
        for json in [r#"{"all":true}"#, r#"{"q":"stream:dead-letters"}"#] {
            let Ok(Selection::Query { query, range }) = selected(json) else { panic!("{json}") };
            assert_eq!((query.to_string().as_str(), range), ("*", TimeRange::ALL));
        }
        let json = r#"{"q":"reason:mapping","from":"now-1h","to":"2026-11-30"}"#;
        let Ok(Selection::Query { range, .. }) = selected(json) else { panic!() };
        assert_eq!(range.first, "2026-11-30T07:00:00Z".parse().unwrap());
        assert_eq!(range.last, "2026-11-30T23:59:59.999999999Z".parse().unwrap());
    }

    #[test]
    fn what_is_not_clear_is_refused_with_what_to_send() {
        for json in [
            "{}",
            r#"{"all":false}"#,
            r#"{"all":true,"q":"a"}"#,
            r#"{"ids":[],"from":"now"}"#,
            "[]",
            "",
            r#"{"id":"x"}"#,
        ] {
            let detail = selected(json).unwrap_err();
            assert!(detail.contains(FORM), "{json}: {detail}");
        }
        assert!(selected(r#"{"ids":["x"]}"#).unwrap_err().contains("an entry id is a UUID"));
        assert!(selected(r#"{"q":"(a"}"#).unwrap_err().starts_with("\"q\" is no query: "));
        assert!(selected(r#"{"from":"soon"}"#).unwrap_err().starts_with("\"from\": "));
        for json in [r#"{"all":true}"#, r#"{"q":"a"}"#, r#"{"ids":[],"from":"now"}"#] {
            let problem = select_ids(read(json.as_bytes()).unwrap()).unwrap_err();
            assert!(problem.detail.contains("ids"), "{json}");
        }
        let timed = format!(r#"{{"ids":["{}"],"seconds":5}}"#, EntryId([0; 16]));
        assert!(selected(&timed).unwrap_err().contains("admin port"));
        assert!(matches!(
            select_ids(read(timed.as_bytes()).unwrap()),
            Ok(Selection::Ids { within: Some(time), .. }) if time == Duration::from_secs(5)
        ));
        let many = vec![EntryId([0; 16]); MOST_IDS + 1];
        let json = serde_json::json!({ "ids": many }).to_string();
        assert!(selected(&json).unwrap_err().contains("at most 10000"));
    }
}
