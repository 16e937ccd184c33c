//! How logq prints.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::server::{SAMPLE, Server, finish, logq};

#[test]
fn json_is_one_array_and_ndjson_a_line_each() {
    let server = Server::with_sample();
    server.ingest(&[r#"{"message":"later"}"#.to_owned()]);
    let (_, json, _) = server.run(&["-o", "json"]);
    let array: Vec<Value> = serde_json::from_str(&json).unwrap();
    let (_, ndjson, _) = server.run(&["-o", "ndjson"]);
    let lines: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(array, lines);
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    for (name, value) in sample.as_object().unwrap() {
        assert_eq!(&lines[1][name], value);
    }
    assert_eq!(server.run(&["-o", "json", "nowhere"]), (1, "[]\n".to_owned(), String::new()));
    assert_eq!(server.run(&["--all", "-o", "json"]).1, json);
}

#[test]
fn csv_has_the_fields_asked_for() {
    let server = Server::with_sample();
    let fields = "timestamp,status,msg,metadata.parentResourceId,metadata.none";
    for mode in [&[][..], &["--all"]] {
        let (code, out, _) = server.run(&[mode, &["-o", "csv", "--fields", fields]].concat());
        let row = "2023-09-15T08:00:00Z,error,Failed to connect to DB,server-0987,";
        assert_eq!((code, out), (0, format!("{fields}\r\n{row}\r\n")));
    }
    let (_, out, _) = server.run(&["-o", "csv", "nowhere"]);
    assert_eq!(out.lines().count(), 1, "the header alone");
}

#[test]
fn messages_cannot_take_hold_of_the_terminal() {
    let server = Server::start();
    server.ingest(&[r#"{"message":"a\u001b[2J\u0007\u009b31m\u202eb\r\n  second line","resourceId":"x\u001b]0;y","timestamp":"2023-09-15T08:00:00Z"}"#.to_owned()]);
    let (_, out, _) = server.run(&[]);
    assert!(out.chars().all(|c| c == '\n' || !c.is_control()), "{out:?}");
    let expected = "2023-09-15 08:00:00.000Z         x\\x1b]0;y  a\\x1b[2J\\x07\\u{9b}31m\\u{202e}b\n      second line\n";
    assert_eq!(out, expected);
}

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let server = Server::with_sample();
    assert!(!server.run(&[]).1.contains('\u{1b}'), "a pipe gets none");
    assert!(server.run(&["--color", "always"]).1.contains("\u{1b}[31mERROR\u{1b}[0m"));
    assert!(!server.run(&["--color", "never"]).1.contains('\u{1b}'));
}

#[test]
fn times_are_utc_or_local_and_say_which() {
    let server = Server::with_sample();
    let (_, out, _) = finish(server.logq().args(["--local"]).env("TZ", "<+02>-2"));
    assert!(out.starts_with("2023-09-15 10:00:00.000+02:00  ERROR"), "{out}");
    let (code, _, err) = finish(server.logq().args(["--local"]).env("TZ", "No/Where"));
    assert_eq!(code, 2);
    assert!(err.contains("set TZ"), "{err}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let server = Server::start();
    let filler = "x".repeat(1_000);
    server.ingest(&(0..2_000).map(|_| format!(r#"{{"message":"{filler}"}}"#)).collect::<Vec<_>>());
    let mut child = server
        .logq()
        .args(["--all", "-o", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn completions_are_there_for_each_shell() {
    for (shell, word) in
        [("bash", "complete -F _logq"), ("zsh", "#compdef logq"), ("fish", "complete -c logq")]
    {
        let (code, out, _) = finish(logq().args(["completions", shell]));
        assert_eq!(code, 0);
        assert!(out.contains(word) && out.contains("follow"), "{shell}");
    }
}

#[test]
fn help_documents_the_exit_codes() {
    let (code, out, _) = finish(logq().arg("--help"));
    assert_eq!(code, 0);
    for text in ["Exit status:", "0  entries were found", "1  nothing was found", "4  the result is partial"]
    {
        assert!(out.contains(text), "{out}");
    }
}
