//! Accepts connections and serves a session on each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use logpipeline_model::wire::Session;
use logpipeline_service::http_server::Tls;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::connection::{Connection, Transport};
use crate::intake::{Ingest, Protocol, Source};

/// A peer that is silent for so long is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// What one protocol's connections are served with.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) protocol: Protocol,
    pub(super) tls: Option<Tls>,
    pub(super) bounds: StreamBounds,
    /// Connections that the listeners may have at once.
    pub(super) connections: Arc<Semaphore>,
    pub(super) tasks: TaskTracker,
    pub(super) ingest: Arc<Ingest>,
}

/// Bounds of one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamBounds {
    /// Bytes of one frame.
    pub(super) frame: usize,
    /// How long a TLS handshake may take.
    pub(super) handshake: Duration,
    /// How long a connection may be without a frame.
    pub(super) idle: Duration,
    /// How long a frame may pause, and a client may leave answers unread.
    pub(super) pause: Duration,
    /// How long a whole frame may take.
    pub(super) deadline: Duration,
}

impl Server {
    /// Serves the session that `begin` makes for each peer until stopping begins; connections end by themselves then.
    pub(super) async fn serve<S: Session>(
        self,
        listener: TcpListener,
        begin: impl Fn(SocketAddr) -> S + Send + 'static,
    ) {
        let shutdown = self.ingest.shutdown.clone();
        loop {
            let accepted = async {
                let permit = Arc::clone(&self.connections).acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                accepted = accepted => accepted,
                () = shutdown.stopping() => return,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors or memory: connections that end will free some.
                    tracing::warn!(%error, protocol = self.protocol.label(), "failed to accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            if let Err(error) = prepare(&stream) {
                tracing::debug!(%error, %peer, "failed to set options of a connection");
            }
            let (server, session) = (self.clone(), begin(peer));
            self.tasks.spawn(async move {
                server.converse(stream, peer, session).await;
                drop(permit);
            });
        }
    }

    async fn converse<S: Session>(self, stream: TcpStream, peer: SocketAddr, session: S) {
        match &self.tls {
            None => self.run(stream, peer, session).await,
            Some(tls) => {
                let handshake = tokio::time::timeout(self.bounds.handshake, tls.handshake(stream));
                let handshake = tokio::select! {
                    handshake = handshake => handshake,
                    () = self.ingest.shutdown.stopping() => return,
                };
                match handshake {
                    Ok(Ok(stream)) => self.run(stream, peer, session).await,
                    Ok(Err(error)) => {
                        tracing::info!(%error, %peer, protocol = self.protocol.label(), "a TLS handshake failed");
                    }
                    Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
                }
            }
        }
    }

    async fn run<S: Session, T: Transport>(&self, stream: T, peer: SocketAddr, session: S) {
        let source = Source { protocol: self.protocol, sender: None, peer: Some(peer.ip()) };
        Connection::new(Arc::clone(&self.ingest), self.bounds, source, stream, session).run(peer).await;
    }
}

fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE)?;
    Ok(())
}
