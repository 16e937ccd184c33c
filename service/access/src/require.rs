//! Lets only those through who bear a token.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use logpipeline_service::{Problem, linger};

use crate::tokens::{Schemes, Tokens};

/// The field of the request's span that names who asks.
pub const SPAN_FIELD: &str = "enduser.id";

/// Who may come in, and how a token may come.
#[derive(Debug, Clone)]
pub struct Gate {
    pub tokens: Tokens,
    pub schemes: Schemes,
}

/// Middleware: answers 401 to whoever has no token, before the body is read. Handlers find the token's name as an
/// extension, [`TokenName`](crate::tokens::TokenName), and traces in the request's span.
pub async fn require_token(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(name) = gate.tokens.bearer(request.headers(), gate.schemes) else {
        let detail = match request.headers().contains_key(header::AUTHORIZATION) {
            true => {
                "The token is none of those known here. Ask whoever runs this server for one, and send it as \"Authorization: Bearer TOKEN\"."
            }
            false => "A token is needed. Send it as \"Authorization: Bearer TOKEN\".",
        };
        // Who waits to be told to go on sends nothing, and is not to be told so.
        if !request.headers().contains_key(header::EXPECT) {
            linger::discard(request.into_body());
        }
        return unauthorized(detail);
    };
    tracing::Span::current().record(SPAN_FIELD, name.as_str());
    request.extensions_mut().insert(name);
    next.run(request).await
}

/// The answer to whoever may not come in.
pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Response {
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::{Body, Bytes};
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use axum::{Extension, Router};
    use tower::ServiceExt;

    use super::*;
    use crate::tokens::TokenName;

    #[tokio::test]
    async fn who_has_no_token_is_answered_before_the_handler_and_who_has_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, "shop:0123456789abcdef").unwrap();
        let gate = Gate { tokens: Tokens::open(&[path]).unwrap(), schemes: Schemes::Bearer };
        let calls = Arc::new(AtomicUsize::new(0));
        let called = Arc::clone(&calls);
        let handler = move |Extension(name): Extension<TokenName>, body: Bytes| {
            called.fetch_add(1, Ordering::Relaxed);
            async move { format!("{name} {}", body.len()) }
        };
        let router =
            Router::new().route("/", post(handler)).route_layer(from_fn_with_state(gate, require_token));
        let ask = async |token: Option<&str>| {
            let mut request = http::Request::post("/");
            if let Some(token) = token {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let response = router.clone().oneshot(request.body(Body::from("body")).unwrap()).await.unwrap();
            let (head, body) = response.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            (head, String::from_utf8(body.to_vec()).unwrap())
        };
        for (token, said) in [(None, "A token is needed"), (Some("another"), "none of those known here")] {
            let (head, body) = ask(token).await;
            assert_eq!(head.status, StatusCode::UNAUTHORIZED);
            assert_eq!(head.headers[header::WWW_AUTHENTICATE], "Bearer");
            assert_eq!(head.headers[header::CONTENT_TYPE], "application/problem+json");
            assert!(body.contains("urn:logpipeline:problem:unauthorized") && body.contains(said), "{body}");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        assert_eq!(ask(Some("0123456789abcdef")).await.1, "shop 4");
    }
}
