//! The web UI, carried in the binary. It answers every path that is not the API's.

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

/// The files of a built UI, sorted by name; none where it is not built.
#[derive(Debug, Clone, Copy)]
struct Assets(&'static [Asset]);

static BUILT: Assets = Assets(include!(concat!(env!("OUT_DIR"), "/assets.rs")));

const NOT_BUILT: &str = include_str!("ui_not_built.html");
const PAGE: &str = "index.html";

/// Whether the binary carries a built UI.
pub fn is_built() -> bool {
    BUILT.find(PAGE).is_some()
}

/// Serves a file of the UI, its page at the root: what the page shows is told by the URL's query alone, so that there
/// are no other places within the UI.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    BUILT.serve(&method, uri.path(), &headers)
}

pub(crate) async fn method_not_allowed() -> Problem {
    not_allowed()
}

fn not_allowed() -> Problem {
    let detail = "Everything here is read with GET, but for signing in and out at /api/v1/session; entries are sent to the ingestor.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}

impl Assets {
    fn find(self, name: &str) -> Option<&'static Asset> {
        self.0.binary_search_by(|asset| asset.name.cmp(name)).ok().and_then(|index| self.0.get(index))
    }

    fn serve(self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        let name = path.trim_start_matches('/');
        let is_page = name.is_empty() || name == PAGE;
        let asset = self.find(if is_page { PAGE } else { name });
        let is_read = method == Method::GET || method == Method::HEAD;
        match asset {
            None if is_endpoint(path) => no_such_path(path).into_response(),
            _ if !is_read => not_allowed().into_response(),
            None if !is_page => no_such_path(path).into_response(),
            Some(asset) => send(asset, headers),
            None => ([(header::CACHE_CONTROL, "no-cache")], Html(NOT_BUILT)).into_response(),
        }
    }
}

fn is_endpoint(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

fn no_such_path(path: &str) -> Problem {
    let detail = match is_endpoint(path) {
        true => format!("There is no endpoint {path}; GET /api/v1/openapi.json describes those there are."),
        false => format!("There is no {path} here; the web UI is at / and the search API below /api/v1."),
    };
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", detail)
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

    /// As the build script lists them.
    const SOME: Assets = Assets(&[
        Asset { name: "assets/index-4f2a.css", etag: "\"2\"", bytes: b"body{}" },
        Asset { name: "assets/index-9c1b.js", etag: "\"1\"", bytes: b"start()" },
        Asset { name: "favicon.svg", etag: "\"4\"", bytes: b"<svg/>" },
        Asset { name: "index.html", etag: "\"3\"", bytes: b"<title>page</title>" },
    ]);
    const NONE: Assets = Assets(&[]);

    fn get(assets: Assets, path: &str) -> Response {
        assets.serve(&Method::GET, path, &HeaderMap::new())
    }

    fn header<'a>(response: &'a Response, name: &str) -> &'a str {
        response.headers()[name].to_str().unwrap()
    }

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn files_are_sorted_so_that_each_is_found() {
        for assets in [BUILT, SOME] {
            assert!(assets.0.windows(2).all(|pair| pair[0].name < pair[1].name));
            assert!(assets.0.iter().all(|asset| assets.find(asset.name).is_some()));
        }
    }

    #[tokio::test]
    async fn a_file_named_by_its_content_is_kept_for_ever_and_others_are_asked_for_again() {
        let forever = "public, max-age=31536000, immutable";
        for (path, caching, kind, content) in [
            ("/assets/index-9c1b.js", forever, "text/javascript; charset=utf-8", "start()"),
            ("/assets/index-4f2a.css", forever, "text/css; charset=utf-8", "body{}"),
            ("/favicon.svg", "no-cache", "image/svg+xml", "<svg/>"),
            ("/index.html", "no-cache", "text/html; charset=utf-8", "<title>page</title>"),
            ("/", "no-cache", "text/html; charset=utf-8", "<title>page</title>"),
        ] {
            let response = get(SOME, path);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(
                (header(&response, "cache-control"), header(&response, "content-type")),
                (caching, kind),
                "{path}"
            );
            assert_eq!(body(response).await, content, "{path}");
        }
    }

    #[tokio::test]
    async fn a_version_the_browser_has_is_not_sent_again() {
        let known = |tag: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, tag.parse().unwrap())]);
        let again = SOME.serve(&Method::GET, "/", &known("\"9\", W/\"3\""));
        assert_eq!((again.status(), header(&again, "etag")), (StatusCode::NOT_MODIFIED, "\"3\""));
        assert_eq!(header(&again, "cache-control"), "no-cache");
        assert_eq!(body(again).await, "");
        assert_eq!(SOME.serve(&Method::GET, "/", &known("\"9\"")).status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_path_that_names_nothing_is_not_found_whether_the_ui_is_built_or_not() {
        for assets in [SOME, NONE] {
            for path in
                ["/nope", "/explore/deep", "/assets/gone-123.js", "/assets/", "/api", "/api/v2/search"]
            {
                let response = get(assets, path);
                assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
                assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
                let text = body(response).await;
                assert!(
                    text.contains("urn:logpipeline:problem:no-such-path") && text.contains(path),
                    "{text}"
                );
            }
        }
    }

    #[tokio::test]
    async fn who_sends_entries_here_is_told_where_they_go() {
        assert_eq!(SOME.serve(&Method::HEAD, "/", &HeaderMap::new()).status(), StatusCode::OK);
        for path in ["/", "/ingest", "/logs"] {
            let response = SOME.serve(&Method::POST, path, &HeaderMap::new());
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert!(body(response).await.contains("entries are sent to the ingestor"));
        }
    }

    #[tokio::test]
    async fn without_a_built_ui_the_page_says_how_to_build_it() {
        for path in ["/", "/index.html"] {
            let response = get(NONE, path);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(header(&response, "cache-control"), "no-cache");
            assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
            let text = body(response).await;
            assert!(text.contains("the web UI is not built in") && text.contains("make ui"), "{text}");
        }
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
