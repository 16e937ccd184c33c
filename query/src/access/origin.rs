//! Requests that change something come from our own page, or from no page at all.

use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri, header};
use logpipeline_service::Problem;

/// Refuses what a page of another site makes a browser send.
pub(crate) fn check_origin(headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    if is_own(headers, uri) {
        return Ok(());
    }
    let detail = "Pages of other sites may not change anything here. If this is the server's own page, the proxy before it must pass on the header Host.";
    Err(Problem::new(StatusCode::FORBIDDEN, "foreign-origin", detail))
}

fn is_own(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // No page can set this one: the browser itself says where a request comes from.
    match text("sec-fetch-site") {
        Some("same-origin") => return true,
        Some("cross-site" | "same-site") => return false,
        _ => {}
    }
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let Some((_, origin)) = text("origin").and_then(|origin| origin.split_once("://")) else { return false };
    let host = text("host").or_else(|| uri.authority().map(Authority::as_str));
    host.is_some_and(|host| host.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = headers.collect();
        super::is_own(&headers, &"/api/v1/session".parse().unwrap())
    }

    #[test]
    fn a_request_without_a_page_behind_it_is_own() {
        assert!(is_own(&[("host", "logs.example.com")]));
        assert!(is_own(&[]));
    }

    #[test]
    fn the_page_of_the_same_host_and_port_is_own() {
        assert!(is_own(&[("host", "logs.example.com"), ("origin", "https://logs.example.com")]));
        assert!(is_own(&[("host", "Localhost:8080"), ("origin", "http://localhost:8080")]));
        let uri: Uri = "https://logs.example.com/api/v1/session".parse().unwrap();
        let headers = HeaderMap::from_iter([(header::ORIGIN, "https://logs.example.com".parse().unwrap())]);
        assert!(super::is_own(&headers, &uri), "HTTP/2 has no header Host");
    }

    #[test]
    fn a_page_of_another_host_port_or_of_none_is_not() {
        for origin in [
            "https://evil.example",
            "http://localhost:8081",
            "http://localhost",
            "null",
            "",
            "localhost:8080",
        ] {
            assert!(!is_own(&[("host", "localhost:8080"), ("origin", origin)]), "{origin}");
        }
        assert!(!is_own(&[("origin", "http://localhost")]));
        assert!(!is_own(&[("host", "a.example"), ("sec-fetch-site", "cross-site")]));
        let sibling =
            [("host", "a.example"), ("origin", "https://a.example"), ("sec-fetch-site", "same-site")];
        assert!(!is_own(&sibling));
    }

    #[test]
    fn what_the_browser_says_counts_where_a_proxy_has_changed_the_host() {
        let headers = [("host", "query:8080"), ("origin", "https://logs.example.com")];
        assert!(!is_own(&headers));
        assert!(is_own(&[headers[0], headers[1], ("sec-fetch-site", "same-origin")]));
    }
}
