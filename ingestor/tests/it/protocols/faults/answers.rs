//! Answers that never arrive: what is sent again is not stored twice.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::port;
use super::sender::{Batch, Kind};
use crate::support::eventually;
use crate::support::server::Server;

/// Carries bytes to a server and none back, until the connection is cut.
async fn one_way(to: SocketAddr) -> (SocketAddr, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, cut) = (listener.local_addr().unwrap(), Arc::new(Notify::new()));
    let cutting = Arc::clone(&cut);
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(to).await.unwrap();
        let (mut from_server, mut to_server) = server.split();
        let mut answers = Vec::new();
        let forward = async {
            let _ = tokio::io::copy(&mut client, &mut to_server).await;
            std::future::pending::<()>().await;
        };
        let swallow = async {
            let _ = from_server.read_to_end(&mut answers).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = forward => {}
            () = swallow => {}
            () = cutting.notified() => {}
        }
    });
    (address, cut)
}

#[tokio::test]
async fn a_batch_that_is_sent_again_after_a_cut_answer_is_stored_once_in_any_protocol() {
    for kind in Kind::all() {
        let server = Server::start(&kind.flags()).await;
        let (mut sender, mut batch) = ((kind.sender)(), Batch::new(1));
        let (proxy, cut) = one_way(port(&server, kind)).await;
        let cutter = async {
            let all = async || server.delivery().await["received"] == Batch::SIZE;
            eventually(&format!("{}: all came", kind.name), all).await;
            cut.notify_one();
        };
        let (acknowledged, ()) = tokio::join!(sender.send(proxy, &batch), cutter);
        assert_eq!(acknowledged, 0, "{}: the answer was cut", kind.name);
        for number in [1, 2] {
            batch = Batch::new(number);
            batch.acknowledged = sender.send(port(&server, kind), &batch).await;
            assert!(batch.is_acknowledged(), "{}: batch {number}", kind.name);
        }
        let figures = server.settled().await;
        assert_eq!(
            (&figures["stored"], &figures["duplicates"]),
            (&json!(2 * Batch::SIZE), &json!(Batch::SIZE)),
            "{}",
            kind.name
        );
        server.stop().await.unwrap();
    }
}
