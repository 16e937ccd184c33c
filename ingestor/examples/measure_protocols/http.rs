//! Requests, each sent as soon as the one before is answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Figures;
use crate::bodies::Body;
use crate::entries::ENTRIES;
use crate::server::Server;

const CONNECTIONS: usize = 8;

/// Until connections, buffers and the log's files are there.
const WARM_UP: Duration = Duration::from_millis(500);

/// A request that is sent again and again.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) name: &'static str,
    head: Vec<u8>,
    body: Vec<u8>,
}

pub(crate) fn measure(server: &mut Server, request: &Request, seconds: f64) -> Figures {
    let sent = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (sent, stop, request) = (Arc::clone(&sent), Arc::clone(&stop), request.clone());
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    request.send(&mut stream);
                    sent.fetch_add(ENTRIES, Ordering::Relaxed);
                }
            })
        })
        .collect();
    std::thread::sleep(WARM_UP);
    let (begin, cpu, before) = (Instant::now(), server.cpu(), sent.load(Ordering::Relaxed));
    std::thread::sleep(Duration::from_secs_f64(seconds));
    let taken = (sent.load(Ordering::Relaxed) - before) as f64;
    let figures = Figures { wall: taken / begin.elapsed().as_secs_f64(), cpu: taken / (server.cpu() - cpu) };
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    figures
}

impl Request {
    pub(crate) fn post(Body { name, path, content_type, bytes }: &Body) -> Self {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        Self { name, head: head.into_bytes(), body: bytes.clone() }
    }

    pub(crate) fn bytes_an_entry(&self) -> f64 {
        self.body.len() as f64 / ENTRIES as f64
    }

    /// Sends the request and reads its answer, which must say that all was taken.
    fn send(&self, stream: &mut TcpStream) {
        stream.write_all(&self.head).unwrap();
        stream.write_all(&self.body).unwrap();
        let (mut answer, mut piece) = (Vec::new(), [0; 64 << 10]);
        loop {
            let read = stream.read(&mut piece).unwrap();
            assert!(read > 0, "{}: the server closed the connection", self.name);
            answer.extend_from_slice(&piece[..read]);
            let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |text| text.parse().unwrap());
            if answer.len() >= end + 4 + length {
                let answer = String::from_utf8_lossy(&answer);
                assert!(head.starts_with("http/1.1 2"), "{}: {answer}", self.name);
                assert!(!answer.contains("\"errors\":true"), "{}: {answer}", self.name);
                return;
            }
        }
    }
}
