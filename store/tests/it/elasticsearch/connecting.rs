//! Reaching servers: as whom, over what, and what is said where that fails.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use logpipeline_cluster::Credentials;
use logpipeline_model::Timestamp;
use logpipeline_store::elasticsearch::{ElasticsearchStore, Options};
use logpipeline_store::{LogStore, StoreError, WriteOutcome};
use serde_json::{Value, json};

use super::proxy::{Action, Proxy};
use super::tls::{MutualTls, Secured};
use super::{Site, on_each};
use crate::engines::{Engine, unique};
use crate::ground::entry;

fn writer(options: Options) -> Result<ElasticsearchStore, StoreError> {
    ElasticsearchStore::open_writer(options, Timestamp::MIN)
}

fn options_of(urls: &[&str]) -> Options {
    let mut options = Engine::Elasticsearch.options(&unique());
    options.access.urls = urls.iter().map(|url| (*url).to_owned()).collect();
    options.access.timeout = Duration::from_secs(20);
    options
}

/// Why a store cannot be opened.
fn refused(change: impl FnOnce(&mut Options)) -> String {
    let mut options = options_of(&["https://127.0.0.1:9200"]);
    change(&mut options);
    match writer(options) {
        Err(StoreError::Unsupported { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Writes an entry and reads it back.
async fn assert_works(options: Options) {
    static NEXT: AtomicU64 = AtomicU64::new(1_000);
    let store = writer(options).unwrap();
    let entry = entry(NEXT.fetch_add(1, Ordering::Relaxed), json!({ "message": "through" }));
    assert_eq!(store.write(vec![entry.clone()]).await.unwrap(), [WriteOutcome::Stored]);
    store.refresh().await.unwrap();
    assert_eq!(store.get(entry.id).await.unwrap().unwrap().body, entry.body);
}

/// Why an entry cannot be written for now.
async fn unavailable(options: Options) -> String {
    let result = writer(options).unwrap().write(vec![entry(1, json!({}))]).await;
    let Err(StoreError::Unavailable { reason }) = result else { panic!("{result:?}") };
    reason
}

#[test]
fn addresses_and_credentials_that_cannot_be_used_are_refused_at_once_and_not_shown() {
    for url in ["", "127.0.0.1:9200", "ftp://127.0.0.1", "http://", "/es"] {
        let reason = refused(|options| options.access.urls = vec![url.to_owned()]);
        assert!(reason.contains("is no address such as https://host:9200"), "{url}: {reason}");
    }
    let reason = refused(|options| options.access.urls.clear());
    assert!(reason.contains("no address"), "{reason}");
    let reason = refused(|options| options.access.urls = vec!["tcp://elastic:secret@host:9200".to_owned()]);
    assert!(reason.contains("host:9200") && !reason.contains("secret"), "{reason}");
    for bad in ["", "clé", "two\nlines", "a b", "nul\0"] {
        for credentials in [Credentials::ApiKey(bad.to_owned()), Credentials::Bearer(bad.to_owned())] {
            let reason = refused(|options| options.access.credentials = credentials);
            assert!(reason.contains("no HTTP header can hold") && !reason.contains("clé"), "{bad}: {reason}");
        }
    }
    let user = Credentials::Basic { user: "a:b".to_owned(), password: String::new() };
    assert!(refused(|options| options.access.credentials = user).contains("colon"));
    let reason = refused(|options| {
        options.access.urls = vec!["https://elastic:secret@127.0.0.1".to_owned()];
        options.access.credentials = Credentials::ApiKey("key".to_owned());
    });
    assert!(reason.contains("other credentials") && !reason.contains("secret"), "{reason}");
    for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no pem"] {
        let reason = refused(|options| options.access.authorities = Some(pem.into()));
        assert!(reason.contains("certificate authorities cannot be read"), "{pem}: {reason}");
        let reason = refused(|options| options.access.client_certificate = Some(pem.into()));
        assert!(reason.contains("client certificate and its key cannot be read"), "{pem}: {reason}");
    }
}

#[test]
fn credentials_are_never_shown() {
    let mut options = options_of(&["http://127.0.0.1:1"]);
    options.access.credentials =
        Credentials::Basic { user: "elastic".to_owned(), password: "secret".to_owned() };
    options.access.client_certificate = Some(b"secret".to_vec());
    options.access.urls.push("https://elastic:secret@host:9200".to_owned());
    assert!(!format!("{:?}", options.access.credentials).contains("secret"));
    let shown = format!("{options:?}");
    assert!(!shown.contains("secret") && !shown.contains("115, 101, 99"), "{shown}");
}

#[tokio::test]
async fn passwords_are_let_in_and_wrong_ones_named_and_waited_for() {
    let server = Secured::server();
    let mut options = server.options();
    assert_works(options.clone()).await;
    options.access.credentials =
        Credentials::Basic { user: server.user.clone(), password: "wrong-one".to_owned() };
    let reason = unavailable(options.clone()).await;
    assert!(reason.contains("401") && reason.contains("check the user and password"), "{reason}");
    assert!(!reason.contains("wrong-one"), "{reason}");
    options.access.credentials = Credentials::None;
    let reason = unavailable(options.clone()).await;
    assert!(reason.contains("401") && reason.contains("security_exception"), "{reason}");
    // In the address, as many tools take it.
    let with = format!("https://{}:{}@", server.user, server.password);
    options.access.urls = vec![server.url.replace("https://", &with)];
    assert_works(options).await;
}

#[tokio::test]
async fn api_keys_are_let_in_as_far_as_they_may() {
    let server = Secured::server();
    let pipeline = unique();
    let key = |role: Value| {
        let body = json!({ "name": pipeline, "role_descriptors": { "of": role } });
        server.call("/_security/api_key", Some(&body))["encoded"].as_str().unwrap().to_owned()
    };
    let mut options = server.options();
    options.access.credentials = Credentials::ApiKey(key(json!({
        "cluster": ["monitor", "manage_index_templates"],
        "indices": [{
            "names": ["logs-*"],
            "privileges": ["create_doc", "create_index", "auto_configure", "read", "maintenance", "view_index_metadata"],
        }],
    })));
    assert_works(options.clone()).await;
    // May put templates, but write nothing: no fault of the entries.
    let role = json!({ "cluster": ["monitor", "manage_index_templates"], "indices": [] });
    options.access.credentials = Credentials::ApiKey(key(role));
    let reason = unavailable(options.clone()).await;
    assert!(reason.contains("security_exception") && reason.contains("unauthorized"), "{reason}");
    let role = json!({ "cluster": ["monitor"], "indices": [] });
    options.access.credentials = Credentials::ApiKey(key(role));
    let reason = unavailable(options).await;
    assert!(reason.contains("403") && reason.contains("privileges"), "{reason}");
}

#[tokio::test]
async fn bearer_tokens_are_let_in() {
    let server = Secured::server();
    let path = format!("/_security/service/elastic/fleet-server/credential/token/{}", unique());
    let token = server.call(&path, None)["token"]["value"].as_str().unwrap().to_owned();
    // This service may read logs, and not put templates.
    let mut options = server.options();
    options.access.credentials = Credentials::Bearer(token);
    let store = ElasticsearchStore::open_reader(options.clone()).unwrap();
    assert_eq!(store.health().await.unwrap().entries, 0);
    options.access.credentials = Credentials::Bearer("AAEAAWVsYXN0aWMvZmxlZXQ".to_owned());
    let store = ElasticsearchStore::open_reader(options).unwrap();
    let error = store.health().await.unwrap_err().to_string();
    assert!(error.contains("401") && error.contains("the token"), "{error}");
}

#[tokio::test]
async fn servers_that_no_known_authority_vouches_for_are_not_talked_to() {
    let server = Secured::server();
    let mut options = server.options();
    options.access.authorities = None;
    let reason = unavailable(options.clone()).await;
    assert!(reason.contains(&server.url) && reason.contains("UnknownIssuer"), "{reason}");
    options.access.authorities = Some(MutualTls::certificates().authority);
    let reason = unavailable(options.clone()).await;
    assert!(reason.contains("certificate"), "{reason}");
    // Nor by a name that is not in the certificate.
    options = server.options();
    options.access.urls = vec![server.url.replace("127.0.0.1", "127.0.0.2")];
    let reason = unavailable(options).await;
    assert!(reason.contains("certificate") || reason.contains("Connect"), "{reason}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_tls_terminator_before_elasticsearch() {
    let gate = MutualTls::before(&Engine::Elasticsearch.url()).await;
    let mut options = options_of(&[&gate.url]);
    options.access.authorities = Some(gate.certificates.authority.clone());
    let reason = unavailable(options.clone()).await;
    assert!(reason.to_lowercase().contains("certificate"), "{reason}");
    options.access.client_certificate = Some(gate.certificates.client.clone());
    assert_works(options.clone()).await;
    let sent = gate.authorizations();
    assert!(!sent.is_empty() && sent.iter().all(Option::is_none), "{sent:?}");
    // Credentials go beside it.
    for (credentials, header) in [
        (Credentials::ApiKey("a2V5".to_owned()), "ApiKey a2V5"),
        (Credentials::Bearer("token".to_owned()), "Bearer token"),
        (
            Credentials::Basic { user: "elastic".to_owned(), password: "p@ss:wörd".to_owned() },
            "Basic ZWxhc3RpYzpwQHNzOnfDtnJk",
        ),
    ] {
        options.access.credentials = credentials;
        assert_works(options.clone()).await;
        assert_eq!(gate.authorizations().last().unwrap().as_deref(), Some(header));
    }
}

on_each! {
    async fn any_of_several_addresses_will_do(engine: Engine) {
        let site = Site::new(engine).await;
        let mut options = site.options();
        options.access.urls = vec!["http://127.0.0.1:1".to_owned(), site.proxy.url()];
        assert_works(options).await;
    }

    async fn another_address_is_taken_where_one_dies_midway(engine: Engine) {
        let site = Site::new(engine).await;
        let second = Proxy::to(&site.server).await;
        let mut options = site.options();
        options.access.urls = vec![site.proxy.url(), second.url()];
        let store = writer(options).unwrap();
        let batch = |n| vec![entry(n, json!({}))];
        assert_eq!(store.write(batch(1)).await.unwrap(), [WriteOutcome::Stored]);
        assert!(second.requests().is_empty(), "the first is well");
        // It dies with the answer on its way.
        site.proxy.once(|| Action::Cut { then: None });
        assert_eq!(store.write(batch(2)).await.unwrap(), [WriteOutcome::Stored]);
        site.proxy.stop();
        for n in 3..10 {
            assert_eq!(store.write(batch(n)).await.unwrap(), [WriteOutcome::Stored]);
        }
        assert_eq!(second.bulks().len(), 7, "where an entry is already it is not sent again");
        site.assert_once((1..10).flat_map(batch).map(|entry| entry.id)).await;
    }

    async fn a_server_that_says_it_is_ill_is_left_for_another(engine: Engine) {
        let site = Site::new(engine).await;
        let second = Proxy::to(&site.server).await;
        let mut options = site.options();
        options.access.urls = vec![site.proxy.url(), second.url()];
        site.proxy.rule(|_, _| Action::Answer(503, json!({ "error": { "type": "master_not_discovered_exception", "reason": "no master" } })));
        assert_works(options).await;
        assert!(!second.bulks().is_empty());
    }

    async fn no_server_and_a_silent_one_are_reported_in_bounded_time(engine: Engine) {
        let site = Site::new(engine).await;
        let mut options = site.options();
        options.access.timeout = Duration::from_millis(300);
        options.access.urls = vec!["http://127.0.0.1:1".to_owned()];
        let begun = Instant::now();
        let reason = unavailable(options.clone()).await;
        assert!(reason.contains("http://127.0.0.1:1") && reason.contains("refused"), "{reason}");
        options.access.urls = vec![site.proxy.url()];
        site.proxy.rule(|_, _| Action::Wait(Duration::from_secs(60)));
        let reason = unavailable(options).await;
        assert!(reason.contains(&site.proxy.url()) && reason.contains("timed out"), "{reason}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    async fn requests_name_only_types_that_every_version_and_product_takes(engine: Engine) {
        let site = Site::new(engine).await;
        assert_works(site.options()).await;
        for request in site.proxy.requests() {
            assert_eq!(request.headers["accept"], "application/json", "{}", request.path);
            let expected = if request.is_bulk() { "application/x-ndjson" } else { "application/json" };
            assert_eq!(request.headers["content-type"], expected, "{}", request.path);
            assert!(!request.headers.contains_key("x-elastic-client-meta"));
        }
    }

    async fn the_version_is_asked_for_once_and_one_too_old_is_refused(engine: Engine) {
        let site = Site::new(engine).await;
        let store = writer(site.options()).unwrap();
        for n in 1..4 {
            assert_eq!(store.write(vec![entry(n, json!({}))]).await.unwrap(), [WriteOutcome::Stored]);
        }
        let asked = site.proxy.requests().iter().filter(|request| request.path == "/").count();
        assert_eq!(asked, 1);
        for (answer, expected) in [
            (json!({ "version": { "number": "7.17.28" } }), "Elasticsearch 7.17 is too old: 8.0"),
            (json!({ "version": { "number": "1.3.0", "distribution": "opensearch" } }), "OpenSearch 1.3 is too old: 2.0"),
            (json!({ "hello": "world" }), "is neither Elasticsearch nor OpenSearch"),
        ] {
            site.proxy.rule(move |_, _| Action::Answer(200, answer.clone()));
            let store = writer(site.options()).unwrap();
            let error = store.write(vec![entry(9, json!({}))]).await.unwrap_err();
            assert!(matches!(&error, StoreError::Unsupported { reason } if reason.contains(expected)), "{error}");
        }
    }
}
