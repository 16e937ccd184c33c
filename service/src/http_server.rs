//! Serves a router with the timeouts and limits that `axum::serve` leaves out.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};
use tokio::sync::Semaphore;

use crate::{Shutdown, descriptors};

mod activity;
mod begun;
mod tls;

pub use activity::{Refuse, too_many_requests};
pub use tls::Tls;
/// A connection behind its handshake.
pub use tokio_rustls::server::TlsStream;

use activity::Activity;
use begun::Begun;

/// Bytes that a connection buffers at most, and so the largest head of a request.
const CONNECTION_BUFFER: usize = 64 << 10;

/// How long a connection may be without a request, though its client answers HTTP/2's pings.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// Requests that one HTTP/2 connection may have under way (RFC 9113 advises no fewer than 100).
const STREAMS: u32 = 100;

/// Bytes that an HTTP/2 connection, and each of its requests, may be ahead of the handlers.
const WINDOW: u32 = 128 << 10;

#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// How long a client may take to send a request's head, and before it to agree on TLS; also how long a connection
    /// may idle between requests.
    pub header_timeout: Duration,
    /// Connections beyond this wait in the listener's backlog. Fewer are served where the limit of open files
    /// would leave too little for files.
    pub max_connections: usize,
    /// Requests under way on all connections; those beyond it are refused.
    pub max_requests: usize,
    /// How they are refused: with 503, unless clients want something else.
    pub refuse: Refuse,
    /// How long requests under way may take once stopping has begun.
    pub grace: Duration,
    /// Whether a request is served to its end though its client has closed its side, as senders do that read no answer.
    pub outlive_client: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            max_connections: 10_000,
            max_requests: 10_000,
            refuse: activity::refuse,
            grace: Duration::from_secs(25),
            outlive_client: false,
        }
    }
}

impl ServerOptions {
    /// For the admin port, which few ask; its connections leave the others' and files their descriptors.
    pub fn admin() -> Self {
        Self { max_connections: 64, ..Self::default() }
    }
}

/// Listens on `address`; the error says what to do where the port is taken or reserved.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    descriptors::limit();
    let explain = |error| explain(address, &error);
    let socket =
        if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(explain)?;
    socket.set_reuseaddr(true).map_err(explain)?;
    socket.bind(address).map_err(explain)?;
    socket.listen(4_096).map_err(explain)
}

/// As [`bind`], for datagrams.
pub fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let explain = |error| explain(address, &error);
    let socket = std::net::UdpSocket::bind(address).map_err(explain)?;
    socket.set_nonblocking(true).map_err(explain)?;
    UdpSocket::from_std(socket).map_err(explain)
}

fn explain(address: SocketAddr, error: &io::Error) -> io::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => "another process listens there; stop it or choose another port",
        io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose a higher one",
        io::ErrorKind::AddrNotAvailable => "no interface of this machine has that address",
        _ => "see the system's reason",
    };
    io::Error::new(error.kind(), format!("failed to listen on {address}: {advice} ({error})"))
}

/// Where to serve, and whether by HTTPS alone.
#[derive(Debug)]
pub struct Listener {
    pub tcp: TcpListener,
    pub tls: Option<Tls>,
}

impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }
}

/// Serves HTTP/1.1 and HTTP/2 until stopping begins, then lets requests under way finish. Handlers find
/// the client's address as [`ConnectInfo<SocketAddr>`].
pub async fn serve(
    listener: impl Into<Listener>,
    router: Router,
    options: ServerOptions,
    shutdown: Shutdown,
) {
    serve_unless_idle(listener.into(), router, options, IDLE_TIMEOUT, shutdown).await;
}

async fn serve_unless_idle(
    listener: Listener,
    router: Router,
    options: ServerOptions,
    idle_timeout: Duration,
    shutdown: Shutdown,
) {
    let Listener { tcp: listener, tls } = listener;
    if let Some(tls) = &tls {
        tls.spawn(&shutdown);
    }
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .half_close(options.outlive_client)
        .max_buf_size(CONNECTION_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(options.header_timeout))
        .keep_alive_timeout(options.header_timeout)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let graceful = GracefulShutdown::new();
    let limit = descriptors::limit();
    let connections = descriptors::connections(options.max_connections, limit);
    if connections < options.max_connections {
        tracing::warn!(
            connections,
            wanted = options.max_connections,
            open_files = limit,
            "fewer connections are served at once, because the limit of open files is low; raise it (ulimit -n)"
        );
    }
    let connections = Arc::new(Semaphore::new(connections));
    let requests = Arc::new(Semaphore::new(options.max_requests));

    loop {
        let accepted = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = shutdown.stopping() => break,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors or memory: connections that end will free some.
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
        let activity = Activity::within(Arc::clone(&requests));
        let service = router.clone().layer(axum::Extension(ConnectInfo(client)));
        let service = TowerToHyperService::new(activity.watch(service, options.refuse));
        let connection = Connection {
            client,
            builder: builder.clone(),
            service,
            activity,
            idle_timeout,
            shutdown: shutdown.clone(),
        };
        let (tls, watcher) = (tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            let within = options.header_timeout;
            match tls {
                None => connection.serve(Begun::wait(stream), within).await,
                Some(tls) => {
                    connection.serve(async { Begun::wait(tls.accept(stream).await?).await }, within).await
                }
            }
            drop((permit, watcher));
        });
    }
    drop(listener);
    if tokio::time::timeout(options.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!(grace_seconds = options.grace.as_secs(), "requests under way were cut off");
    }
}

/// One connection, before it has begun.
struct Connection {
    client: SocketAddr,
    builder: Builder<TokioExecutor>,
    service: TowerToHyperService<Router>,
    activity: Activity,
    idle_timeout: Duration,
    shutdown: Shutdown,
}

impl Connection {
    /// Serves requests on what `begun` gives, which may take as long as `within`.
    async fn serve<S>(self, begun: impl Future<Output = io::Result<Begun<S>>>, within: Duration)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let client = self.client;
        let stream = tokio::select! {
            begun = tokio::time::timeout(within, begun) => match begun {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    tracing::debug!(%error, %client, "a connection did not get to its first request");
                    return;
                }
                Err(_) => return,
            },
            () = self.shutdown.stopping() => return,
        };
        let connection =
            self.builder.serve_connection_with_upgrades(TokioIo::new(stream), self.service).into_owned();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = self.shutdown.stopping() => None,
            () = self.activity.idle(self.idle_timeout) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %client, "connection ended with an error");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn start(options: ServerOptions) -> (SocketAddr, Shutdown, tokio::task::JoinHandle<()>) {
        start_unless_idle(options, IDLE_TIMEOUT).await
    }

    async fn start_unless_idle(
        options: ServerOptions,
        idle_timeout: Duration,
    ) -> (SocketAddr, Shutdown, tokio::task::JoinHandle<()>) {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let router = Router::new().route("/slow", axum::routing::get(slow));
        let shutdown = Shutdown::default();
        let server =
            tokio::spawn(serve_unless_idle(listener.into(), router, options, idle_timeout, shutdown.clone()));
        (address, shutdown, server)
    }

    #[tokio::test]
    async fn a_request_head_that_does_not_end_is_cut_off() {
        let options = ServerOptions { header_timeout: Duration::from_millis(200), ..Default::default() };
        let (address, _shutdown, _server) = start(options).await;
        for begin in [&b""[..], b"G", b"PRI * HT", b"GET /slow HTTP/1.1\r\nHost: x\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begin).await.unwrap();
            let mut answer = Vec::new();
            let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
            assert!(read.is_ok(), "still open after 5 s behind {:?}", String::from_utf8_lossy(begin));
        }
    }

    #[tokio::test]
    async fn a_silent_client_does_not_hold_the_end_up() {
        let (address, shutdown, server) = start(ServerOptions::default()).await;
        let _silent = TcpStream::connect(address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        shutdown.trigger();
        tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_outlives_a_client_that_closed_its_side() {
        let options = ServerOptions { outlive_client: true, ..Default::default() };
        let (address, _shutdown, _server) = start(options).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
    }

    #[tokio::test]
    async fn requests_under_way_finish_after_stopping_begins() {
        let (address, shutdown, server) = start(ServerOptions::default()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        shutdown.trigger();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
        server.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn requests_beyond_what_there_is_room_for_are_answered_at_once() {
        let (address, _shutdown, _server) =
            start(ServerOptions { max_requests: 2, ..Default::default() }).await;
        let ask = async || {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let late = async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            ask().await
        };
        let (one, two, three) = tokio::join!(ask(), ask(), late());
        assert!(one.ends_with("done") && two.ends_with("done"), "{one} {two}");
        assert!(three.starts_with("HTTP/1.1 503") && three.contains("retry-after: 1"), "{three}");
        assert!(ask().await.ends_with("done"));

        let refuse = |request: &axum::extract::Request| {
            (http::StatusCode::TOO_MANY_REQUESTS, request.uri().to_string()).into_response()
        };
        let (address, _shutdown, _server) =
            start(ServerOptions { max_requests: 0, refuse, ..Default::default() }).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 429") && answer.ends_with("/slow"), "{answer}");
    }

    #[tokio::test]
    async fn a_taken_port_is_explained() {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let error = bind(listener.local_addr().unwrap()).unwrap_err();
        assert!(error.to_string().contains("another process listens there"), "{error}");
    }

    /// Speaks HTTP/2 by hand: opens a connection, sends requests for /slow, and answers every ping and setting until
    /// the server closes. What the server sent as data.
    async fn http2(address: SocketAddr, requests: u32) -> Vec<u8> {
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        const SETTINGS: u8 = 4;
        const PING: u8 = 6;
        let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
            let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
            bytes.extend([kind, flags]);
            bytes.extend(stream.to_be_bytes());
            bytes.extend(payload);
            bytes
        };
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, b"")).await.unwrap();
        for request in 0..requests {
            // :method GET, :scheme http, :authority x, :path /slow; the end of headers and stream.
            let headers = frame(HEADERS, 0x5, 2 * request + 1, b"\x82\x86\x01\x01x\x04\x05/slow");
            stream.write_all(&headers).await.unwrap();
        }
        let mut data = Vec::new();
        loop {
            let mut head = [0; 9];
            if stream.read_exact(&mut head).await.is_err() {
                return data;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await.unwrap();
            match (head[3], head[4]) {
                (DATA, _) => data.extend(payload),
                (kind @ (SETTINGS | PING), 0) => {
                    let answer = if kind == PING { &payload[..] } else { b"" };
                    // The server may have closed meanwhile.
                    _ = stream.write_all(&frame(kind, 1, 0, answer)).await;
                }
                _ => {}
            }
        }
    }

    #[tokio::test]
    async fn an_idle_http2_connection_is_closed_though_it_answers_pings_and_not_before_its_answers() {
        let idle_timeout = Duration::from_millis(150);
        let options = ServerOptions { header_timeout: Duration::from_millis(500), ..Default::default() };
        let (address, _shutdown, _server) = start_unless_idle(options, idle_timeout).await;
        for (requests, answers) in [(0, &b""[..]), (2, b"donedone")] {
            let data = tokio::time::timeout(Duration::from_secs(5), http2(address, requests)).await;
            assert_eq!(data.expect("closed within 5 s"), answers);
        }
    }
}
