//! Elasticsearch is not there yet.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use super::{Flags, url};
use crate::support::eventually;
use crate::support::process::Process;
use crate::support::query::Query;
use crate::support::server::ndjson;

/// Makes the server reachable at an address.
async fn forward(from: SocketAddr) {
    let to = reqwest::Url::parse(&url()).unwrap();
    let to = (to.host_str().unwrap().to_owned(), to.port_or_known_default().unwrap());
    let listener = TcpListener::bind(from).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                if let Ok(mut server) = TcpStream::connect(to).await {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_start_without_elasticsearch_say_so_and_go_on_once_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let flags = Flags::new(&format!("http://{address}"));
    let process = Process::start(folder.path(), &flags.ingestor());
    let query = Query::start(folder.path(), &flags.both()).await;

    let request = reqwest::Client::new().post(format!("http://{}/logs", process.address));
    let accepted = request.body(ndjson("early", 50)).send().await.unwrap();
    assert_eq!(accepted.status(), 202);
    let ready = reqwest::get(format!("http://{}/readyz", process.admin)).await.unwrap();
    assert_eq!(ready.status(), 200, "it accepts");
    eventually("the trouble is told", async || process.delivery().await["storeError"].is_string()).await;
    let figures = process.delivery().await;
    assert_eq!((figures["waiting"].as_u64(), figures["stored"].as_u64()), (Some(50), Some(0)));
    let trouble = figures["storeError"].as_str().unwrap();
    assert!(
        trouble.starts_with("the store is unavailable: ") && trouble.contains(&address.to_string()),
        "{trouble}"
    );

    eventually("readiness names it", async || query.readiness().await.1.contains(&address.to_string())).await;
    assert_eq!(query.readiness().await.0, 503);
    for path in ["/search", "/histogram", "/fields", "/export"] {
        let answer = query.send(path, &[]).await;
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(problem["type"], "urn:logpipeline:problem:store-unavailable", "{path}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("The entries cannot be read: the store is unavailable: ")
                && detail.contains(&address.to_string()),
            "{detail}"
        );
    }

    forward(address).await;
    eventually("what was accepted is found", async || query.finds("early", 50).await).await;
    eventually("the trouble is over", async || process.delivery().await["storeError"].is_null()).await;
    eventually("readiness", async || query.readiness().await.0 == 200).await;
    assert_eq!(query.messages().await.len(), 50);
}
