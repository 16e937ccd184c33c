//! The progress of a long answer.

use std::process::{Command, Stdio};

use crate::fake::{ENTRY, slow};
use crate::server::{finish, logq};

/// Runs logq on a terminal of its own, stdout going to a file: exit code, what the terminal shows, and the file.
fn on_a_terminal(before: &str, args: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.ndjson");
    let logq = env!("CARGO_BIN_EXE_logq");
    let command = format!("{before} '{logq}' -o ndjson --server {} {args} > '{}'", slow(), file.display());
    // Runs a command on a terminal of its own and prints what it shows; part of every Debian and Ubuntu.
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env("SHELL", "/bin/sh").stdin(Stdio::null());
    let (code, shown, err) = finish(&mut script);
    assert_eq!(err, "", "{shown}");
    (code, shown, std::fs::read_to_string(file).unwrap())
}

#[test]
fn a_terminal_shows_the_progress_of_an_export_and_ends_without_it() {
    let (code, shown, out) = on_a_terminal("", "--all");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains(" of 4 ("), "{shown:?}");
    assert!(shown.ends_with("\r\u{1b}[K"), "the line is cleared: {shown:?}");
    assert_eq!(out, ENTRY.repeat(4), "and is not among the entries");
}

#[test]
fn a_terminal_shows_the_progress_of_a_long_limit() {
    let (code, shown, out) = on_a_terminal("", "--limit 3000");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains(" of 3,000 ("), "{shown:?}");
    assert!(shown.ends_with("\r\u{1b}[K"), "{shown:?}");
    assert_eq!(out.lines().count(), 3_000);
}

#[test]
fn a_terminal_shows_the_progress_of_what_is_there_already_before_it_follows() {
    for (args, total) in [("--since 1h", " of 4 ("), ("--limit 3000", " of 3,000 (")] {
        // It follows until it is ended.
        let (_, shown, out) = on_a_terminal("timeout --foreground 8", &format!("--follow {args}"));
        assert!(shown.contains(total), "{shown:?}");
        assert!(shown.ends_with("\r\u{1b}[K"), "{shown:?}");
        assert!(out.starts_with(ENTRY), "{out}");
    }
}

#[test]
fn no_progress_goes_into_a_pipe_or_a_file() {
    for args in [&["--all"][..], &["--limit", "3000"]] {
        let (code, out, err) = finish(logq().args(["-o", "ndjson", "--server", &slow()]).args(args));
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.lines().all(|line| line == ENTRY.trim_end()), "{out}");
    }
}
