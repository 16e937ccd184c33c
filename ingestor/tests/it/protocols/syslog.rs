//! What real senders of syslog send, byte for byte as it was recorded.

use logpipeline_ingestor::intake::Protocol;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use crate::support::server::Server;
use crate::support::{certificates, eventually};

/// Sends each as a connection of its own; the entries, in the order of their messages.
async fn stored(server: &Server, streams: &[&[u8]], count: usize) -> Vec<Value> {
    for bytes in streams {
        let address = server.listeners.get(Protocol::SyslogTcp).unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    entries(server, count).await
}

async fn entries(server: &Server, count: usize) -> Vec<Value> {
    eventually("all are stored", async || server.store.len() >= count).await;
    let mut entries = server.store.entries();
    assert_eq!(entries.len(), count, "{entries:?}");
    entries.sort_by_key(|entry| entry["message"].as_str().unwrap().to_owned());
    entries
}

fn messages(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rsyslog_logger_and_python_are_understood_by_tcp() {
    let server = Server::start(&["--syslog-tcp-listen=127.0.0.1:0"]).await;
    let streams: [&[u8]; 5] = [
        b"<158>Nov 30 11:46:38 vm shop: a plain line\n<158>Nov 30 11:46:38 vm shop: b with \"quotes\" and unicode \xc3\xa9\n",
        b"69 <158>1 2026-11-30T11:46:44.235639+00:00 vm shop - - - c lain line one\n73 <158>1 2026-11-30T11:46:44.235653+00:00 vm shop - - - d unicode \xc3\xa9!!!!!!!\n",
        b"107 <13>1 2026-11-30T11:54:19.660498+00:00 vm shop - - [timeQuality tzKnown=\"1\" isSynced=\"0\"] e llo from logger",
        b"<14>f 0 ok\0<11>g 1\nsecond row\0",
        b"<134>1 2026-11-30T12:04:50.153Z web1 shop 12329 - - {\"h\":1}<131>1 2026-11-30T12:04:50.155Z web1 shop 12329 - - {\"i\":2}",
    ];
    let entries = stored(&server, &streams, 9).await;
    assert_eq!(
        messages(&entries),
        [
            "a plain line",
            "b with \"quotes\" and unicode é",
            "c lain line one",
            "d unicode é!!!!!!!",
            "e llo from logger",
            "f 0 ok",
            "g 1\nsecond row",
            "{\"h\":1}",
            "{\"i\":2}"
        ]
    );
    assert_eq!(
        entries[4]["metadata"]["structuredData"]["timeQuality"],
        json!({"tzKnown": "1", "isSynced": "0"})
    );
    assert_eq!((&entries[4]["resourceId"], &entries[4]["metadata"]["host"]), (&json!("shop"), &json!("vm")));
    assert_eq!(entries[2]["timestamp"], "2026-11-30T11:46:44.235639Z");
    assert_eq!((&entries[6]["level"], &entries[6]["resourceId"]), (&json!("error"), &json!("127.0.0.1")));
    assert_eq!(
        (&entries[8]["level"], &entries[8]["metadata"]["syslog"]["procid"]),
        (&json!("error"), &json!("12329"))
    );
}

#[tokio::test]
async fn equal_lines_are_as_many_entries() {
    let server = Server::start(&["--syslog-tcp-listen=127.0.0.1:0"]).await;
    let line = b"<13>1 2026-11-30T11:54:18.488861+00:00 vm shop - - - the same\n";
    stored(&server, &[&line.repeat(3), &line.repeat(3)], 6).await;
    assert_eq!(server.settled().await["duplicates"], 0);
}

#[tokio::test]
async fn datagrams_are_read_in_the_zone_that_a_flag_names() {
    let flags = ["--syslog-udp-listen=127.0.0.1:0", "--syslog-timezone=+02:00"];
    let server = Server::start(&flags).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.listeners.get(Protocol::SyslogUdp).unwrap();
    for datagram in [
        &b"<158>Nov 30 2026 11:46:33 vm shop: a plain line"[..],
        b"<14>Nov 30 12:12:29 vm [main] shop.Cart line 0",
        b"<11>line 1\nsecond row\0",
        b"\xff\xfe not text",
    ] {
        socket.send_to(datagram, address).await.unwrap();
    }
    let entries = entries(&server, 4).await;
    assert_eq!(
        messages(&entries),
        ["[main] shop.Cart line 0", "a plain line", "line 1\nsecond row", "\u{fffd}\u{fffd} not text"]
    );
    assert_eq!(entries[1]["timestamp"], "2026-11-30T09:46:33Z");
}

#[tokio::test]
async fn syslog_comes_by_tls_with_the_certificate_of_https() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("tls");
    certificates::make(&at);
    let flag = |name: &str, file: &str| format!("--tls-{name}-file={}", at.join(file).display());
    let flags =
        [&*flag("certificate", "tls.crt"), &flag("key", "tls.key"), "--syslog-tls-listen=127.0.0.1:0"];
    let server = Server::start(&flags).await;
    let address = server.listeners.get(Protocol::SyslogTls).unwrap();
    let certificate = at.join("tls.crt");
    let mut client = std::process::Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-CAfile", certificate.to_str().unwrap()])
        .args(["-connect", &address.to_string()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    std::io::Write::write_all(
        &mut input,
        b"69 <158>1 2026-11-30T11:46:44.235639+00:00 vm shop - - - plain line one\n",
    )
    .unwrap();
    eventually("it is stored", async || server.store.len() == 1).await;
    assert_eq!(server.store.messages(), ["plain line one"]);
    client.kill().unwrap();
    client.wait().unwrap();
}
