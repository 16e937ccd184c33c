//! The server that is measured: a process of its own, so that its processor time is told from the senders'.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::wal::disk::LocalDisk;
use logpipeline_ingestor::{Config, Ingestor};
use logpipeline_service::Shutdown;
use logpipeline_store::Stores;

use crate::null_store::NullStore;

const SERVE: &str = "--serve";

#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Of its port for HTTP.
    pub(crate) address: SocketAddr,
    /// Of all its ports by name.
    ports: HashMap<String, SocketAddr>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts an ingestor: this program again, see [`serve`].
    pub(crate) fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([SERVE, "--data-dir", folder.path().to_str().unwrap(), "--wal-size", "8GiB"])
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ports: HashMap<String, SocketAddr> = line
            .split_whitespace()
            .map(|port| port.split_once('=').unwrap())
            .map(|(name, address)| (name.to_owned(), address.parse().unwrap()))
            .collect();
        Self { child, address: ports["http"], ports, _folder: folder }
    }

    /// Starts a Collector that takes OTLP and drops it.
    pub(crate) fn collector(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = folder.path().join("collector.yaml");
        std::fs::write(&config, include_str!("collector.yaml")).unwrap();
        let child = Command::new(program)
            .arg("--config")
            .arg(config)
            .env("LISTEN", address.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, address, ports: HashMap::new(), _folder: folder }
    }

    pub(crate) fn listener(&self, protocol: Protocol) -> SocketAddr {
        self.ports[protocol.label()]
    }

    /// Entries on disk so far.
    pub(crate) fn accepted(&self) -> f64 {
        let mut stream = TcpStream::connect(self.ports["admin"]).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let value =
            text.lines().find_map(|line| line.strip_prefix("logpipeline_ingestor_accepted_entries_total "));
        value.unwrap().parse().unwrap()
    }

    /// User and system seconds used so far.
    pub(crate) fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 / 100.0
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The flags of the server that this process is to be, where it is one.
pub(crate) fn asked_to_serve() -> Option<Vec<String>> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next().as_deref() == Some(SERVE)).then(|| arguments.collect())
}

/// Is an ingestor whose store keeps nothing, until the process is killed. Its first line of output names its ports.
pub(crate) fn serve(flags: &[String]) {
    let own =
        ["measure", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--insecure"].map(str::to_owned);
    let config = Config::try_parse_from(own.iter().chain(flags)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(NullStore);
        let stores = Stores { logs: Arc::clone(&store) as _, dead_letters: store };
        let ingestor = Ingestor::start(&config, stores, Arc::new(LocalDisk), Shutdown::default()).unwrap();
        let mut ports = format!("http={} admin={}", ingestor.address, ingestor.admin_address);
        for protocol in Protocol::ALL {
            if let Some(address) = ingestor.listeners.get(protocol) {
                ports.push_str(&format!(" {}={address}", protocol.label()));
            }
        }
        println!("{ports}");
        std::io::stdout().flush().unwrap();
        ingestor.run().await.unwrap();
    });
}
