//! Connections that stay open, and bring lines as fast as they are read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use logpipeline_ingestor::intake::Protocol;

use crate::Figures;
use crate::entries::{LOGGER, message};
use crate::server::Server;

const CONNECTIONS: usize = 4;
const LINES: u64 = 10_000;

/// What a connection sends again and again.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) flags: Vec<&'static str>,
    protocol: Protocol,
    /// What it sends once, before the lines.
    opening: &'static [u8],
    lines: Vec<u8>,
}

/// No port of its own but one that is free.
const SYSLOG: &str = "--syslog-tcp-listen=127.0.0.1:0";
const RELP: &str = "--relp-listen=127.0.0.1:0";
const GELF: &str = "--gelf-tcp-listen=127.0.0.1:0";

pub(crate) fn all() -> Vec<Stream> {
    let syslog = |name, line: fn(u64) -> String| Stream {
        name,
        flags: vec![SYSLOG],
        protocol: Protocol::SyslogTcp,
        opening: b"",
        lines: lines(line),
    };
    vec![
        syslog("syslog tcp, rfc 3164", |n| {
            format!("<30>Nov 30 11:{:02}:{:02} web{} shop[{n}]: {}\n", n / 60 % 60, n % 60, n % 7, message(n))
        }),
        syslog("syslog tcp, rfc 5424", |n| format!("{} - {}\n", rfc5424(n), message(n))),
        syslog("syslog tcp, with data", |n| {
            format!("{} [order@32473 id=\"{n}\" paid=\"true\"] {}\n", rfc5424(n), message(n))
        }),
        Stream {
            name: "relp",
            flags: vec![RELP],
            protocol: Protocol::Relp,
            opening: b"1 open 15 commands=syslog\n",
            lines: lines(|n| {
                let line = format!("{} - {}\n", rfc5424(n), message(n));
                format!("{} syslog {} {line}\n", n + 2, line.len())
            }),
        },
        Stream {
            name: "gelf tcp",
            flags: vec![GELF],
            protocol: Protocol::GelfTcp,
            opening: b"",
            lines: lines(|n| {
                format!(
                    "{{\"version\":\"1.1\",\"host\":\"web{}\",\"short_message\":\"{}\",\"timestamp\":1694764800.{:06},\"level\":6,\"_logger\":\"{LOGGER}\",\"_http_status\":{}}}\0",
                    n % 7,
                    message(n),
                    n,
                    200 + n % 400
                )
            }),
        },
    ]
}

fn lines(line: impl Fn(u64) -> String) -> Vec<u8> {
    (0..LINES).map(line).collect::<String>().into_bytes()
}

/// A line of RFC 5424 up to its message's id.
fn rfc5424(n: u64) -> String {
    format!("<30>1 2026-11-30T11:{:02}:{:02}.{n:06}Z web{} shop {n} ID1", n / 60 % 60, n % 60, n % 7)
}

pub(crate) fn measure(server: &mut Server, load: &Stream, seconds: f64) -> Figures {
    let stop = Arc::new(AtomicBool::new(false));
    let address = server.listener(load.protocol);
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (stop, load) = (Arc::clone(&stop), load.clone());
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(load.opening).unwrap();
                let mut answers = stream.try_clone().unwrap();
                let reader = std::thread::spawn(move || {
                    while answers.read(&mut [0; 64 << 10]).is_ok_and(|bytes| bytes > 0) {}
                });
                while !stop.load(Ordering::Relaxed) && stream.write_all(&load.lines).is_ok() {}
                let _ = stream.shutdown(std::net::Shutdown::Both);
                reader.join().unwrap();
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let (begin, cpu, before) = (Instant::now(), server.cpu(), server.accepted());
    std::thread::sleep(Duration::from_secs_f64(seconds));
    let taken = server.accepted() - before;
    let figures = Figures { wall: taken / begin.elapsed().as_secs_f64(), cpu: taken / (server.cpu() - cpu) };
    assert!(taken > 0.0, "{}: nothing was taken", load.name);
    stop.store(true, Ordering::Relaxed);
    server.stop();
    for thread in threads {
        thread.join().unwrap();
    }
    figures
}

impl Stream {
    pub(crate) fn bytes_an_entry(&self) -> f64 {
        self.lines.len() as f64 / LINES as f64
    }
}
