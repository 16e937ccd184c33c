//! Errors as clients see them: `application/problem+json` (RFC 9457).

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// An error response. `kind` is a stable, kebab-case name that programs can test for; `detail` tells a
/// person what is wrong, where, and what to do.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub kind: &'static str,
    pub detail: Cow<'static, str>,
    retry_after: Option<Duration>,
    // Boxed, because handlers return problems as errors, and those are best small.
    extensions: Box<Map<String, Value>>,
}

impl Problem {
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, kind, detail: detail.into(), retry_after: None, extensions: Box::default() }
    }

    /// Tells the client when to come back, in whole seconds, rounded up.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// When to come back, in whole seconds.
    pub fn wait_seconds(&self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }

    /// Adds a member to the body, beside those of the RFC.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.to_owned(), value.into());
        self
    }

    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("urn:logpipeline:problem:{}", self.kind).into());
        body.insert("title".to_owned(), self.status.canonical_reason().unwrap_or("Error").into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        body.insert("detail".to_owned(), self.detail.as_ref().into());
        body.extend(self.extensions.as_ref().clone());
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let wait = self.wait_seconds();
        let mut response = (self.status, self.body().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_rfc_and_its_own() {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "log-full", "The write-ahead log is full.")
            .retry_after(Duration::from_millis(1_200))
            .with("capacityBytes", 1_024);
        assert_eq!(
            problem.body(),
            serde_json::json!({
                "type": "urn:logpipeline:problem:log-full",
                "title": "Too Many Requests",
                "status": 429,
                "detail": "The write-ahead log is full.",
                "capacityBytes": 1_024,
            })
        );
        let response = problem.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
