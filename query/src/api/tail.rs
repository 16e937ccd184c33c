//! `tail`: entries as they arrive, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use logpipeline_service::{Problem, Shutdown};
use utoipa::IntoParams;

use crate::App;
use crate::access::Admission;
use crate::app::now;
use crate::params::{FromParams, Given, Params};
use crate::scope;
use crate::tail::{Received, Subscription};

/// Proxies close connections that are silent for longer, half a minute being the usual limit.
const HEARTBEAT: Duration = Duration::from_secs(15);

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TailParams {
    /// Only entries that this query finds. `now` in it means the time of this request.
    q: Option<String>,
}

impl FromParams for TailParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        Ok(Self { q: given.text("q") })
    }
}

/// Follow entries as they arrive
///
/// Server-sent events. First `ready` with data `{"from":"<time>"}`: entries accepted from that time on follow, each
/// as `entry` with the entry as data. `dropped` with data `{"count":n}` stands where n entries were left out because
/// the client read too slowly. Comments keep the connection alive. The stream ends when the server shuts down, and
/// when the session or token that it was begun with is good no more.
#[utoipa::path(
    get, path = "/api/v1/tail", tag = "search", params(TailParams),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-query` or `invalid-parameter`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy`: there are as many clients as the server takes; come back after `Retry-After`"),
    )
)]
pub(crate) async fn tail(
    State(app): State<App>,
    admission: Option<Extension<Admission>>,
    Params(params): Params<TailParams>,
) -> Result<impl IntoResponse, Problem> {
    let mut query = scope::query(params.q.as_deref(), now())?;
    let subscription = app.stores.of(&mut query).tail.subscribe(&query)?;
    let ready = serde_json::json!({ "from": subscription.from() });
    let ready = Event::default().event("ready").data(ready.to_string());
    let events = stream::once(async move { ready })
        .chain(events(subscription, app.shutdown, admission))
        .map(Ok::<_, Infallible>);
    // nginx would otherwise hold events back until it has a buffer full of them.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))))
}

fn events(
    subscription: Subscription,
    shutdown: Shutdown,
    admission: Option<Extension<Admission>>,
) -> impl Stream<Item = Event> {
    let ended = Box::pin(async move {
        match admission {
            Some(Extension(admission)) => admission.ended().await,
            None => std::future::pending().await,
        }
    });
    stream::unfold((subscription, shutdown, ended), async |(mut subscription, shutdown, mut ended)| {
        let received = tokio::select! {
            received = subscription.next() => received?,
            () = shutdown.draining() => return None,
            () = ended.as_mut() => return None,
        };
        let event = match received {
            // The stored form is one line, as the data of an event must be.
            Received::Entry(stored) => Event::default().event("entry").data(String::from_utf8_lossy(&stored)),
            Received::Dropped(count) => {
                Event::default().event("dropped").data(serde_json::json!({ "count": count }).to_string())
            }
        };
        Some((event, (subscription, shutdown, ended)))
    })
    .fuse()
}
