//! What a person who waits at a terminal sees.

use std::process::{Command, Stdio};

use crate::fake::{Behaviour, Server};
use crate::process::{finish, run_against};

#[tokio::test]
async fn a_terminal_shows_how_far_the_load_is_and_the_bar_goes_when_it_ends() {
    let server = Server::start(Behaviour::default()).await;
    let (binary, url) = (env!("CARGO_BIN_EXE_logpipeline-generator"), server.url());
    let line = format!(
        "'{binary}' --target {url} --query-url {url} --rate 200 --count 300 --batch-size 10 --verify"
    );
    // Runs a command on a terminal of its own and prints what it shows; part of every Debian and Ubuntu.
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh").env("TERM", "xterm");
    let child = script.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = finish(child).await;
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let shown = &ended.stdout;
    let bars: Vec<&str> =
        shown.split('\r').filter(|line| line.contains("sending") && line.contains("/300 (")).collect();
    assert!(bars.len() > 2, "it is drawn again and again: {shown:?}");
    let bar = bars.last().unwrap();
    assert!(bar.contains("[=") && bar.contains("/s)") && bar.contains(" p99 "), "{bar:?}");
    let last = shown.rfind("/300 (").unwrap();
    assert!(shown[last..].contains("\u{1b}[2K"), "the bar is cleared: {shown:?}");
}

#[tokio::test]
async fn no_bar_goes_into_a_pipe() {
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["--rate", "200", "--count", "100", "--verify"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains('\r') && !ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}
