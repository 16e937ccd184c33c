//! One connection: reads, hands over what is whole, and answers once it is on disk.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use logpipeline_model::wire::{Broken, Session, Step};
use logpipeline_service::http_server::TlsStream;
use logpipeline_service::units::format_bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::buffer::Buffer;
use super::pause::Pause;
use super::server::StreamBounds;
use crate::intake::{BatchSink, Ingest, Parsed, Source, submit};
use crate::wal::AppendError;

/// Up to this many bytes are parsed where they are read; more of them away from the threads that serve.
const INLINE: usize = 64 << 10;
/// Reads of what has come already, once the server is to end.
const LAST_READS: usize = 64;

/// A stream over a socket of TCP.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    fn socket(&self) -> &TcpStream;
}

impl Transport for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Transport for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

#[derive(Debug)]
pub(super) struct Connection<S, T> {
    ingest: Arc<Ingest>,
    bounds: StreamBounds,
    source: Arc<Source>,
    stream: T,
    session: S,
    buffer: Buffer,
    /// Length of the buffer below which the session need not look at it.
    wanted: usize,
    /// When the frame that is not whole began.
    begun: Option<Instant>,
}

/// What came of waiting for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Bytes,
    /// The client has closed its side.
    End,
    /// A frame does not go on.
    Stalled,
    /// The server is to end.
    Stopping,
}

/// How a session is to look at the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    End,
    Stalled,
}

/// Why a connection ends.
#[derive(Debug)]
enum Ending {
    /// Both sides are done.
    Done,
    Idle,
    /// The server ends.
    Stopping,
    Io(io::Error),
    /// The client does not read its answers.
    Unread,
    /// The client is at fault.
    Broken(String),
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<S: Session, T: Transport> Connection<S, T> {
    pub(super) fn new(
        ingest: Arc<Ingest>,
        bounds: StreamBounds,
        source: Source,
        stream: T,
        session: S,
    ) -> Self {
        let buffer = Buffer::new(&ingest.budget);
        Self { ingest, bounds, source: Arc::new(source), stream, session, buffer, wanted: 0, begun: None }
    }

    pub(super) async fn run(mut self, peer: SocketAddr) {
        let protocol = self.source.protocol.label();
        let Err(ending) = self.converse().await;
        match ending {
            Ending::Done | Ending::Stopping => {}
            Ending::Idle => tracing::debug!(%peer, protocol, "closed a connection that was idle"),
            Ending::Io(error) => tracing::debug!(%error, %peer, protocol, "a connection failed"),
            Ending::Unread => {
                tracing::info!(%peer, protocol, "closed a connection whose client does not read its answers");
            }
            Ending::Broken(reason) => {
                self.ingest.metrics.broken_connections.inc();
                self.bury(&reason, self.buffer.bytes());
                tracing::warn!(%peer, protocol, reason, "closed a connection that cannot go on");
            }
        }
        let _ = timeout(self.bounds.pause, self.stream.shutdown()).await;
    }

    /// Keeps bytes of which nothing can be used, unless who sent them still has to say who it is.
    fn bury(&self, reason: &str, bytes: &[u8]) {
        if !bytes.is_empty() && self.session.is_admitted() {
            self.ingest.bodies.offer(&self.source, reason, bytes, bytes.len() as u64, || None);
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, Ending> {
        let greeting = self.session.greeting();
        self.write(&greeting).await?;
        loop {
            match self.receive().await? {
                Event::Bytes => self.settle(Call::Read).await?,
                Event::Stalled => {
                    self.settle(Call::Stalled).await?;
                    self.begun = None;
                }
                Event::End => {
                    self.settle(Call::Read).await?;
                    self.settle(Call::End).await?;
                    return Err(Ending::Done);
                }
                Event::Stopping => {
                    for _ in 0..LAST_READS {
                        self.settle(Call::Read).await?;
                        if !matches!(self.read_now().await, Some(Ok(count)) if count > 0) {
                            break;
                        }
                    }
                    self.settle(Call::Read).await?;
                    // The frame that is begun is its sender's to send again, unless it needs no end.
                    let _ = self.settle(Call::Stalled).await;
                    return Err(Ending::Stopping);
                }
            }
        }
    }

    /// Waits for bytes, within the bounds of time.
    async fn receive(&mut self) -> Result<Event, Ending> {
        let shutdown = self.ingest.shutdown.clone();
        let begun = Instant::now();
        let until = match self.begun {
            None => begun + self.bounds.idle,
            Some(frame) => (begun + self.bounds.pause).min(frame + self.bounds.deadline),
        };
        let expired =
            |frame: Option<Instant>| if frame.is_some() { Ok(Event::Stalled) } else { Err(Ending::Idle) };
        let mut pause = Pause::default();
        while self.buffer.make_room().is_err() {
            if Instant::now() >= until {
                return expired(self.begun);
            }
            if shutdown.is_stopping() {
                return Ok(Event::Stopping);
            }
            pause.wait(&shutdown).await;
        }
        let count = match self.read_now().await {
            Some(count) => count?,
            None => {
                if self.buffer.bytes().is_empty() {
                    // Connections that are silent hold no memory.
                    self.buffer.release();
                    tokio::select! {
                        ready = timeout_at(until, self.stream.socket().readable()) => match ready {
                            Ok(ready) => ready?,
                            Err(_) => return expired(self.begun),
                        },
                        () = shutdown.stopping() => return Ok(Event::Stopping),
                    }
                    // There was memory a moment ago; where others took it, the next call waits for some.
                    if self.buffer.make_room().is_err() {
                        return Ok(Event::Bytes);
                    }
                }
                let mut room = self.buffer.room();
                tokio::select! {
                    count = timeout_at(until, self.stream.read_buf(&mut room)) => match count {
                        Ok(count) => count?,
                        Err(_) => return expired(self.begun),
                    },
                    () = shutdown.stopping() => return Ok(Event::Stopping),
                }
            }
        };
        if count == 0 {
            return Ok(Event::End);
        }
        self.begun.get_or_insert(begun);
        Ok(Event::Bytes)
    }

    /// Reads what has come already; `None` where that is nothing.
    async fn read_now(&mut self) -> Option<io::Result<usize>> {
        self.buffer.make_room().ok()?;
        let mut room = self.buffer.room();
        let mut read = pin!(self.stream.read_buf(&mut room));
        poll_fn(|context| match Pin::new(&mut read).poll(context) {
            Poll::Ready(count) => Poll::Ready(Some(count)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Hands over every whole frame of the buffer, and answers.
    async fn settle(&mut self, call: Call) -> Result<(), Ending> {
        loop {
            let length = self.buffer.bytes().len();
            if (length == 0 && call != Call::End) || (call == Call::Read && length < self.wanted) {
                return Ok(());
            }
            let step = self.step(call).await?;
            self.buffer.consume(step.consumed);
            if step.close {
                return Err(Ending::Done);
            }
            let left = self.buffer.bytes().len();
            self.wanted = if step.missing > 0 { left + step.missing } else { 0 };
            if step.consumed > 0 {
                self.begun = (left > 0).then(Instant::now);
                if left > 0 {
                    continue;
                }
            }
            if left.max(self.wanted) > self.bounds.frame {
                let limit = format_bytes(self.bounds.frame as u64);
                return Err(Ending::Broken(format!("a frame is larger than the {limit} that one may have")));
            }
            return Ok(());
        }
    }

    /// One look of the session at the buffer, repeated until there is room for what it found.
    async fn step(&mut self, call: Call) -> Result<Step, Ending> {
        let (mut replied, mut pause) = (false, Pause::default());
        loop {
            let Looked { session, result, parsed, lost, dominates } = self.look(call).await?;
            match result {
                Ok(step) => {
                    if !replied {
                        self.write(&step.reply).await?;
                        replied = true;
                    }
                    let entries = parsed.batch.entries() + parsed.rejected;
                    let submitted =
                        if entries > 0 { submit(&self.ingest, parsed).await.map(|_| ()) } else { Ok(()) };
                    match submitted {
                        Ok(()) => {
                            self.session = session;
                            if let Some(reason) = lost {
                                self.bury(
                                    &reason,
                                    self.buffer.bytes().get(..step.consumed).unwrap_or_default(),
                                );
                            }
                            self.write(&step.acknowledge).await?;
                            return Ok(step);
                        }
                        Err(error @ AppendError::TooLarge { .. }) => {
                            return Err(Ending::Broken(error.to_string()));
                        }
                        Err(AppendError::Closed) => return Err(Ending::Stopping),
                        Err(
                            AppendError::Full | AppendError::DiskFull { .. } | AppendError::Failed { .. },
                        ) => {}
                    }
                }
                Err(Broken::Full) if dominates => {
                    let limit = format_bytes(self.ingest.budget.bytes() as u64);
                    let reason = format!("a frame takes more than the {limit} of memory for all requests");
                    return Err(Ending::Broken(reason));
                }
                Err(Broken::Full) => {}
                Err(Broken::Protocol(reason)) => return Err(Ending::Broken(reason)),
            }
            if !pause.wait(&self.ingest.shutdown).await {
                return Err(Ending::Stopping);
            }
        }
    }

    async fn look(&mut self, call: Call) -> Result<Looked<S>, Ending> {
        let (ingest, source) = (Arc::clone(&self.ingest), Arc::clone(&self.source));
        let session = self.session.clone();
        let bytes = self.buffer.take();
        if bytes.len() <= INLINE {
            let looked = look(&ingest, &source, session, &bytes, call);
            self.buffer.put_back(bytes);
            return Ok(looked);
        }
        let work = move || (look(&ingest, &source, session, &bytes, call), bytes);
        let done = tokio::task::spawn_blocking(work).await;
        let (looked, bytes) = done.map_err(|error| {
            tracing::error!(%error, "failed to parse what a connection sent");
            Ending::Broken("what it sent could not be parsed because of a fault of the ingestor".to_owned())
        })?;
        self.buffer.put_back(bytes);
        Ok(looked)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        if bytes.is_empty() {
            return Ok(());
        }
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.bounds.pause, written).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(Ending::Unread),
        }
    }
}

struct Looked<S> {
    session: S,
    result: Result<Step, Broken>,
    parsed: Parsed,
    /// Why nothing of what was read can be used.
    lost: Option<String>,
    /// The batch alone takes so much memory that waiting for others would not help.
    dominates: bool,
}

fn look<S: Session>(ingest: &Ingest, source: &Source, mut session: S, bytes: &[u8], call: Call) -> Looked<S> {
    let mut sink = BatchSink::streamed(ingest, source, bytes.len(), ingest.budget.reservation());
    let result = match call {
        Call::Read => session.read(bytes, &mut sink),
        Call::End => session.end(bytes, &mut sink),
        Call::Stalled => session.stalled(bytes, &mut sink),
    };
    let (lost, dominates) = (sink.nothing_usable(), sink.dominates());
    Looked { session, result, parsed: sink.finish(), lost, dominates }
}
