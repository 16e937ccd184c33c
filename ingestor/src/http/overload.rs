//! What senders hear while more requests are under way than are taken: what the clients of each protocol retry on.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use logpipeline_service::http_server::too_many_requests;

use super::{datadog, elastic, hec, loki, otlp};

/// On the port of HTTP.
pub(crate) fn refuse(request: &Request) -> Response {
    let (problem, path, headers) = (too_many_requests(), request.uri().path(), request.headers());
    if elastic::is_path(request.method(), path) {
        elastic::refused(headers, problem)
    } else if hec::is_path(path) {
        hec::failed(problem)
    } else if datadog::is_path(path) {
        datadog::failed(problem)
    } else if path == loki::PATH {
        loki::refuse(problem)
    } else if path == otlp::PATH {
        otlp::refuse(headers, problem)
    } else {
        problem.into_response()
    }
}

/// On the port of gRPC.
pub(crate) fn refuse_call(_: &Request) -> Response {
    otlp::grpc::refuse(&too_many_requests())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    async fn answer(response: Response) -> (u16, HeaderMap, Vec<u8>) {
        let (head, body) = response.into_parts();
        (head.status.as_u16(), head.headers, to_bytes(body, 1 << 20).await.unwrap().to_vec())
    }

    async fn refused(path: &str) -> (u16, HeaderMap, Value) {
        let request = Request::post(path).header("content-type", "application/json");
        let (status, headers, body) = answer(refuse(&request.body(Body::empty()).unwrap())).await;
        assert_eq!(headers["retry-after"], "1", "{path}");
        let text = String::from_utf8(body).unwrap();
        (status, headers, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    #[tokio::test]
    async fn every_protocol_is_put_off_in_its_own_words() {
        for path in ["/_bulk", "/app/_bulk", "/app/_doc", "/_nodes/http"] {
            let (status, headers, body) = refused(path).await;
            assert_eq!((status, &headers["x-elastic-product"]), (429, &"Elasticsearch".parse().unwrap()));
            let kind = &body["error"]["type"];
            assert_eq!(
                (kind, &body["status"]),
                (&json!("es_rejected_execution_exception"), &json!(429)),
                "{path}"
            );
        }
        for path in ["/services/collector", "/services/collector/event", "/services/collector/raw/1.0"] {
            let (status, _, body) = refused(path).await;
            assert_eq!((status, body), (503, json!({"text": "Server is busy", "code": 9})), "{path}");
        }
        let (status, _, body) = refused("/api/v2/logs").await;
        assert_eq!((status, &body["errors"][0]["status"]), (503, &json!("503")));
        let (status, headers, body) = refused("/loki/api/v1/push").await;
        assert_eq!((status, &headers["content-type"]), (503, &"text/plain; charset=utf-8".parse().unwrap()));
        assert!(body.as_str().is_some_and(|body| body.starts_with("Too many requests")), "{body}");
        let (status, headers, body) = refused("/v1/logs").await;
        assert_eq!((status, &headers["content-type"]), (503, &"application/json".parse().unwrap()));
        assert_eq!((&body["code"], &body["details"][0]["retryDelay"]), (&json!(14), &json!("1s")));
        for path in ["/logs", "/", "/gelf", "/insert/jsonline", "/upload"] {
            let (status, _, body) = refused(path).await;
            assert_eq!((status, &body["status"]), (503, &json!(503)), "{path}");
        }
    }

    #[tokio::test]
    async fn a_call_is_told_when_to_come_back() {
        let (status, headers, _) = answer(refuse_call(&Request::new(Body::empty()))).await;
        assert_eq!((status, &headers["grpc-status"]), (200, &"14".parse().unwrap()));
        assert!(headers.contains_key("grpc-status-details-bin"), "{headers:?}");
    }
}
