//! Signing in with a name and a password.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use serde_json::json;

use crate::client::{Client, Problem, Session};
use crate::escape;
use crate::failure::Failure;

/// Begins a session.
pub(crate) async fn sign_in(client: &Client<'_>, name: &str, password: &str) -> Result<Session, Failure> {
    let server = &client.args.server;
    let body = json!({ "user": name, "password": password }).to_string();
    let request = client.http.post(client.url("session")).header(CONTENT_TYPE, "application/json").body(body);
    let response = request.send().await.map_err(|error| client.unreachable(&error))?;
    let denied = |reason: &str| Failure::Denied(format!("{server} does not let {name} in: {reason}"));
    match response.status() {
        StatusCode::OK => {
            let mut cookies =
                response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
            let cookie = cookies.next().and_then(|cookie| cookie.split(';').next());
            let mut cookie = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok());
            if let Some(cookie) = &mut cookie {
                cookie.set_sensitive(true);
            }
            Ok(Session(cookie))
        }
        StatusCode::UNAUTHORIZED => Err(denied("the name or the password is wrong")),
        StatusCode::TOO_MANY_REQUESTS => {
            let body = response.bytes().await.unwrap_or_default();
            let problem = serde_json::from_slice::<Problem>(&body).ok();
            let reason = problem.map(|problem| escape::line(&problem.detail).into_owned());
            Err(denied(&reason.unwrap_or_else(|| "too many wrong passwords; try again later".to_owned())))
        }
        // It asks nobody, or not in this way; what it is asked next tells which.
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::CONFLICT => Ok(Session(None)),
        _ => Err(client.explain(response, &Vec::new()).await),
    }
}
