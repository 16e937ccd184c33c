//! Real servers as sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, Url};
use serde_json::{Value, json};

use super::target::Target;
use super::{figures, import_well};

/// A server whose address a variable holds, with credentials perhaps.
pub(super) struct Server {
    client: Client,
    url: Url,
    flags: Vec<String>,
}

impl Server {
    pub(super) fn named(variable: &str, folder: &Path) -> Self {
        let url = std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} is not set: `make test` or `make test-import` starts the server, or set it to the address of your own")
        });
        let mut url: Url = url.parse().unwrap();
        let mut client = Client::builder().no_proxy();
        let mut flags = Vec::new();
        if !url.username().is_empty() {
            let path = folder.join("password");
            std::fs::write(&path, url.password().unwrap_or_default()).unwrap();
            let path = path.to_str().unwrap().to_owned();
            flags.extend([
                "--source-user".to_owned(),
                url.username().to_owned(),
                "--source-password-file".to_owned(),
                path,
            ]);
        }
        if let Ok(path) = std::env::var(variable.replace("_URL", "_CA")) {
            let certificate = reqwest::Certificate::from_pem(&std::fs::read(&path).unwrap()).unwrap();
            client = client.add_root_certificate(certificate);
            flags.extend(["--source-ca-file".to_owned(), path]);
        }
        url.set_path("");
        Self { client: client.build().unwrap(), url, flags }
    }

    async fn ask(&self, method: Method, path: &str, body: String, kind: &str) -> String {
        let request = self.client.request(method, self.url.join(path).unwrap()).header("content-type", kind);
        let response = request.body(body).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> Value {
        serde_json::from_str(&self.ask(method, path, body.to_string(), "application/json").await).unwrap()
    }

    /// Deletes what [`fill`] made.
    pub(super) async fn remove(&self, name: &str) {
        for kind in ["date", "nanos", "text", "none"] {
            self.ask(Method::DELETE, &format!("/{name}-{kind}"), String::new(), "application/json").await;
        }
    }

    /// The address without credentials.
    pub(super) fn address(&self, path: &str) -> String {
        let mut url = self.url.join(path).unwrap();
        url.set_username("").unwrap();
        url.set_password(None).unwrap();
        url.to_string().trim_end_matches('/').to_owned()
    }

    pub(super) fn flags(&self) -> Vec<&str> {
        self.flags.iter().map(String::as_str).collect()
    }
}

pub(super) fn unique(name: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("import-{name}-{}-{}", std::process::id(), now.as_nanos())
}

/// Fills four indices as their owners do: dates, dates with nanoseconds, texts in place of dates, and none.
pub(super) async fn fill(server: &Server, name: &str) -> BTreeMap<(String, String), String> {
    let settings = json!({ "number_of_shards": 3, "number_of_replicas": 0 });
    let mut expected = BTreeMap::new();
    for (kind, times) in [("date", "date"), ("nanos", "date_nanos"), ("text", "text"), ("none", "")] {
        let index = format!("{name}-{kind}");
        let mut properties = json!({ "n": { "type": "long" } });
        if !times.is_empty() {
            properties["@timestamp"] = json!({ "type": times });
        }
        let mappings = json!({ "dynamic": false, "properties": properties });
        server
            .json(Method::PUT, &format!("/{index}"), json!({ "settings": settings, "mappings": mappings }))
            .await;
        let mut bulk = String::new();
        for n in 0..400 {
            // Many of one time, and literals that a parser would change.
            let fraction = if times == "date_nanos" {
                format!("{:03}{:06}", n / 50, n % 7)
            } else {
                format!("{:03}", n / 50)
            };
            let time = format!(r#""@timestamp":"2026-11-30T12:00:00.{fraction}Z","#);
            let time = if times.is_empty() || n % 10 == 0 { "" } else { &time };
            let source = format!(
                r#"{{ {time} "message": "entry \u00fc {n}", "n":1.50e3, "deep": {{"b":[ ],"a":0.10}}}}"#
            );
            writeln!(bulk, r#"{{"index":{{"_index":"{index}","_id":"{kind}/{n}"}}}}"#).unwrap();
            writeln!(bulk, "{source}").unwrap();
            expected.insert((index.clone(), format!("{kind}/{n}")), source);
        }
        let answer = server.ask(Method::POST, "/_bulk?refresh=true", bulk, "application/x-ndjson").await;
        assert!(answer.contains("\"errors\":false"), "{answer}");
    }
    expected
}

async fn everything_arrives_once_as_it_is(variable: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::named(variable, folder.path());
    let name = unique("test");
    let expected = fill(&server, &name).await;
    let address = server.address(&format!("/{name}-*"));

    let target = Target::start().await;
    let arguments = [server.flags(), vec!["--batch-size", "11", "--concurrency", "3"]].concat();
    let report = import_well(&target, "elasticsearch", &address, &arguments).await;
    // Of two indices a tenth has no time, of the others no document has one that is a date.
    let names = ["total", "read", "accepted", "alreadyThere", "withoutTime"];
    assert_eq!(figures(&report, names), [1_600, 1_600, 1_600, 0, 880]);
    assert_eq!(target.documents(), expected);

    let state = folder.path().join("state").to_str().unwrap().to_owned();
    let other = [server.flags(), vec!["--batch-size", "500", "--state", &state]].concat();
    let again = import_well(&target, "elasticsearch", &address, &other).await;
    assert_eq!(figures(&again, ["read", "accepted", "alreadyThere"]), [1_600, 0, 1_600]);
    assert_eq!(target.documents(), expected);

    let bounds = ["--since", "2026-11-30T12:00:00.003Z", "--until", "2026-11-30T12:00:00.005Z"];
    let target = Target::start().await;
    import_well(&target, "elasticsearch", &address, &[server.flags(), bounds.to_vec()].concat()).await;
    let timed = target
        .documents()
        .keys()
        .filter(|(index, _)| index.ends_with("-date") || index.ends_with("-nanos"))
        .count();
    // In each of the two, 100 of the chosen times less the tenth without one, and 40 that have none.
    assert_eq!((timed, target.documents().len()), (2 * (90 + 40), 2 * (90 + 40) + 800));
    server.remove(&name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_an_elasticsearch_arrives_once_as_it_is() {
    everything_arrives_once_as_it_is("ELASTICSEARCH_URL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_an_opensearch_arrives_once_as_it_is() {
    everything_arrives_once_as_it_is("OPENSEARCH_URL").await;
}

/// Gives a VictoriaLogs 3,000 entries, and waits until it finds them.
pub(super) async fn push(server: &Server, run: &str) {
    let mut lines = String::new();
    for n in 0..3_000 {
        // Sparse, dense, equal ones, and many of one moment.
        let (time, text) = match n {
            0..1_000 => (format!("2026-11-{:02}T{:02}:00:00Z", n / 50 + 1, n % 24), format!("sparse {n}")),
            1_000..2_000 => (format!("2026-11-29T12:00:00.{:09}Z", n), format!("dense {n}")),
            2_000..2_300 => ("2026-11-29T13:00:00Z".to_owned(), "the same".to_owned()),
            _ => ("2026-11-29T14:00:00.000000001Z".to_owned(), format!("at one moment \"{n}\" ü")),
        };
        let mut entry = json!({ "_time": time, "_msg": text, "run": run, "app": format!("a{}", n % 3) });
        if !(2_000..2_300).contains(&n) {
            entry["http.status"] = n.into();
        }
        writeln!(lines, "{entry}").unwrap();
    }
    server.ask(Method::POST, "/insert/jsonline?_stream_fields=app", lines, "application/stream+json").await;
    let query = format!("run:=\"{run}\"");
    let begin = Instant::now();
    loop {
        let path = "/select/logsql/query";
        let count = format!("query={query} | stats count() n");
        let answer = server.ask(Method::POST, path, count, "application/x-www-form-urlencoded").await;
        if answer.contains("\"3000\"") {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a VictoriaLogs: make test-import builds and starts one"]
async fn everything_of_a_victorialogs_arrives_once_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::named("VICTORIALOGS_URL", folder.path());
    let run = unique("victorialogs");
    push(&server, &run).await;
    let query = format!("run:=\"{run}\"");
    let target = Target::start().await;
    let mut ids = None;
    for (batch, concurrency) in [("1000", "4"), ("100", "1"), ("7", "3")] {
        let arguments =
            [server.flags(), vec!["--query", &query, "--batch-size", batch, "--concurrency", concurrency]];
        let report = import_well(&target, "victorialogs", &server.address("/"), &arguments.concat()).await;
        assert_eq!(figures(&report, ["total", "read"]), [3_000, 3_000], "{batch}");
        let keys: Vec<_> = target.documents().into_keys().collect();
        assert_eq!(keys.len(), 3_000, "{batch}");
        assert_eq!(*ids.get_or_insert_with(|| keys.clone()), keys);
    }
    let parsed = target.parsed();
    let one = parsed.iter().find(|entry| entry["message"] == "dense 1001").unwrap();
    assert_eq!(one["@timestamp"], "2026-11-29T12:00:00.000001001Z");
    assert_eq!(
        (&one["http.status"], &one["app"], &one["run"]),
        (&"1001".into(), &"a2".into(), &run.clone().into())
    );
    assert_eq!(one["_stream"], "{app=\"a2\"}");

    let bounds =
        ["--query", &query, "--since", "2026-11-29T13:00:00Z", "--until", "2026-11-29T14:00:00.000000001Z"];
    let target = Target::start().await;
    let report = import_well(&target, "victorialogs", &server.address("/"), &bounds).await;
    assert_eq!(figures(&report, ["total", "read"]), [300, 300]);
}
