//! RELP: what is answered is on disk, and what is sent again is stored once.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::wal::disk::LocalDisk;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::server::Server;
use crate::support::store::FakeStore;

const RELP: &str = "--relp-listen=127.0.0.1:0";
const OPEN: &str =
    "1 open 86 relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog\n";

fn frame(number: usize, message: &str) -> String {
    format!("{number} syslog {} {message}\n", message.len())
}

/// A message of rsyslog's: its time is to the microsecond.
fn message(number: usize, text: &str) -> String {
    format!("<158>1 2026-11-30T11:47:06.{:06}+00:00 vm shop - - - {text}", 100_001 + number)
}

#[tokio::test]
async fn a_session_of_rsyslog_is_answered_and_its_entries_are_stored() {
    let server = Server::start(&[RELP]).await;
    let mut stream = TcpStream::connect(server.listeners.get(Protocol::Relp).unwrap()).await.unwrap();
    let session = [
        OPEN,
        "2 syslog 69 <158>1 2026-11-30T11:47:06.716120+00:00 vm shop - - - plain line one\n\n",
        "3 syslog 92 <158>1 2026-11-30T11:47:06.716132+00:00 vm shop - - - line two with \"quotes\" and unicode é\n\n",
        "4 close 0 \n",
    ];
    for frame in session {
        stream.write_all(frame.as_bytes()).await.unwrap();
    }
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(answers.starts_with("1 rsp ") && answers.contains("\ncommands=syslog\n"), "{answers}");
    assert!(answers.ends_with("\n4 rsp 6 200 OK\n"), "{answers}");
    let receipts: Vec<_> = answers.lines().filter_map(|line| line.split_once(" rsp 43 200 OK ")).collect();
    assert_eq!(receipts.iter().map(|(number, _)| *number).collect::<Vec<_>>(), ["2", "3"], "{answers}");
    for (_, receipt) in receipts {
        let found = server.get(&format!("/api/v1/receipts/{receipt}"), &[]).await;
        assert_eq!((found.status, &found.body["protocol"]), (200, &"relp".into()), "{receipt}");
    }
    eventually("both are stored", async || server.store.len() == 2).await;
}

#[tokio::test]
async fn what_is_sent_again_after_a_cut_answer_is_stored_once() {
    let server = Server::start(&[RELP]).await;
    for shift in [0, 5] {
        let mut stream = TcpStream::connect(server.listeners.get(Protocol::Relp).unwrap()).await.unwrap();
        stream.write_all(OPEN.as_bytes()).await.unwrap();
        for number in 0..50 {
            let message = message(number, &format!("line {number}"));
            stream.write_all(frame(2 + shift + number, &message).as_bytes()).await.unwrap();
        }
        let expected = if shift == 0 { 50 } else { 100 };
        eventually("all came", async || server.delivery().await["received"] == expected).await;
        // The answers are never read.
        drop(stream);
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&50.into(), &50.into()));
}

#[tokio::test]
async fn a_full_log_answers_nothing_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let flags =
        ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=4MiB", RELP];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let stream = TcpStream::connect(server.listeners.get(Protocol::Relp).unwrap()).await.unwrap();
    let (input, mut output) = stream.into_split();
    const COUNT: usize = 6_000;
    let writer = tokio::spawn(async move {
        output.write_all(OPEN.as_bytes()).await.unwrap();
        for number in 0..COUNT {
            let message = message(number, &"x".repeat(300));
            output.write_all(frame(number + 2, &message).as_bytes()).await.unwrap();
        }
        output
    });
    let answered = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&answered);
    let reader = tokio::spawn(async move {
        let mut lines = BufReader::new(input).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(" rsp 43 200 OK ") {
                let mut count = counter.lock().unwrap();
                *count += 1;
                if *count == COUNT {
                    return;
                }
            }
        }
    });
    eventually("the log is full", async || {
        server.delivery().await["wal"]["bytes"].as_u64().unwrap() > 500_000
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let waiting = server.delivery().await["waiting"].as_u64().unwrap();
    assert!(*answered.lock().unwrap() as u64 <= waiting && waiting < COUNT as u64);
    server.store.down.store(false, Ordering::SeqCst);
    tokio::time::timeout(Duration::from_secs(60), reader).await.expect("all are answered").unwrap();
    writer.await.unwrap();
    assert_eq!(server.settled().await["duplicates"], 0);
    assert_eq!(server.store.len(), COUNT);
}

#[tokio::test]
async fn what_is_no_relp_ends_the_connection_and_is_counted() {
    let server = Server::start(&[RELP]).await;
    let mut stream = TcpStream::connect(server.listeners.get(Protocol::Relp).unwrap()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
    assert_eq!(server.metric("logpipeline_ingestor_broken_connections_total").await, 1.0);
}
