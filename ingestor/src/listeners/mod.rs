//! What is served beside HTTP: protocols that are spoken over connections of their own, and by datagrams.

pub mod args;
mod buffer;
mod connection;
mod datagrams;
mod pause;
mod protocols;
mod server;
mod shared_key;

use std::net::SocketAddr;
use std::sync::Arc;

use logpipeline_model::wire::forward::SharedKey;
use logpipeline_service::descriptors;
use logpipeline_service::http_server::{self, Tls};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::app::IngestorError;
use crate::config::Config;
use crate::intake::{Ingest, Protocol};
use server::{Server, StreamBounds};

/// Ports that are bound, before anything is served on them.
#[derive(Debug, Default)]
pub struct Bound {
    streams: Vec<(Protocol, TcpListener)>,
    datagrams: Vec<(Protocol, UdpSocket)>,
    addresses: Addresses,
    /// What senders of the forward protocol must know.
    shared_key: Option<SharedKey>,
}

/// Where each protocol beside HTTP is served.
#[derive(Debug, Clone, Default)]
pub struct Addresses(Vec<(Protocol, SocketAddr)>);

impl Addresses {
    pub fn get(&self, protocol: Protocol) -> Option<SocketAddr> {
        self.0.iter().find(|(other, _)| *other == protocol).map(|(_, address)| *address)
    }
}

impl Bound {
    /// Binds what the flags name.
    pub fn bind(config: &Config) -> Result<Self, IngestorError> {
        let args = &config.listeners;
        let mut bound = Self { shared_key: shared_key::read(args)?, ..Self::default() };
        for (flag, address, protocol) in [
            ("--syslog-tcp-listen", args.syslog_tcp_listen, Protocol::SyslogTcp),
            ("--syslog-tls-listen", args.syslog_tls_listen, Protocol::SyslogTls),
            ("--relp-listen", args.relp_listen, Protocol::Relp),
            ("--gelf-tcp-listen", args.gelf_tcp_listen, Protocol::GelfTcp),
            ("--forward-listen", args.forward_listen, Protocol::Forward),
            ("--lumberjack-listen", args.lumberjack_listen, Protocol::Lumberjack),
        ] {
            let Some(address) = address else { continue };
            let failed = |reason| IngestorError::Listen { flag, reason };
            let listener = http_server::bind(address).map_err(failed)?;
            bound.addresses.0.push((protocol, listener.local_addr().map_err(failed)?));
            bound.streams.push((protocol, listener));
        }
        for (flag, address, protocol) in [
            ("--syslog-udp-listen", args.syslog_udp_listen, Protocol::SyslogUdp),
            ("--gelf-udp-listen", args.gelf_udp_listen, Protocol::GelfUdp),
        ] {
            let Some(address) = address else { continue };
            let failed = |reason| IngestorError::Listen { flag, reason };
            let socket = http_server::bind_udp(address).map_err(failed)?;
            bound.addresses.0.push((protocol, socket.local_addr().map_err(failed)?));
            bound.datagrams.push((protocol, socket));
        }
        Ok(bound)
    }

    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Connections that each HTTP port, and the listeners together, may have: they leave files their descriptors.
    pub fn connections(&self, config: &Config) -> usize {
        let wanted = config.max_connections as usize;
        let servers =
            1 + usize::from(config.otlp_grpc_listen.is_some()) + usize::from(!self.streams.is_empty());
        // A server on its own sees to its share.
        if servers == 1 { wanted } else { descriptors::shares(wanted, servers, descriptors::limit()) }
    }

    /// Serves until stopping begins; the task ends once what was read is on disk and acknowledged.
    pub fn serve(self, config: &Config, tls: Option<Tls>, ingest: &Arc<Ingest>) -> JoinHandle<()> {
        for (protocol, address) in &self.addresses.0 {
            tracing::info!(protocol = protocol.label(), %address, "a listener is open");
        }
        let connections = self.connections(config);
        if connections < config.max_connections as usize {
            tracing::warn!(
                connections,
                wanted = config.max_connections,
                "fewer connections are served at once on each port, because the limit of open files is low; raise it (ulimit -n)"
            );
        }
        let tasks = TaskTracker::new();
        let bounds = &ingest.bounds;
        let server = Server {
            protocol: Protocol::SyslogTcp,
            tls: None,
            bounds: StreamBounds {
                frame: bounds.body,
                handshake: config.header_timeout,
                idle: config.listeners.listener_idle_timeout,
                pause: bounds.pause,
                deadline: bounds.deadline,
            },
            connections: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            tasks: tasks.clone(),
            ingest: Arc::clone(ingest),
        };
        for (protocol, listener) in self.streams {
            let tls = tls.clone().filter(|_| protocol == Protocol::SyslogTls);
            protocols::serve(
                listener,
                Server { protocol, tls, ..server.clone() },
                config,
                self.shared_key.as_ref(),
            );
        }
        for (protocol, socket) in self.datagrams {
            protocols::receive(protocol, socket, &tasks, config, ingest);
        }
        tokio::spawn(async move {
            tasks.close();
            tasks.wait().await;
        })
    }
}
