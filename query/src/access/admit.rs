//! Lets only those through who are known.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use logpipeline_access::require::{SPAN_FIELD, unauthorized};
use logpipeline_access::sessions::{self, Session};
use logpipeline_access::tokens::{Schemes, TokenName};

use super::{Access, Guard};
use crate::App;

/// How long somebody may go on following who is no longer known.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Who asks.
#[derive(Debug)]
pub(crate) enum Caller {
    User(Session),
    Token(TokenName),
}

impl Caller {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::User(session) => session.user(),
            Self::Token(name) => name.as_str(),
        }
    }
}

impl Guard {
    /// Who sends a request. A token counts before a session.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        if let Some(name) = self.tokens.bearer(headers, Schemes::Bearer) {
            return Some(Caller::Token(name));
        }
        let session = self.sessions.find(headers, self.users.as_ref()?, SystemTime::now())?;
        Some(Caller::User(session))
    }

    /// The cookie to answer with, so that a session in use goes on.
    pub(crate) fn renewal(&self, caller: &Caller) -> Option<HeaderValue> {
        match caller {
            Caller::User(session) => self.sessions.renew(session, SystemTime::now()),
            Caller::Token(_) => None,
        }
    }

    fn what_is_needed(&self, headers: &HeaderMap) -> &'static str {
        let cookies = headers.get_all(header::COOKIE).iter();
        let had_session =
            cookies.filter_map(|value| value.to_str().ok()).any(|value| value.contains(sessions::COOKIE));
        match (headers.contains_key(header::AUTHORIZATION), &self.users) {
            (true, _) => {
                "The token is none of those known here. Ask whoever runs this server for one, and send it as \"Authorization: Bearer TOKEN\"."
            }
            (false, Some(_)) if had_session => "The session has ended. Sign in again.",
            (false, Some(_)) => {
                "Sign in, with POST /api/v1/session, or send a token as \"Authorization: Bearer TOKEN\"."
            }
            (false, None) => "A token is needed. Send it as \"Authorization: Bearer TOKEN\".",
        }
    }
}

/// Middleware: answers 401 to whoever is not known. Traces name who is in the request's span.
pub(crate) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Access::Known(guard) = &app.access else { return next.run(request).await };
    let Some(caller) = guard.caller(request.headers()) else {
        return unauthorized(guard.what_is_needed(request.headers()));
    };
    tracing::Span::current().record(SPAN_FIELD, caller.name());
    let admission = Admission::new(guard, request.headers());
    request.extensions_mut().insert(admission);
    let mut response = next.run(request).await;
    if let Some(cookie) = guard.renewal(&caller) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Where who asks must be known, an extension of the request: an answer that goes on for long asks again.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    guard: Arc<Guard>,
    /// Those that say who asks.
    headers: HeaderMap,
}

impl Admission {
    fn new(guard: &Arc<Guard>, headers: &HeaderMap) -> Self {
        let mut kept = HeaderMap::new();
        for name in [header::AUTHORIZATION, header::COOKIE] {
            for value in headers.get_all(&name) {
                kept.append(name.clone(), value.clone());
            }
        }
        Self { guard: Arc::clone(guard), headers: kept }
    }

    /// Until whoever asked is no longer known: the session has ended, the token or the user is gone.
    pub(crate) async fn ended(&self) {
        while self.guard.caller(&self.headers).is_some() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
