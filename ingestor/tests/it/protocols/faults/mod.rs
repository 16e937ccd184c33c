//! Faults under load, in each protocol whose entries are acknowledged: what was acknowledged is found exactly once, and what is sent
//! again because its answer is missing is not stored twice.

mod answers;
mod load;
mod requests;
mod rpc;
mod sender;
mod sessions;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::kill::stored;
use crate::support::eventually;
use crate::support::power::PowerDisk;
use crate::support::process::Process;
use crate::support::server::Server;
use crate::support::store::FakeStore;

use load::Senders;
use sender::Kind;

const ROUNDS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_power_cuts_lose_and_double_nothing_in_requests() {
    power_cuts(Kind::named("bulk")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_power_cuts_lose_and_double_nothing_in_sessions() {
    power_cuts(Kind::named("relp")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_and_double_nothing_in_sessions() {
    kills(Kind::named("relp")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_and_double_no_chunk() {
    kills(Kind::named("forward")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: `make faults` runs it"]
async fn twenty_power_cuts_lose_and_double_nothing_in_any_protocol() {
    for kind in Kind::all() {
        power_cuts(kind).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: `make faults` runs it"]
async fn twenty_kills_lose_and_double_nothing_in_any_protocol() {
    for kind in Kind::all() {
        kills(kind).await;
    }
}

/// Where a protocol is spoken in the test's own process.
fn port(server: &Server, kind: Kind) -> SocketAddr {
    kind.listener.map_or(server.address, |listener| {
        server.listeners.get(listener).or(server.otlp_grpc).expect("the listener is open")
    })
}

async fn power_cuts(kind: Kind) {
    let (flags, store) = (kind.flags(), FakeStore::new());
    let folder = tempfile::tempdir().unwrap();
    let mut disk = PowerDisk::new();
    let mut senders = Senders::start(kind);
    for round in 0..ROUNDS {
        // The log is opened first, which takes some operations.
        disk.cut_after(60 + round * 17);
        if let Ok(server) = Server::try_start(folder.path(), &flags, disk.handle(), Arc::clone(&store)) {
            senders.point_at(Some(port(&server, kind)));
            eventually("the power goes", async || disk.is_cut()).await;
            // The disk has failed: it ends by itself, or when it is asked to.
            server.begin_stop();
            let _ = server.ended().await;
            senders.point_at(None);
        }
        disk = disk.after_power_cut(round);
    }
    let server = Server::start_on(folder.path(), &flags, disk.handle(), Arc::clone(&store)).await;
    senders.point_at(Some(port(&server, kind)));
    assert!(senders.go_on().await, "{}: {}", kind.name, server.delivery().await);
    senders.finish().await;
    server.settled().await;
    senders.check(store.messages().into_iter().map(|message| (message, 1)), ROUNDS);
    server.stop().await.unwrap();
}

async fn kills(kind: Kind) {
    let flags = kind.flags();
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let process = Process::start(folder.path(), &flags);
        let port = kind.listener.map_or(process.address, |listener| process.listener(listener.label()));
        (process, port)
    };
    let mut senders = Senders::start(kind);
    for round in 0..ROUNDS {
        let (process, port) = start();
        go_on(&senders, &process, port).await;
        tokio::time::sleep(Duration::from_millis(round * 97 % 450)).await;
        if round % 4 == 3 {
            // While it drains, finishes what is under way, or ships the rest.
            process.signal("TERM");
            tokio::time::sleep(Duration::from_millis(round * 61 % 250)).await;
        }
        process.kill();
    }
    let (mut process, port) = start();
    go_on(&senders, &process, port).await;
    senders.finish().await;
    eventually("everything is shipped", async || process.delivery().await["waiting"] == 0).await;
    let figures = process.delivery().await;
    let figure = |name: &str| figures[name].as_u64().unwrap();
    assert_eq!(figure("received"), figure("stored") + figure("duplicates"), "{figures}");
    process.signal("TERM");
    assert!(process.wait().success());
    senders.check(stored(folder.path()).await, ROUNDS);
}

async fn go_on(senders: &Senders, process: &Process, port: SocketAddr) {
    senders.point_at(Some(port));
    if !senders.go_on().await {
        let figures = process.delivery().await;
        panic!("nothing is acknowledged at {port}: {figures}\n{}", process.log.lock().unwrap().join("\n"));
    }
}
