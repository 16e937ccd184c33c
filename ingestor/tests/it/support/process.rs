//! The real binary as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    /// What it logged so far.
    pub log: Arc<Mutex<Vec<String>>>,
    pub started_in: Duration,
}

/// With leave for anybody to send, unless it is said who may.
fn command(folder: &Path, flags: &[&str]) -> Command {
    let mut command = command_as_given(folder, flags);
    if !flags.iter().any(|flag| flag.starts_with("--tokens-file")) {
        command.arg("--insecure");
    }
    command
}

fn command_as_given(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logpipeline-ingestor"));
    command
        .args(["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--drain=0"])
        .arg("--data-dir")
        .arg(folder)
        .args(flags)
        .env("RUST_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs the binary until it ends by itself; returns its status and what it logged.
pub fn run(folder: &Path, flags: &[&str]) -> (ExitStatus, String) {
    let output = command(folder, flags).output().unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
}

/// As [`run`], with no other flags than those.
pub fn run_as_given(folder: &Path, flags: &[&str]) -> (ExitStatus, String) {
    let output = command_as_given(folder, flags).output().unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
}

impl Process {
    /// Starts the binary and waits until it listens.
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::spawn(command(folder, flags))
    }

    /// Starts the binary and kills it after so long, most likely before it listens.
    pub fn kill_within(time: Duration, folder: &Path, flags: &[&str]) {
        let mut command = command(folder, flags);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(time);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// As [`Self::start`], under the limits that `ulimit` sets.
    pub fn start_within(ulimit: &str, folder: &Path, flags: &[&str]) -> Self {
        let plain = command(folder, flags);
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("{ulimit} && exec \"$0\" \"$@\"")]).arg(plain.get_program());
        limited.args(plain.get_args()).env("RUST_LOG", "info");
        limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self::spawn(limited)
    }

    fn spawn(mut command: Command) -> Self {
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (address, admin) = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {:?}", log.lock().unwrap())).unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            log.lock().unwrap().push(line);
            if event["message"] == "listening" {
                let address = |name: &str| event[name].as_str().unwrap().parse().unwrap();
                break (address("address"), address("admin_address"));
            }
        };
        let sink = Arc::clone(&log);
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| sink.lock().unwrap().push(line))
        });
        Self { child, address, admin, log, started_in: begun.elapsed() }
    }

    /// The address of a listener, by the name of its protocol.
    pub fn listener(&self, protocol: &str) -> SocketAddr {
        let log = self.log.lock().unwrap();
        let events = log.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut opened = events.filter(|event| match event["message"].as_str() {
            Some("a listener is open") => event["protocol"] == protocol,
            Some("listening for OTLP by gRPC") => protocol == "otlp_grpc",
            _ => false,
        });
        let event = opened.next().unwrap_or_else(|| panic!("no listener of {protocol}: {log:?}"));
        event["address"].as_str().unwrap().parse().unwrap()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it does not end: {:?}", self.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub async fn delivery(&self) -> Value {
        let text =
            reqwest::get(format!("http://{}/api/v1/delivery", self.address)).await.unwrap().text().await;
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    /// The limit of open files, as the system has it now.
    pub fn open_files_limit(&self) -> u64 {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The largest resident memory so far, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
