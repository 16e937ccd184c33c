//! The protocols of connections: a batch is sent in a session that goes on until an answer is missing.

use std::io::Write;
use std::net::SocketAddr;

use async_trait::async_trait;
use logpipeline_ingestor::intake::Protocol;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::requests::rfc3339;
use super::sender::{Batch, Kind, PATIENCE, Sender};

pub const ALL: [Kind; 3] = [
    Kind { name: "relp", listener: Some(Protocol::Relp), sender: || Session::boxed(Relp::default()) },
    Kind { name: "forward", listener: Some(Protocol::Forward), sender: || Session::boxed(Forward) },
    Kind { name: "lumberjack", listener: Some(Protocol::Lumberjack), sender: || Session::boxed(Lumberjack) },
];

type Stream = BufReader<TcpStream>;

/// How a protocol speaks over a connection.
#[async_trait]
trait Speak: Send + Sized + 'static {
    /// What a session begins with; nothing is waited for.
    fn begin(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Bytes that carry what is not acknowledged of the batch.
    fn encode(&mut self, batch: &Batch) -> Vec<u8>;

    /// Reads answers and counts them in `acknowledged` until the batch is; `None` where the connection ends.
    async fn answers(&mut self, stream: &mut Stream, batch: &Batch, acknowledged: &mut usize) -> Option<()>;
}

async fn connect(to: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect(to).await.ok()?;
    // While nobody listens there, the system may pick that very port for this end, and the socket is connected with itself.
    (stream.local_addr().ok()? != to).then_some(stream)
}

struct Session<S> {
    stream: Option<Stream>,
    speak: S,
}

impl<S: Speak> Session<S> {
    fn boxed(speak: S) -> Box<dyn Sender> {
        Box::new(Self { stream: None, speak })
    }

    async fn exchange(&mut self, to: SocketAddr, batch: &Batch, acknowledged: &mut usize) -> Option<()> {
        let (mut stream, mut bytes) = match self.stream.take() {
            Some(stream) => (stream, Vec::new()),
            None => (BufReader::new(connect(to).await?), self.speak.begin()),
        };
        bytes.extend(self.speak.encode(batch));
        stream.get_mut().write_all(&bytes).await.ok()?;
        self.speak.answers(&mut stream, batch, acknowledged).await?;
        self.stream = Some(stream);
        Some(())
    }
}

#[async_trait]
impl<S: Speak> Sender for Session<S> {
    async fn send(&mut self, to: SocketAddr, batch: &Batch) -> usize {
        let mut acknowledged = batch.acknowledged;
        let _ = timeout(PATIENCE, self.exchange(to, batch, &mut acknowledged)).await;
        acknowledged
    }
}

/// As librelp does it: each message has an answer, and what has none is sent again in the next session.
#[derive(Default)]
struct Relp {
    sent: u64,
    answered: u64,
}

#[async_trait]
impl Speak for Relp {
    fn begin(&mut self) -> Vec<u8> {
        (self.sent, self.answered) = (1, 1);
        b"1 open 86 relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog\n"
            .to_vec()
    }

    fn encode(&mut self, batch: &Batch) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (line, text) in batch.messages.iter().enumerate().skip(batch.acknowledged) {
            self.sent += 1;
            let message = format!("<158>1 {} vm shop - - - {text}", rfc3339(batch.micros(line)));
            writeln!(bytes, "{} syslog {} {message}", self.sent, message.len()).unwrap();
        }
        bytes
    }

    async fn answers(&mut self, stream: &mut Stream, batch: &Batch, acknowledged: &mut usize) -> Option<()> {
        let mut line = String::new();
        while *acknowledged < batch.messages.len() {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            // The answer to `open` has several lines, and none is like this.
            if let Some((number, _)) = line.split_once(" rsp 43 200 OK ") {
                self.answered += 1;
                assert_eq!(number.parse(), Ok(self.answered), "answers come in order");
                *acknowledged += 1;
            }
        }
        Some(())
    }
}

/// As Fluentd and Fluent Bit do it: events in an array, packed, or compressed, with a chunk to acknowledge.
struct Forward;

impl Forward {
    fn chunk(batch: &Batch) -> String {
        format!("chunk {:010}", batch.number)
    }
}

/// A text of MessagePack of up to 64 KiB.
fn text(text: &str) -> Vec<u8> {
    [&[0xda][..], &u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

/// Bytes of MessagePack of up to 64 KiB.
fn binary(bytes: &[u8]) -> Vec<u8> {
    [&[0xc5][..], &u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

#[async_trait]
impl Speak for Forward {
    fn encode(&mut self, batch: &Batch) -> Vec<u8> {
        let event =
            |message: &String| [&b"\x92\xce\x6b\x0d\x66\xa8\x81\xa7message"[..], &text(message)].concat();
        let events: Vec<u8> = batch.messages.iter().flat_map(event).collect();
        let count = u16::try_from(batch.messages.len()).unwrap().to_be_bytes();
        let (events, compressed) = match batch.number % 3 {
            0 => ([&b"\xdc"[..], &count, &events].concat(), "text"),
            1 => (binary(&events), "text"),
            _ => (binary(&crate::support::server::gzip(&events)), "gzip"),
        };
        let options =
            [&b"\x82\xa5chunk"[..], &text(&Self::chunk(batch)), b"\xaacompressed", &text(compressed)];
        [&b"\x93"[..], &text("faults"), &events, &options.concat()].concat()
    }

    async fn answers(&mut self, stream: &mut Stream, batch: &Batch, acknowledged: &mut usize) -> Option<()> {
        let chunk = Self::chunk(batch);
        let expected = [&b"\x81\xa3ack"[..], &[0xa0 | u8::try_from(chunk.len()).unwrap()], chunk.as_bytes()];
        let expected = expected.concat();
        let mut answer = vec![0; expected.len()];
        stream.read_exact(&mut answer).await.ok()?;
        assert_eq!(answer, expected);
        *acknowledged = batch.messages.len();
        Some(())
    }
}

/// As Beats do it: a window of documents, plain or compressed. Lines of Filebeat have milliseconds and an offset, other documents
/// microseconds.
struct Lumberjack;

#[async_trait]
impl Speak for Lumberjack {
    fn encode(&mut self, batch: &Batch) -> Vec<u8> {
        let count = u32::try_from(batch.messages.len()).unwrap().to_be_bytes();
        let mut frames = Vec::new();
        for (line, message) in batch.messages.iter().enumerate() {
            let document = match batch.number % 2 {
                0 => json!({"@timestamp": "2026-11-30T10:00:00.123Z", "message": message,
                    "log": {"offset": line * 300, "file": {"path": format!("/var/log/{}", batch.number)}}}),
                _ => json!({"@timestamp": rfc3339(batch.micros(line)), "message": message}),
            };
            let document = document.to_string();
            frames.extend_from_slice(b"2J");
            frames.extend_from_slice(&(line as u32 + 1).to_be_bytes());
            frames.extend_from_slice(&u32::try_from(document.len()).unwrap().to_be_bytes());
            frames.extend_from_slice(document.as_bytes());
        }
        if batch.number % 4 > 1 {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&frames).unwrap();
            let bytes = encoder.finish().unwrap();
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            frames = [&b"2C"[..], &length, &bytes].concat();
        }
        [&b"2W"[..], &count, &frames].concat()
    }

    async fn answers(&mut self, stream: &mut Stream, batch: &Batch, acknowledged: &mut usize) -> Option<()> {
        let expected = [&b"2A"[..], &u32::try_from(batch.messages.len()).unwrap().to_be_bytes()].concat();
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).await.ok()?;
        assert_eq!(answer, expected[..]);
        *acknowledged = batch.messages.len();
        Some(())
    }
}
