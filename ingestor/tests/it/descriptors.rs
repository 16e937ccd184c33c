//! Connections leave files what they need, however few descriptors there are.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::process::Process;
use crate::support::server::ndjson;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_do_not_keep_entries_from_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start_within("ulimit -n 256", folder.path(), &["--header-timeout=4s"]);
    assert_eq!(process.open_files_limit(), 256);
    let client = reqwest::Client::new();
    let post = async |prefix: &str| {
        let body = ndjson(prefix, 10);
        let request = client.post(format!("http://{}/logs", process.address)).body(body);
        request.timeout(Duration::from_secs(10)).send().await.unwrap().status()
    };
    // Its connection is kept.
    assert_eq!(post("before").await, 202);
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(process.address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(post("while idle connections wait").await, 202);
    let health = reqwest::get(format!("http://{}/healthz", process.admin)).await.unwrap();
    assert_eq!(health.status(), 200);
    eventually("everything is shipped", async || {
        let text = client.get(format!("http://{}/metrics", process.admin)).send().await.unwrap();
        text.text().await.unwrap().contains("logpipeline_ingestor_waiting_entries 0")
    })
    .await;
    drop(idle);
    assert_eq!(process.delivery().await["stored"], 20);
    let log = process.log.lock().unwrap().join("\n");
    assert!(!log.contains("Too many open files"), "{log}");
    assert_eq!(log.matches("the limit of open files is low").count(), 1, "{log}");
}

#[tokio::test]
async fn the_limit_of_open_files_is_raised_as_far_as_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let ulimit = "ulimit -S -n 128 && ulimit -H -n 4096";
    let process = Process::start_within(ulimit, folder.path(), &["--max-connections=3000"]);
    assert_eq!(process.open_files_limit(), 4096);
    let log = process.log.lock().unwrap().join("\n");
    assert!(!log.contains("the limit of open files is low"), "{log}");
}
