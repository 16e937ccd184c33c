//! What is kept of a request beside its body: what its meaning depends on, and no secret.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, Method, Uri, header};
use logpipeline_model::dead_letter::Request;

/// Parts of names whose values in a query may be secret.
const SECRET: [&str; 6] = ["key", "token", "secret", "passw", "auth", "signature"];
/// More of a path, or of a header, is not kept.
const LONGEST: usize = 2048;

/// Headers that name the tenant of a body's entries, or give them fields.
pub(crate) fn names_origin(name: &HeaderName) -> bool {
    name == "x-scope-orgid" || name.as_str().starts_with("vl-")
}

/// Headers that say something of the entries of a body.
fn is_telling(name: &HeaderName) -> bool {
    names_origin(name) || name == "x-splunk-request-channel"
}

pub(crate) fn described(method: &Method, uri: &Uri, headers: &HeaderMap, is_encoded: bool) -> Request {
    let text = |name: HeaderName| {
        let value = headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).chars().take(LONGEST).collect())
    };
    let telling = headers.iter().filter(|(name, _)| is_telling(name)).filter_map(|(name, value)| {
        let value = value.to_str().ok().filter(|value| value.len() <= LONGEST)?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    Request {
        method: method.as_str().to_owned(),
        path: path(uri),
        content_type: text(header::CONTENT_TYPE),
        content_encoding: is_encoded.then(|| text(header::CONTENT_ENCODING)).flatten(),
        headers: telling.collect::<BTreeMap<_, _>>(),
    }
}

/// The path, and of its query what is no secret.
fn path(uri: &Uri) -> String {
    let mut path = uri.path().to_owned();
    let pairs =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !is_secret(pair));
    for (index, pair) in pairs.enumerate() {
        path.push(if index == 0 { '?' } else { '&' });
        path.push_str(pair);
    }
    path.truncate(path.floor_char_boundary(LONGEST));
    path
}

fn is_secret(pair: &str) -> bool {
    // A name with an escape may be any name.
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.contains('%') || SECRET.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_tells_the_meaning_of_a_body_is_kept_and_no_secret() {
        let uri = Uri::from_static(
            "/api/v2/logs?ddsource=java&dd-api-key=S3CRET&api_key=S3CRET&tok%65n=S3CRET&ddtags=a",
        );
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("authorization", "Bearer S3CRET"),
            ("dd-api-key", "S3CRET"),
            ("cookie", "S3CRET"),
            ("x-scope-orgid", "shop"),
            ("vl-msg-field", "log"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let request = described(&Method::POST, &uri, &headers, true);
        assert_eq!((&*request.method, &*request.path), ("POST", "/api/v2/logs?ddsource=java&ddtags=a"));
        assert_eq!(request.content_type.as_deref(), Some("application/json"));
        assert_eq!(request.content_encoding.as_deref(), Some("gzip"));
        let telling = [("vl-msg-field", "log"), ("x-scope-orgid", "shop")];
        assert_eq!(request.headers, telling.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!(described(&Method::POST, &uri, &headers, false).content_encoding, None);
        assert!(!format!("{request:?}").contains("S3CRET"));
        let plain = described(&Method::PUT, &Uri::from_static("/_bulk"), &HeaderMap::new(), true);
        assert_eq!((&*plain.path, plain.content_type), ("/_bulk", None));
    }
}
