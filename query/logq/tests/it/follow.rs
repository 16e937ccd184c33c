//! Following.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::access;
use crate::server::{Server, logq};

struct Follower {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if sender.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Follower {
    fn start(server: &Server, args: &[&str]) -> Self {
        Self::by(server.logq(), args)
    }

    fn by(mut command: Command, args: &[&str]) -> Self {
        command.args(["--follow", "--fields", "message", "-o", "csv"]).args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let follower = Self { child, out, err };
        // The header is printed once the server has answered.
        assert_eq!(follower.line(), "message");
        follower
    }

    fn line(&self) -> String {
        self.out.recv_timeout(Duration::from_secs(15)).expect("a line")
    }

    fn is_silent(&self) -> bool {
        self.out.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout)
    }
}

fn entry(message: &str) -> String {
    format!(r#"{{"message":"{message}","level":"error"}}"#)
}

#[test]
fn entries_are_printed_as_they_arrive() {
    let server = Server::start();
    server.ingest(&[entry("before")]);
    let follower = Follower::start(&server, &["level:error"]);
    server.ingest(&[entry("first"), r#"{"message":"quiet","level":"info"}"#.to_owned()]);
    assert_eq!(follower.line(), "first");
    server.ingest(&[entry("second")]);
    assert_eq!(follower.line(), "second");
}

#[test]
fn with_a_time_range_what_is_there_comes_first_and_once() {
    let server = Server::start();
    server.ingest(&[entry("old 1"), entry("old 2")]);
    let follower = Follower::start(&server, &["--since", "1h"]);
    server.ingest(&[entry("meanwhile")]);
    assert_eq!([follower.line(), follower.line(), follower.line()], ["old 1", "old 2", "meanwhile"]);
    assert!(follower.is_silent());
    server.ingest(&[entry("new")]);
    assert_eq!(follower.line(), "new");
    let last = Follower::start(&server, &["-n", "2"]);
    assert_eq!([last.line(), last.line()], ["meanwhile", "new"]);
}

#[test]
fn a_lost_connection_loses_no_entry() {
    let mut server = Server::start();
    let follower = Follower::start(&server, &["level:error"]);
    server.ingest(&[entry("before")]);
    assert_eq!(follower.line(), "before");
    server.restart(|server| drop(server.ingest(&[entry("while away")])));
    assert_eq!(follower.line(), "while away");
    assert!(follower.err.recv_timeout(Duration::from_secs(1)).unwrap().contains("the connection is lost"));
    server.ingest(&[entry("after")]);
    assert_eq!(follower.line(), "after");
    assert!(follower.is_silent(), "each entry is printed once");
}

#[test]
fn a_large_limit_brings_as_many_of_the_past() {
    let server = Server::start();
    let entries: Vec<String> = (0..2_500)
        .map(|n| format!(r#"{{"message":"m{n}","timestamp":"2023-09-15T08:{:02}:{:02}Z"}}"#, n / 60, n % 60))
        .collect();
    server.ingest(&entries);
    let follower = Follower::start(&server, &["-n", "2200"]);
    for n in 300..2_500 {
        assert_eq!(follower.line(), format!("m{n}"));
    }
    assert!(follower.is_silent());
}

#[test]
fn what_was_stored_out_of_order_around_a_lost_connection_is_printed() {
    let mut server = Server::start();
    let follower = Follower::start(&server, &[]);
    std::thread::sleep(Duration::from_millis(1_500));
    server.ingest(&[entry("before")]);
    assert_eq!(follower.line(), "before");
    server.restart(|server| {
        drop(server.ingest_received(&[entry("received a second earlier")], Duration::from_secs(1)));
    });
    assert_eq!(follower.line(), "received a second earlier");
    assert!(follower.is_silent(), "each entry is printed once");
}

#[test]
fn what_the_server_left_out_is_said_where_it_is_missing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stored = entry_at("2023-09-15T08:00:01Z");
    let events = format!(
        "event: ready\ndata: {{\"from\":\"2023-09-15T08:00:00Z\"}}\n\nevent: dropped\ndata: {{\"count\":7}}\n\nevent: entry\ndata: {stored}\n\n"
    );
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        _ = stream.read(&mut [0; 4096]);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        _ = stream.write_all(format!("{head}{events}").as_bytes());
        // Held open until the test is over.
        _ = stream.read(&mut [0; 1]);
    });
    let mut command = logq();
    command.args(["--follow", "-o", "ndjson", "--server", &format!("http://{address}")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let errors = lines(child.stderr.take().unwrap());
    let output = lines(child.stdout.take().unwrap());
    let line = errors.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(line.contains("7 entries are left out here"), "{line}");
    assert_eq!(output.recv_timeout(Duration::from_secs(10)).unwrap(), stored);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn entry_at(time: &str) -> String {
    format!(
        r#"{{"id":"018a97d2-5fe8-7000-8000-000000000001","receivedAt":"{time}","timestamp":"{time}","message":"m"}}"#
    )
}

#[test]
fn a_follower_signs_in_again_where_its_session_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let access = access::access(folder.path());
    let mut server = Server::guarded(access.open().unwrap());
    let mut command = server.logq();
    command.env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", access::PASSWORD);
    let follower = Follower::by(command, &[]);
    server.ingest(&[entry("before")]);
    assert_eq!(follower.line(), "before");
    // Another key: the session is none of this server's.
    server.access = access.open().unwrap();
    server.restart(|_| ());
    assert!(follower.err.recv_timeout(Duration::from_secs(15)).unwrap().contains("the connection is lost"));
    server.ingest(&[entry("after")]);
    assert_eq!(follower.line(), "after");
}
