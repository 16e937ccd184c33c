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

#[tokio::test(flavor = "multi_thread")]
async fn an_import_shows_how_far_it_is_and_how_long_it_will_take() {
    let (source, target) = crate::import::two_servers(600).await;
    let line = format!(
        "'{}' replay --from loki {source} --target {target} --rate 300 --batch-size 20 --concurrency 1 \
         --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z",
        env!("CARGO_BIN_EXE_logpipeline-generator")
    );
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh").env("TERM", "xterm");
    let child = script.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = finish(child).await;
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let shown = &ended.stdout;
    let is_bar = |line: &&str| line.contains("importing") && line.contains("/600 ");
    let bars: Vec<&str> = shown.split('\r').filter(is_bar).collect();
    assert!(bars.len() > 2, "it is drawn again and again: {shown:?}");
    assert!(
        bars.iter().any(|bar| bar.contains("[=") && bar.contains("/s, about ") && bar.contains(" left")),
        "{bars:?}"
    );
    assert!(shown.contains("600 read of about 600, 600 accepted, 0 already there, 0 rejected"), "{shown:?}");
}

#[tokio::test]
async fn no_bar_goes_into_a_pipe() {
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["--rate", "200", "--count", "100", "--verify"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains('\r') && !ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}
