//! The binary as operators meet it: signals, exit codes, locks, memory.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::process::{Process, run};
use crate::support::server::ndjson;

async fn post(process: &Process, body: String) -> u16 {
    let client = reqwest::Client::new();
    client.post(format!("http://{}/logs", process.address)).body(body).send().await.unwrap().status().as_u16()
}

async fn ready(process: &Process) -> u16 {
    reqwest::get(format!("http://{}/readyz", process.admin)).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn sigterm_drains_ships_and_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path(), &["--drain=600ms"]);
    assert_eq!(ready(&process).await, 200);
    assert_eq!(post(&process, ndjson("before", 500)).await, 202);
    process.signal("TERM");
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(ready(&process).await, 503);
    // While draining, whoever has not noticed yet is still served.
    assert_eq!(post(&process, ndjson("draining", 5)).await, 202);
    let begun = Instant::now();
    assert_eq!(process.wait().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5));
    let log = process.log.lock().unwrap().join("\n");
    assert!(log.contains("everything accepted is in the store"), "{log}");

    let process = Process::start(folder.path(), &[]);
    let figures = process.delivery().await;
    assert_eq!((figures["stored"].as_u64(), figures["waiting"].as_u64()), (Some(505), Some(0)));
}

#[tokio::test]
async fn a_second_ingestor_on_the_same_folder_is_refused_clearly() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let (status, log) = run(folder.path(), &[]);
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("in use by another") || log.contains("written by another process"), "{log}");
    assert!(log.contains(folder.path().to_str().unwrap()), "{log}");
    assert_eq!(post(&process, ndjson("still served", 1)).await, 202);
    process.kill();
    // A lock does not outlive its process.
    Process::start(folder.path(), &[]);
}

#[tokio::test]
async fn a_taken_port_and_settings_that_do_not_go_together_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for flag in ["--listen", "--admin-listen"] {
        // The other one is free.
        let (status, log) = run(folder.path(), &[&format!("{flag}={address}")]);
        assert_eq!(status.code(), Some(1));
        let [line] = log.lines().collect::<Vec<_>>()[..] else { panic!("{log}") };
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let error = event["error"].as_str().unwrap();
        assert!(error.starts_with(&format!("failed to listen on {address}: ")), "{error}");
        assert!(error.contains("stop it or choose another port"), "{error}");
        assert!(error.ends_with(&format!("the flag is {flag}")), "{error}");
        for once in [&address.to_string(), "another process listens there", "os error"] {
            assert_eq!(log.matches(once).count(), 1, "{once} in {log}");
        }
    }
    // So is a data folder that cannot be used.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (status, log) = run(&file, &[]);
    assert_eq!(status.code(), Some(1));
    assert_eq!((log.lines().count(), log.matches("os error").count()), (1, 1), "{log}");
    let (status, log) = run(folder.path(), &["--wal-size=1MiB"]);
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("--wal-size is too small"), "{log}");
    let (status, log) = run(folder.path(), &["--wal-size=lots"]);
    assert_eq!(status.code(), Some(2));
    assert!(log.contains("such as 16MiB"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_bounded_while_many_slow_senders_push() {
    const MEBIBYTE: u64 = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--max-in-flight=32MiB", "--max-body=4MiB", "--body-timeout=5s", "--wal-size=64MiB"];
    let process = Process::start(folder.path(), &flags);
    let idle = process.peak_memory();
    // 200 senders would send 4 MiB each, and stop one byte before the end.
    let senders: Vec<_> = (0..200)
        .map(|_| {
            let address = process.address;
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let head =
                    format!("POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", 4 * MEBIBYTE);
                stream.write_all(head.as_bytes()).await.unwrap();
                let line = ndjson(&"x".repeat(200), 300);
                for _ in 0..60 {
                    // The server may refuse it in between.
                    if stream.write_all(line.as_bytes()).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            })
        })
        .collect();
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
        let asked = Instant::now();
        assert_eq!(ready(&process).await, 200);
        slowest = slowest.max(asked.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(slowest < Duration::from_secs(2), "health took {slowest:?}");
    // The budget, once more while buffers grow, and what 200 connections buffer.
    let grown = process.peak_memory() - idle;
    assert!(grown < 160 * MEBIBYTE, "grew by {} MiB", grown / MEBIBYTE);
    assert_eq!(post(&process, ndjson("after", 10)).await, 202);
}

#[tokio::test]
async fn a_bomb_takes_no_more_than_the_limit_and_disturbs_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--max-body=16MiB"]);
    assert_eq!(post(&process, ndjson("warm", 1)).await, 202);
    let before = process.peak_memory();
    let client = reqwest::Client::new();
    let bombs = [
        ("gzip", super::support::server::gzip(&vec![b' '; 512 << 20])),
        ("zstd", super::support::server::zstd(&vec![b' '; 512 << 20])),
    ];
    for (coding, bomb) in bombs {
        let url = format!("http://{}/logs", process.address);
        let request = client.post(url).header("content-encoding", coding).body(bomb);
        assert_eq!(request.send().await.unwrap().status(), 413, "{coding}");
    }
    let grown = process.peak_memory() - before;
    // Twice the limit, the window of 8 MiB that a zstd frame may ask for, and what a connection buffers.
    assert!(grown < 42 << 20, "grew by {} MiB", grown >> 20);
    assert_eq!(post(&process, ndjson("after", 10)).await, 202);
}
