//! `logq replay`, against a server that answers as the API is documented to.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{finish, logq};

/// A query server that takes one replay, and the request that it was sent.
fn server(report: &Value) -> (String, Arc<Mutex<String>>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, body): (Arc<Mutex<String>>, _) = (Arc::default(), report.to_string());
    let told = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            // The body is short, and may come behind the head.
            while !String::from_utf8_lossy(&request).contains("\r\n\r\n{") {
                let mut part = [0; 4096];
                let count = stream.read(&mut part).unwrap();
                request.extend_from_slice(&part[..count]);
            }
            *told.lock().unwrap() = String::from_utf8(request).unwrap();
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
                .unwrap();
        }
    });
    (format!("http://{address}"), seen)
}

fn replay(server: &str, args: &[&str]) -> (i32, String, String) {
    finish(logq().arg("replay").args(args).args(["--server", server]))
}

fn report(found: u64, failed: &[(&str, &str)]) -> Value {
    let failed: Vec<_> = failed.iter().map(|(id, reason)| json!({ "id": id, "reason": reason })).collect();
    let count = failed.len() as u64;
    json!({ "found": found, "replayed": found - count, "alreadyStored": 0, "failedCount": count, "failed": failed })
}

#[test]
fn letters_are_chosen_by_a_query_by_ids_or_all() {
    let (server, seen) = server(&report(1_200, &[]));
    for (args, body) in [
        (&["reason:mapping", "x"][..], json!({ "q": "reason:mapping x", "from": null, "to": null })),
        (&["--since", "1h"], json!({ "q": "", "from": "now-1h", "to": null })),
        (&["--id", "a", "--id", "b"], json!({ "ids": ["a", "b"] })),
        (&["--all"], json!({ "all": true })),
    ] {
        let (code, out, err) = replay(&server, args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        assert_eq!(out, "1,200 dead letters: 1,200 sent once more, 0 stored already, 0 failed\n");
        let request = seen.lock().unwrap().clone();
        let (head, sent) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /api/v1/dead-letters/replay HTTP/1.1\r\n"), "{head}");
        assert_eq!(serde_json::from_str::<Value>(sent).unwrap(), body, "{args:?}");
    }
}

#[test]
fn what_failed_is_listed_and_tells_by_the_exit_code() {
    let (server, _) = server(&report(2, &[("018a97d2", "the field is\u{1b} too deep")]));
    let (code, out, _) = replay(&server, &["--all"]);
    assert_eq!(code, 4);
    let expected = "2 dead letters: 1 sent once more, 0 stored already, 1 failed\n  018a97d2  the field is\\x1b too deep\n";
    assert_eq!(out, expected);
}

#[test]
fn nothing_is_sent_unless_it_is_clear_what() {
    for args in [&[][..], &["--all", "word"], &["--id", "x", "--all"], &["--since", "1h", "--from", "now"]] {
        let (code, _, err) = replay("http://127.0.0.1:9", args);
        assert_eq!(code, 2, "{args:?}: {err}");
    }
}
