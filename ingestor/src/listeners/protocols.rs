//! Which session is spoken on which port.

use std::net::SocketAddr;
use std::sync::Arc;

use logpipeline_model::wire::forward::{Forward, Handshake, SharedKey};
use logpipeline_model::wire::lumberjack::Lumberjack;
use logpipeline_model::wire::{gelf, relp, syslog};
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::task::TaskTracker;

use super::server::Server;
use super::{datagrams, shared_key};
use crate::config::Config;
use crate::intake::{Ingest, Protocol};

pub(super) fn serve(listener: TcpListener, server: Server, config: &Config, key: Option<&SharedKey>) {
    let (tasks, zone) = (server.tasks.clone(), config.listeners.syslog_timezone);
    let settings = move |peer: SocketAddr| syslog::Settings { zone, peer: Some(peer.ip().to_canonical()) };
    match server.protocol {
        Protocol::SyslogTcp | Protocol::SyslogTls => {
            tasks.spawn(server.serve(listener, move |peer| syslog::Stream::new(settings(peer))));
        }
        Protocol::Relp => {
            tasks.spawn(server.serve(listener, move |peer| relp::Server::new(settings(peer))));
        }
        Protocol::GelfTcp => {
            tasks.spawn(server.serve(listener, |_| gelf::Stream::default()));
        }
        Protocol::Forward => {
            let (limit, key, hostname) = (server.bounds.frame, key.cloned(), shared_key::hostname());
            let handshake = move || Some(Handshake::new(key.clone()?, Arc::clone(&hostname), rand::random()));
            tasks.spawn(server.serve(listener, move |_| Forward::new(limit, handshake())));
        }
        Protocol::Lumberjack => {
            let limit = server.bounds.frame;
            tasks.spawn(server.serve(listener, move |_| Lumberjack::new(limit)));
        }
        protocol => tracing::error!(protocol = protocol.label(), "no session speaks this protocol"),
    }
}

pub(super) fn receive(
    protocol: Protocol,
    socket: UdpSocket,
    tasks: &TaskTracker,
    config: &Config,
    ingest: &Arc<Ingest>,
) {
    let ingest = Arc::clone(ingest);
    match protocol {
        Protocol::SyslogUdp => {
            let packets = syslog::Packets::new(config.listeners.syslog_timezone);
            tasks.spawn(datagrams::serve(socket, protocol, packets, ingest));
        }
        Protocol::GelfUdp => {
            tasks.spawn(datagrams::serve(socket, protocol, gelf::Chunks::default(), ingest));
        }
        protocol => tracing::error!(protocol = protocol.label(), "no datagrams are of this protocol"),
    }
}
