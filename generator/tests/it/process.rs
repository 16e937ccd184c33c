//! Runs the binary.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fake::Server;

pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ended {
    /// The report, where the program was run with `--report -`.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logpipeline-generator"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("LOGPIPELINE_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end, within a minute.
pub(crate) async fn run(arguments: &[&str]) -> Ended {
    let child = command(arguments).spawn().unwrap();
    finish(child).await
}

/// Runs against `server`, with the report on standard output.
pub(crate) async fn run_against(server: &Server, arguments: &[&str]) -> Ended {
    let url = server.url();
    // Flags of a subcommand come after it.
    let (first, rest) = match arguments.first() {
        Some(&name) if name == "replay" || name == "run" => (vec![name], &arguments[1..]),
        _ => (vec![], arguments),
    };
    let common = ["--target", url.as_str(), "--query-url", url.as_str(), "--report", "-"];
    run(&[first.as_slice(), &common, rest].concat()).await
}

pub(crate) async fn finish(mut child: Child) -> Ended {
    let begin = Instant::now();
    let pid = child.id();
    let waiting = tokio::task::spawn_blocking(move || {
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begin.elapsed() > Duration::from_secs(60) {
                child.kill().unwrap();
                panic!("process {pid} did not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = begin.elapsed();
        let output = child.wait_with_output().unwrap();
        Ended {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took,
        }
    });
    waiting.await.unwrap()
}

pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    path.to_str().unwrap().to_owned()
}
