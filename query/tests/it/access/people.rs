//! People, who sign in.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{COOKIE, Guarded, PASSWORD, hash, problem};
use crate::server::{SAMPLE, eventually};

#[tokio::test]
async fn nothing_of_a_log_is_read_by_who_is_not_known_whatever_the_path() {
    let guarded = Guarded::start().await;
    let id = guarded.server.ingest(SAMPLE).to_string();
    let description: Value = serde_json::from_str(&logpipeline_query::api::openapi::document()).unwrap();
    let mut asked = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let url = path.replace("{id}", &id).replace("{name}", "level").replace("{receipt}", &id);
        let public = ["/api/v1/session", "/api/v1/openapi.json"].contains(&path.as_str());
        let Some(described) = operations.get("get") else {
            let answer =
                reqwest::Client::new().post(guarded.server.url(&url)).body("{}").send().await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), operations["post"]["responses"].get("401").is_none()),
                (401, false)
            );
            continue;
        };
        assert_eq!(described["security"] == json!([{}]), public, "{path}");
        assert_eq!(described["responses"].get("401").is_none(), public, "{path}");
        let answer = guarded.get(&url).send().await.unwrap();
        if public {
            assert_eq!(answer.status(), 200, "{path}");
            continue;
        }
        asked += 1;
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        assert!(!answer.headers().contains_key("set-cookie"));
        let (status, kind, detail) = problem(answer).await;
        assert_eq!((status, kind.as_str()), (401, "unauthorized"), "{path}");
        assert!(detail.starts_with("Sign in, with POST /api/v1/session, or send a token"), "{detail}");
        let head = reqwest::Client::new().head(guarded.server.url(&url)).send().await.unwrap();
        assert_eq!(head.status(), 401, "{path}");
    }
    assert_eq!(asked, 12);
    for (path, status) in [("/", 200), ("/nope", 404), ("/api/v1/nope", 404)] {
        assert_eq!(guarded.get(path).send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn who_signs_in_may_search_until_they_sign_out() {
    let guarded = Guarded::start().await;
    let nobody = json!({ "user": null, "token": null, "insecure": false, "signInRequired": true });
    assert_eq!(guarded.session(&[]).await, nobody);
    let answer = guarded.sign_in("ada", PASSWORD).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Max-Age=43200; Path=/; HttpOnly; Secure; SameSite=Strict"), "{cookie}");
    let ada = json!({ "user": "ada", "token": null, "insecure": false, "signInRequired": true });
    assert_eq!(serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap(), ada);

    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(guarded.search_with(cookie).await, 200);
    assert_eq!(guarded.session(&[("cookie", cookie)]).await, ada);

    let answer = guarded.delete().header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let ended = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(ended.starts_with(&format!("{COOKIE}=; Max-Age=0;")), "{ended}");
    assert_eq!(guarded.delete().send().await.unwrap().status(), 204, "once more");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let guarded = Guarded::start().await;
    let mut answers = Vec::new();
    for (user, password) in
        [("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("grafana", "0123456789abcdef")]
    {
        let answer = guarded.sign_in(user, password).await;
        assert!(!answer.headers().contains_key("set-cookie"));
        answers.push(problem(answer).await);
    }
    assert_eq!((answers[0].0, answers[0].1.as_str()), (401, "unauthorized"));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn who_guesses_is_slowed_down_and_the_others_are_not() {
    let guarded = Guarded::start().await;
    for _ in 0..6 {
        assert_eq!(guarded.sign_in("ada", "wrong").await.status(), 401);
    }
    let answer = guarded.sign_in("ada", PASSWORD).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    let (status, kind, detail) = problem(answer).await;
    assert_eq!((status, kind.as_str()), (429, "too-many-attempts"));
    assert_eq!(detail, "Too many wrong passwords. Try again in 1 s.");
    assert_eq!(guarded.sign_in("eve", "wrong").await.status(), 401);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(guarded.sign_in("ada", PASSWORD).await.status(), 200);
    assert_eq!(guarded.sign_in("ada", "wrong").await.status(), 401, "and all is forgotten");

    let text = prometheus::TextEncoder::new().encode_to_string(&guarded.server.registry.gather()).unwrap();
    for line in [
        r#"logpipeline_query_sign_ins_total{outcome="accepted"} 1"#,
        r#"logpipeline_query_sign_ins_total{outcome="refused"} 8"#,
        r#"logpipeline_query_sign_ins_total{outcome="throttled"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_signs_nobody_in_or_out() {
    let guarded = Guarded::start().await;
    let own = format!("http://{}", guarded.server.address);
    let body = json!({ "user": "ada", "password": PASSWORD });
    for (origin, status) in
        [(own.as_str(), [200, 204]), ("https://evil.example", [403, 403]), ("null", [403, 403])]
    {
        let posted = guarded.post(&body).header("origin", origin).send().await.unwrap();
        let deleted = guarded.delete().header("origin", origin).send().await.unwrap();
        assert_eq!([posted.status(), deleted.status()], status, "{origin}");
        for answer in [posted, deleted] {
            assert_eq!(answer.headers().contains_key("set-cookie"), status[0] == 200, "{origin}");
            if status[0] == 403 {
                assert_eq!(problem(answer).await.1, "foreign-origin");
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_name_and_password_is_refused_and_not_repeated() {
    let guarded = Guarded::start().await;
    let url = guarded.server.url("/api/v1/session");
    let client = reqwest::Client::new();
    let large = format!("{{\"user\":\"{}\",\"password\":\"secret\"}}", "x".repeat(8 << 10));
    let form = "user=ada&password=secret";
    for (kind, body, expected) in [
        ("application/json", "", "is not {"),
        ("application/json", "{\"user\":\"ada\"}", "is not {"),
        ("application/json", "{\"user\":\"ada\",\"password\":\"secret\",\"secret\":1}", "is not {"),
        ("application/json", "{\"user\":\"ada\",\"password\":\"secret", "is not {"),
        ("application/json; charset=utf-8", "[\"secret\"]", "is not {"),
        ("application/json", large.as_str(), "larger than 8 KiB"),
        ("application/x-www-form-urlencoded", form, "as application/json"),
        ("text/plain", form, "as application/json"),
    ] {
        let answer =
            client.post(&url).header("content-type", kind).body(body.to_owned()).send().await.unwrap();
        let (status, name, detail) = problem(answer).await;
        assert_eq!((status, name.as_str()), (400, "invalid-body"), "{body:.60}");
        assert!(detail.contains(expected) && !detail.contains("secret"), "{detail}");
    }
    assert_eq!(client.put(&url).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_changed_password_ends_sessions_and_what_they_follow() {
    let guarded = Guarded::start().await;
    let cookie = guarded.cookie().await;
    let mut tail = guarded.get("/api/v1/tail").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(tail.status(), 200);
    assert!(tail.chunk().await.unwrap().is_some(), "it has begun");

    fs::write(guarded.folder.path().join("users"), format!("ada:{}", hash("another horse"))).unwrap();
    eventually(async || guarded.search_with(&cookie).await == 401, "the end of the session").await;
    let answer = guarded.get("/api/v1/search").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(problem(answer).await.2, "The session has ended. Sign in again.");
    assert_eq!(guarded.session(&[("cookie", &cookie)]).await["user"], Value::Null);
    let ended = async { while let Ok(Some(_)) = tail.chunk().await {} };
    tokio::time::timeout(Duration::from_secs(15), ended).await.expect("the tail ends");

    assert_eq!(guarded.sign_in("ada", PASSWORD).await.status(), 401);
    assert_eq!(guarded.sign_in("ada", "another horse").await.status(), 200);
}
