//! A server that asks who it is, and somebody who signs in.

use std::fs;
use std::path::PathBuf;

use logpipeline_query::access::{Access, AccessArgs};
use logpipeline_query::config::Limits;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Server;

pub const PASSWORD: &str = "correct horse battery";
pub const TOKEN: &str = "0123456789abcdef";
pub const COOKIE: &str = "__Host-logpipeline-session";

pub struct Guarded {
    pub server: Server,
    pub folder: TempDir,
    client: Client,
}

pub fn args(folder: &TempDir) -> AccessArgs {
    let file = |name: &str, content: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    AccessArgs {
        users_file: Some(file("users", &format!("ada:{}\n", hash(PASSWORD)))),
        tokens_file: vec![file("tokens", &format!("grafana:{TOKEN}\n"))],
        session_key_file: Some(file("key", "0123456789abcdef0123456789abcdef")),
        ..AccessArgs::default()
    }
}

/// What a line of a users file has.
pub fn hash(password: &str) -> String {
    logpipeline_access::users::hash_password(password).unwrap()
}

impl Guarded {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let access = args(&folder).open().unwrap();
        Self::with(access, folder).await
    }

    pub async fn with(access: Access, folder: TempDir) -> Self {
        let limits = Limits { tail_interval: std::time::Duration::from_millis(20), ..Limits::default() };
        let server = Server::guarded(limits, access).await;
        Self { server, folder, client: Client::new() }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.server.url(path))
    }

    pub fn post(&self, body: &Value) -> RequestBuilder {
        let request = self.client.post(self.server.url("/api/v1/session"));
        request.header("content-type", "application/json").body(body.to_string())
    }

    pub fn delete(&self) -> RequestBuilder {
        self.client.delete(self.server.url("/api/v1/session"))
    }

    pub async fn sign_in(&self, user: &str, password: &str) -> Response {
        self.post(&json!({ "user": user, "password": password })).send().await.unwrap()
    }

    /// The cookie of a session that has just begun, as it is sent back.
    pub async fn cookie(&self) -> String {
        let answer = self.sign_in("ada", PASSWORD).await;
        assert_eq!(answer.status(), 200);
        pair(&answer)
    }

    /// The status of a search with a cookie.
    pub async fn search_with(&self, cookie: &str) -> u16 {
        self.get("/api/v1/search").header("cookie", cookie).send().await.unwrap().status().as_u16()
    }

    pub async fn session(&self, headers: &[(&str, &str)]) -> Value {
        let mut request = self.get("/api/v1/session");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

pub fn pair(answer: &Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// A refusal's kind and detail.
pub async fn problem(answer: Response) -> (u16, String, String) {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let kind = body["type"].as_str().unwrap().strip_prefix("urn:logpipeline:problem:").unwrap().to_owned();
    (status, kind, body["detail"].as_str().unwrap().to_owned())
}
