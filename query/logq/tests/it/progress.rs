//! The progress of a long export.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::server::{finish, logq};

const ENTRY: &str = "{\"id\":\"x\",\"message\":\"m\"}\n";

/// A server whose exports have four entries and take most of a second.
fn slow_exports() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            _ = stream.read(&mut [0; 4096]);
            let head =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Total: 4\r\nConnection: close\r\n\r\n";
            _ = stream.write_all(head.as_bytes());
            for _ in 0..2 {
                std::thread::sleep(Duration::from_millis(400));
                let entries = ENTRY.repeat(2);
                _ = stream.write_all(format!("{:x}\r\n{entries}\r\n", entries.len()).as_bytes());
            }
            _ = stream.write_all(b"0\r\n\r\n");
        }
    });
    format!("http://{address}")
}

#[test]
fn a_terminal_shows_the_progress_of_an_export_and_ends_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.ndjson");
    let command = format!(
        "'{}' --all -o ndjson --server {} > '{}'",
        env!("CARGO_BIN_EXE_logq"),
        slow_exports(),
        file.display()
    );
    // Runs a command on a terminal of its own and prints what it shows; part of every Debian and Ubuntu.
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env("SHELL", "/bin/sh").stdin(Stdio::null());
    let (code, shown, err) = finish(&mut script);
    assert_eq!(code, 0, "{shown}{err}");
    assert!(shown.contains(" of 4 ("), "{shown:?}");
    assert!(shown.ends_with("\r\u{1b}[K"), "the line is cleared: {shown:?}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), ENTRY.repeat(4), "and is not among the entries");
}

#[test]
fn no_progress_goes_into_a_pipe_or_a_file() {
    let (code, out, err) = finish(logq().args(["--all", "-o", "ndjson", "--server", &slow_exports()]));
    assert_eq!((code, out.as_str(), err.as_str()), (0, &*ENTRY.repeat(4), ""));
}
