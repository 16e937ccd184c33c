//! What all protocols beside HTTP have in common, shown by syslog.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::wal::disk::LocalDisk;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::support::process::run;
use crate::support::server::Server;
use crate::support::store::FakeStore;
use crate::support::{eventually, within};

const TCP: &str = "--syslog-tcp-listen=127.0.0.1:0";
const UDP: &str = "--syslog-udp-listen=127.0.0.1:0";
const SMALL: [&str; 4] =
    ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=4MiB"];

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.listeners.get(Protocol::SyslogTcp).unwrap()).await.unwrap()
}

/// Waits until the server closes the connection; what it sent.
async fn closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A reset is an end too.
    let _ = read.expect("closed within 20 s");
    answer
}

fn lines(prefix: &str, count: usize) -> String {
    (0..count).map(|number| format!("<14>{prefix} {number}\n")).collect()
}

#[tokio::test]
async fn what_comes_by_tcp_is_stored_once_however_it_is_cut() {
    let server = Server::start(&[TCP]).await;
    let mut stream = connect(&server).await;
    let text = lines("line", 3_000);
    for piece in text.as_bytes().chunks(1_777) {
        stream.write_all(piece).await.unwrap();
    }
    // Without an end of its own, the last one ends with the stream.
    stream.write_all(b"<14>the last").await.unwrap();
    drop(stream);
    eventually("all are stored", async || server.store.len() == 3_001).await;
    assert_eq!(server.settled().await["received"], 3_001);
    assert!(server.store.messages().iter().any(|message| message.ends_with("the last")));
}

#[tokio::test]
async fn datagrams_are_stored() {
    let server = Server::start(&[UDP]).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.listeners.get(Protocol::SyslogUdp).unwrap()).await.unwrap();
    for number in 0..100 {
        socket.send(format!("<14>datagram {number}").as_bytes()).await.unwrap();
    }
    eventually("all are stored", async || server.store.len() == 100).await;
}

#[tokio::test]
async fn a_full_log_holds_connections_back_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [&SMALL[..], &[TCP, UDP]].concat();
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    const LINES: usize = 20_000;
    let mut stream = connect(&server).await;
    let sender = tokio::spawn(async move {
        let text = lines(&"x".repeat(300), LINES);
        stream.write_all(text.as_bytes()).await.unwrap();
    });
    eventually("the log is full", async || {
        server.delivery().await["wal"]["bytes"].as_u64().unwrap() > 500_000
    })
    .await;
    // What UDP brings meanwhile cannot be held back.
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.listeners.get(Protocol::SyslogUdp).unwrap()).await.unwrap();
    let full = format!("<14>{}", "u".repeat(30_000));
    let dropped = "logpipeline_ingestor_udp_dropped_total";
    eventually("datagrams are dropped and counted", async || {
        socket.send(full.as_bytes()).await.unwrap();
        server.metric(dropped).await > 0.0
    })
    .await;
    assert!(!sender.is_finished(), "6 MB are neither in the log nor in buffers");
    server.store.down.store(false, Ordering::SeqCst);
    let all = async || {
        let messages = server.store.messages();
        messages.iter().filter(|message| message.contains("xxx")).count() == LINES
    };
    within(Duration::from_secs(60), "everything is stored", all).await;
    sender.await.unwrap();
    let figures = server.settled().await;
    assert_eq!(figures["duplicates"], 0, "{figures}");
}

#[tokio::test]
async fn what_was_read_is_stored_when_the_server_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_on(folder.path(), &[TCP, UDP], Arc::new(LocalDisk), FakeStore::new()).await;
    let mut stream = connect(&server).await;
    stream.write_all(format!("{}<14>not ended", lines("before the end", 500)).as_bytes()).await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(b"<14>a datagram", server.listeners.get(Protocol::SyslogUdp).unwrap()).await.unwrap();
    eventually("it is read", async || server.store.len() >= 501).await;
    let store = Arc::clone(&server.store);
    server.stop().await.unwrap();
    assert_eq!(store.len(), 502);
    closed(&mut stream).await;
}

#[tokio::test]
async fn a_silent_connection_is_closed_after_the_idle_time_and_holds_no_memory_before() {
    let server = Server::start(&[TCP, "--listener-idle-timeout=1s"]).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"<14>one\n").await.unwrap();
    eventually("it is stored", async || server.store.len() == 1).await;
    eventually("no memory is held", async || {
        server.metric("logpipeline_ingestor_in_flight_bytes").await == 0.0
    })
    .await;
    assert_eq!(closed(&mut stream).await, b"");
    assert_eq!(server.metric("logpipeline_ingestor_broken_connections_total").await, 0.0);
}

#[tokio::test]
async fn a_frame_that_does_not_go_on_ends_its_connection_or_is_taken_as_it_is() {
    let server = Server::start(&[TCP, "--relp-listen=127.0.0.1:0", "--body-timeout=500ms"]).await;
    // Without an end, a message of syslog is taken after a pause; its connection stays.
    let mut stream = connect(&server).await;
    stream.write_all(b"<14>no end").await.unwrap();
    eventually("it is stored", async || server.store.len() == 1).await;
    stream.write_all(b"<14>another\n").await.unwrap();
    eventually("it goes on", async || server.store.len() == 2).await;
    // A frame of RELP is whole or none.
    let mut relp = TcpStream::connect(server.listeners.get(Protocol::Relp).unwrap()).await.unwrap();
    relp.write_all(b"1 open 15 commands").await.unwrap();
    assert_eq!(closed(&mut relp).await, b"");
    assert_eq!(server.metric("logpipeline_ingestor_broken_connections_total").await, 1.0);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let server = Server::start(&["--relp-listen=127.0.0.1:0", "--body-timeout=500ms"]).await;
    let mut relp = TcpStream::connect(server.listeners.get(Protocol::Relp).unwrap()).await.unwrap();
    relp.write_all(b"1 open 15 commands=syslog\n").await.unwrap();
    let frames = "2 syslog 1 m\n".repeat(10_000);
    let sent = async {
        // Until answers fill all buffers on their way, and the server gives up.
        while relp.write_all(frames.as_bytes()).await.is_ok() {}
    };
    tokio::time::timeout(Duration::from_secs(60), sent).await.expect("cut off within 60 s");
}

#[tokio::test]
async fn connections_wait_while_there_is_no_memory_and_go_on() {
    let flags = ["--max-in-flight=2MiB", "--max-body=1MiB", "--max-entry=64KiB", TCP];
    let server = Server::start(&flags).await;
    let senders: Vec<_> = (0..100)
        .map(|sender| {
            let address = server.listeners.get(Protocol::SyslogTcp).unwrap();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let text = lines(&format!("sender {sender} {}", "y".repeat(500)), 200);
                stream.write_all(text.as_bytes()).await.unwrap();
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    within(Duration::from_secs(60), "everything is stored", async || server.store.len() == 20_000).await;
}

#[test]
fn a_taken_port_and_missing_leave_end_the_start_with_a_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let flag = format!("--relp-listen={}", taken.local_addr().unwrap());
    let (status, log) = run(&folder.path().join("data"), &[&flag]);
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("another process listens there") && log.contains("--relp-listen"), "{log}");
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:a-token-that-is-long-enough-to-be-one\n").unwrap();
    let (status, log) = run(
        &folder.path().join("data"),
        &[&format!("--tokens-file={}", tokens.display()), "--syslog-udp-listen=127.0.0.1:0"],
    );
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("--allow-anonymous-listeners"), "{log}");
    assert!(!folder.path().join("data/wal").exists(), "nothing was begun");
}

/// Receipts and dead letters name the sender of a datagram.
#[tokio::test]
async fn a_datagram_leads_to_its_peer() {
    let server = Server::start(&[UDP]).await;
    let address = server.listeners.get(Protocol::SyslogUdp).unwrap();
    let peers = ["127.0.0.1", "127.0.0.2"];
    for peer in peers {
        let socket = UdpSocket::bind((peer, 0)).await.unwrap();
        for message in ["one", "refuse two"] {
            socket.send_to(format!("<14>{message} of {peer}").as_bytes(), address).await.unwrap();
        }
    }
    eventually("all came", async || server.delivery().await["received"] == 4).await;
    server.settled().await;
    let entries = server.store.entries();
    assert_eq!(entries.len(), 2, "{entries:?}");
    for entry in entries {
        let id = entry["id"].as_str().unwrap();
        let answer = server.get(&format!("/api/v1/logs/{id}/delivery"), &[]).await;
        let peer = answer.body["request"]["peer"].as_str().unwrap();
        assert!(entry["message"].as_str().unwrap().ends_with(peer), "{answer:?}");
    }
    let mut named: Vec<_> =
        server.store.letters().entries().iter().map(|letter| letter["metadata"]["peer"].clone()).collect();
    named.sort_by_key(ToString::to_string);
    assert_eq!(named, peers);
}
