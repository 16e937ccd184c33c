//! `session`: who asks, signing in and signing out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use logpipeline_access::require::{SPAN_FIELD, unauthorized};
use logpipeline_access::sessions;
use logpipeline_access::users::User;
use logpipeline_service::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Json;
use crate::App;
use crate::access::{Access, Caller, Guard, check_origin};
use crate::metrics::SignIn;
use crate::problems;

/// Bytes of a request to sign in.
const MOST_BYTES: usize = 8 << 10;
/// How long its body may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionResponse {
    /// Who is signed in; null where nobody is.
    #[schema(required = true)]
    user: Option<String>,
    /// The name of the token that the request bears; null where it bears none that is known.
    #[schema(required = true)]
    token: Option<String>,
    /// Whether anybody may search here, without signing in.
    insecure: bool,
    /// Whether other requests need a session or a token.
    sign_in_required: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInRequest {
    #[schema(example = "ada")]
    user: String,
    #[schema(format = Password)]
    password: String,
}

impl SessionResponse {
    fn of(app: &App) -> Self {
        let insecure = matches!(app.access, Access::Anybody);
        Self { insecure, sign_in_required: !insecure, ..Self::default() }
    }
}

/// Who am I?
///
/// Answered to anybody: it says whether signing in is needed, and who is signed in.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session", security(()),
    responses((status = 200, body = SessionResponse))
)]
pub(crate) async fn session(State(app): State<App>, headers: HeaderMap) -> Response {
    let mut answer = SessionResponse::of(&app);
    let Access::Known(guard) = &app.access else { return Json(answer).into_response() };
    let caller = guard.caller(&headers);
    match &caller {
        Some(Caller::User(session)) => answer.user = Some(session.user().to_owned()),
        Some(Caller::Token(name)) => answer.token = Some(name.to_string()),
        None => {}
    }
    let mut response = Json(answer).into_response();
    if let Some(cookie) = caller.and_then(|caller| guard.renewal(&caller)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Sign in
///
/// The answer's cookie `__Host-logpipeline-session` is good for all other requests: for 12 hours after the last one
/// with it, and for 7 days at most. It is `Secure`, so browsers keep it only for HTTPS and for this machine.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", security(()), request_body = SignInRequest,
    responses(
        (status = 200, body = SessionResponse, headers(("Set-Cookie" = String, description = "The session"))),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-body`"),
        (status = 401, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`unauthorized`: nobody has that name and password"),
        (status = 403, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`foreign-origin`: a page of another site sent it"),
        (status = 409, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`no-sign-in`: this server knows no users"),
        (status = 429, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`too-many-attempts`; come back after `Retry-After`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn sign_in(
    State(app): State<App>,
    client: Option<Extension<ConnectInfo<SocketAddr>>>,
    request: Request,
) -> Result<Response, Problem> {
    check_origin(request.headers(), request.uri())?;
    let Access::Known(guard) = &app.access else {
        return Err(no_sign_in("Anybody may search here; there is no signing in."));
    };
    let given = read(request).await?;
    let client =
        client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(client))| client.ip());
    let (outcome, result) = check(guard, given, client).await;
    app.metrics.sign_ins.with_label_values(&[outcome.word()]).inc();
    let user = match result {
        Ok(Some(user)) => user,
        Ok(None) => {
            return Ok(unauthorized(
                "Nobody has that name and password here. Check both, or ask whoever runs this server.",
            ));
        }
        Err(problem) => return Err(*problem),
    };
    tracing::Span::current().record(SPAN_FIELD, user.name());
    tracing::info!(user = user.name(), %client, "signed in");
    let answer = SessionResponse { user: Some(user.name().to_owned()), ..SessionResponse::of(&app) };
    let cookie = guard.sessions.begin(user, SystemTime::now()).ok_or_else(problems::internal)?;
    let mut response = Json(answer).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Sign out
///
/// Takes the session's cookie away. Without one it is answered the same.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session", security(()),
    responses(
        (status = 204, description = "Nobody is signed in any more"),
        (status = 403, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`foreign-origin`: a page of another site sent it"),
    )
)]
pub(crate) async fn sign_out(headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    check_origin(&headers, &uri)?;
    let cookie = sessions::end().ok_or_else(problems::internal)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Looks whether it is who they say, unless too many wrong passwords came before.
async fn check(
    guard: &Guard,
    given: SignInRequest,
    client: IpAddr,
) -> (SignIn, Result<Option<User>, Box<Problem>>) {
    let Some(users) = &guard.users else {
        let problem = no_sign_in("Nobody signs in here: this server knows programs by their tokens only.");
        return (SignIn::Refused, Err(Box::new(problem)));
    };
    let SignInRequest { user: name, password } = given;
    if let Err(wait) = guard.throttle.begin(&name, client, Instant::now()) {
        tracing::warn!(%client, "an attempt to sign in was not looked at, after too many wrong ones");
        let detail = format!("Too many wrong passwords. Try again in {:.0} s.", wait.as_secs_f64().ceil());
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", detail);
        return (SignIn::Throttled, Err(Box::new(problem.retry_after(wait))));
    }
    match users.verify(name.clone(), password).await {
        Ok(Some(user)) => {
            guard.throttle.succeeded(&name, client);
            (SignIn::Accepted, Ok(Some(user)))
        }
        Ok(None) => {
            // Without the name: people type their password there.
            tracing::warn!(%client, "an attempt to sign in failed");
            (SignIn::Refused, Ok(None))
        }
        Err(_) => {
            guard.throttle.abandoned(&name, client);
            let detail = "Many people sign in at the moment. Try again shortly.";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
            (SignIn::Busy, Err(Box::new(problem.retry_after(Duration::from_secs(2)))))
        }
    }
}

async fn read(request: Request) -> Result<SignInRequest, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(invalid("Send the name and the password as application/json."));
    }
    let body = tokio::time::timeout(PATIENCE, whole(request.into_body())).await;
    let body = body.map_err(|_| invalid("The body did not come within 10 s."))??;
    // The parser's own words may repeat what was sent.
    serde_json::from_slice(&body)
        .map_err(|_| invalid("The body is not {\"user\": \"NAME\", \"password\": \"PASSWORD\"}."))
}

async fn whole(body: Body) -> Result<bytes::Bytes, Problem> {
    let whole = axum::body::to_bytes(body, MOST_BYTES).await;
    whole.map_err(|_| invalid("The body is larger than 8 KiB, or was cut off."))
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-body", detail)
}

fn no_sign_in(detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "no-sign-in", detail)
}
