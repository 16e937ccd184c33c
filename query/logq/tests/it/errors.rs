//! What logq says when there is no result.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::server::{Server, finish, logq};

#[test]
fn a_query_error_marks_the_place_and_says_what_to_do() {
    let server = Server::with_sample();
    let query = "level:error message:(";
    for mode in [&[][..], &["--all"], &["--follow"], &["--histogram"]] {
        let (code, out, err) = server.run(&[mode, &[query]].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{mode:?}");
        let lines: Vec<&str> = err.lines().collect();
        assert!(lines[0].starts_with("logq: ") && lines[0].len() > 10, "{err}");
        assert_eq!(lines[1], format!("  {query}"));
        let caret = lines[2].find('^').unwrap();
        assert!((2 + 12..=2 + query.len()).contains(&caret), "{err}");
        assert!(lines[3].starts_with("hint: "), "{err}");
    }
}

#[test]
fn bad_usage_is_exit_code_2_and_names_the_flag() {
    let server = Server::with_sample();
    for (args, word) in [
        (&["--since", "yesterday"][..], "--since yesterday: give a number and a unit, such as 90s, 15m, 1h"),
        (&["--from", "yesterday"], "--from"),
        (&["--context", "abc"], "--context"),
        (&["--values", "message"], "--values"),
        (&["--fields", "a,,b"], "--fields"),
        (&["--order", "up"], "--order"),
        (&["-o", "xml"], "--output"),
        (&["--follow", "-o", "json"], "ndjson"),
        (&["--server", "no host"], "--server"),
        (&["--server", "ftp://x"], "--server"),
        (&["-word"], "tip: a query that begins with '-' goes behind '--': logq -- '-word'"),
        (&["--sicne", "1h"], "a similar argument exists: '--since'"),
    ] {
        let (code, out, err) = server.run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(word), "{args:?}: {err}");
    }
}

#[test]
fn a_server_that_is_not_there_is_exit_code_3() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for mode in [&[][..], &["--all"], &["--follow"], &["--values", "level"]] {
        let (code, out, err) = finish(logq().args(mode).args(["--server", &format!("http://{free}")]));
        assert_eq!((code, out.as_str()), (3, ""), "{mode:?}");
        assert!(err.contains("failed to reach") && err.contains("LOGQ_SERVER"), "{err}");
    }
}

#[test]
fn an_address_where_no_query_server_is_has_exit_code_3() {
    let server = Server::with_sample();
    let nowhere = format!("http://{}/foo", server.address);
    for mode in [&[][..], &["--all"], &["--context", "018a97d2-5c00-7000-8000-000000000000"]] {
        let (code, out, err) = finish(logq().args(mode).args(["--server", &nowhere]));
        assert_eq!((code, out.as_str()), (3, ""), "{mode:?}: {err}");
        assert!(err.contains("/foo"), "{err}");
    }
}

/// A server that gives the same answer to every request.
fn answering(answer: String) -> String {
    answering_after(Duration::ZERO, answer)
}

fn answering_after(pause: Duration, answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            _ = stream.read(&mut request);
            std::thread::sleep(pause);
            _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

fn json(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_partial_result_is_printed_and_is_exit_code_4() {
    let entry =
        r#"{"id":"x","receivedAt":"2023-09-15T08:00:00Z","timestamp":"2023-09-15T08:00:00Z","message":"m"}"#;
    let server = answering(json(&format!(
        r#"{{"entries":[{entry}],"total":1,"partial":true,"from":null,"to":null,"cursor":null,"tookMs":1}}"#
    )));
    let (code, out, err) = finish(logq().args(["-o", "ndjson", "--server", &server]));
    assert_eq!((code, out), (4, format!("{entry}\n")));
    assert!(err.contains("partial"), "{err}");
}

#[test]
fn an_export_that_breaks_off_is_exit_code_4() {
    let entry = "{\"id\":\"x\",\"message\":\"m\"}\n";
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nX-Total: 5\r\n\r\n";
    let server = answering(format!("{head}{:x}\r\n{entry}\r\n", entry.len()));
    let (code, out, err) = finish(logq().args(["--all", "-o", "ndjson", "--server", &server]));
    assert_eq!((code, out.as_str()), (4, entry));
    assert!(err.contains("broke off after 1 entries"), "{err}");
}

#[test]
fn something_else_at_the_address_is_exit_code_3() {
    let server = answering(json("<html>"));
    let (code, _, err) = finish(logq().args(["--server", &server]));
    assert_eq!(code, 3);
    assert!(err.contains("answered with something else"), "{err}");
}

#[test]
fn a_slow_answer_is_waited_for_as_long_as_told() {
    let server =
        answering_after(Duration::from_millis(700), json(r#"{"fields":[{"name":"level","kind":"level"}]}"#));
    let run =
        |timeout: &str| finish(logq().args(["--list-fields", "--timeout", timeout, "--server", &server]));
    assert_eq!(run("10s"), (0, "level    level\n".to_owned(), String::new()));
    let (code, out, err) = run("200ms");
    assert_eq!((code, out.as_str()), (3, ""));
    assert_eq!(
        err,
        format!(
            "logq: {server} sent nothing for 200ms; --timeout waits longer, a narrower time range takes less\n"
        )
    );
}

#[test]
fn a_server_without_a_scheme_is_plain_http() {
    let server = Server::with_sample();
    for name in [format!("{}", server.address), format!("localhost:{}", server.address.port())] {
        let (code, out, err) = finish(logq().args(["--server", &name]));
        assert_eq!((code, err.as_str()), (0, ""), "{name}");
        assert!(out.contains("Failed to connect to DB"), "{name}");
        assert_eq!(finish(logq().env("LOGQ_SERVER", &name)).0, 0, "{name}");
    }
}
