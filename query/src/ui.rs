//! The web UI, carried in the binary. Its router answers every path that is not the API's.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use logpipeline_service::Problem;

/// A file of the built UI.
#[derive(Debug, Clone, Copy)]
struct Asset {
    name: &'static str,
    etag: &'static str,
    bytes: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

const NOT_BUILT: &str = include_str!("ui_not_built.html");

/// Whether the binary carries a built UI.
pub fn is_built() -> bool {
    find("index.html").is_some()
}

/// The names of the files carried, relative to the root.
pub fn files() -> impl Iterator<Item = &'static str> {
    ASSETS.iter().map(|asset| asset.name)
}

/// Serves a file of the UI. A path that names no file is a place within the UI, and gets its page.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return no_such_endpoint(uri.path()).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return method_not_allowed().await.into_response();
    }
    let is_file =
        path.starts_with("assets/") || path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    match (find(path), is_file) {
        (Some(asset), _) => send(asset, &headers),
        (None, true) => {
            Problem::new(StatusCode::NOT_FOUND, "not-found", format!("There is no /{path} here."))
                .into_response()
        }
        (None, false) => match find("index.html") {
            Some(page) => send(page, &headers),
            None => ([(header::CACHE_CONTROL, "no-cache")], Html(NOT_BUILT)).into_response(),
        },
    }
}

pub(crate) async fn method_not_allowed() -> Problem {
    let detail = "Everything here is read with GET; entries are sent to the ingestor.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}

fn no_such_endpoint(path: &str) -> Problem {
    let detail = format!("There is no endpoint {path}; GET /api/v1/openapi.json describes those there are.");
    Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.binary_search_by(|asset| asset.name.cmp(name)).ok().and_then(|index| ASSETS.get(index))
}

fn send(asset: &'static Asset, headers: &HeaderMap) -> Response {
    // Vite puts a hash of the content into the names below assets/, and into no others.
    let caching = match asset.name.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let mut response = match known.is_some_and(|tags| tags.split(',').any(|tag| matches(tag, asset.etag))) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => asset.bytes.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    if let Ok(kind) = HeaderValue::from_str(&content_type(asset.name)) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// Whether a tag of the request names this version; compression makes tags weak.
fn matches(tag: &str, etag: &str) -> bool {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag) == etag
}

fn content_type(name: &str) -> String {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    match kind.type_().as_str() {
        "text" => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_so_that_each_is_found() {
        assert!(ASSETS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(files().all(|name| find(name).is_some()));
    }

    #[test]
    fn types_are_those_browsers_insist_on() {
        assert_eq!(content_type("assets/index-1.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("assets/index-1.css"), "text/css; charset=utf-8");
        assert_eq!(content_type("favicon.svg"), "image/svg+xml");
    }

    #[test]
    fn a_weak_tag_names_the_same_version() {
        assert!(matches(" W/\"1\"", "\"1\"") && matches("\"1\"", "\"1\"") && !matches("\"2\"", "\"1\""));
    }
}
