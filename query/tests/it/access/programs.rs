//! Programs, which bear a token; and servers without people, or without questions.

use serde_json::{Value, json};

use super::support::{Guarded, PASSWORD, TOKEN, args, problem};
use crate::server::{SAMPLE, Server};

#[tokio::test]
async fn who_bears_a_token_may_search() {
    let guarded = Guarded::start().await;
    guarded.server.ingest(SAMPLE);
    let answer = guarded.get("/api/v1/search").bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("set-cookie"));
    assert!(answer.text().await.unwrap().contains("Failed to connect"));
    let bearer = format!("Bearer {TOKEN}");
    let session = guarded.session(&[("authorization", &bearer)]).await;
    let expected = json!({ "user": null, "token": "grafana", "insecure": false, "signInRequired": true });
    assert_eq!(session, expected);

    let answer = guarded.get("/api/v1/search").bearer_auth("0123456789abcdeg").send().await.unwrap();
    let (status, kind, detail) = problem(answer).await;
    assert_eq!((status, kind.as_str()), (401, "unauthorized"));
    assert!(detail.starts_with("The token is none of those known here."), "{detail}");
    let basic = guarded.get("/api/v1/search").basic_auth("grafana", Some(TOKEN)).send().await.unwrap();
    assert_eq!(basic.status(), 401, "Basic is for shippers");
}

#[tokio::test]
async fn a_proxys_own_authorization_does_not_end_a_session() {
    let guarded = Guarded::start().await;
    let cookie = guarded.cookie().await;
    let request = guarded.get("/api/v1/search").header("cookie", cookie).basic_auth("proxy", Some("secret"));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_server_that_knows_tokens_alone_says_that_nobody_signs_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = args(&folder);
    (args.users_file, args.session_key_file) = (None, None);
    let guarded = Guarded::with(args.open().unwrap(), folder).await;
    let (status, kind, detail) = problem(guarded.sign_in("ada", PASSWORD).await).await;
    assert_eq!((status, kind.as_str()), (409, "no-sign-in"), "{detail}");
    let (status, _, detail) = problem(guarded.get("/api/v1/search").send().await.unwrap()).await;
    assert_eq!(
        (status, detail.as_str()),
        (401, "A token is needed. Send it as \"Authorization: Bearer TOKEN\".")
    );
    let answer = guarded.get("/api/v1/search").bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_server_that_asks_nobody_says_so() {
    let server = Server::start().await;
    let session: Value = server.get("/session", &[]).await;
    let expected = json!({ "user": null, "token": null, "insecure": true, "signInRequired": false });
    assert_eq!(session, expected);
    let body = json!({ "user": "ada", "password": PASSWORD }).to_string();
    let request = reqwest::Client::new().post(server.url("/api/v1/session"));
    let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(problem(answer).await.1, "no-sign-in");
}
