use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use tempfile::TempDir;
use tokio_rustls::TlsConnector;
use tokio_rustls::client;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::http_server::{Listener, ServerOptions, bind, serve};

/// Certificates that sign themselves, each in a folder by its name.
struct Certificates(TempDir);

impl Certificates {
    fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let at = folder.path().join(name);
            std::fs::create_dir(&at).unwrap();
            let arguments = format!(
                "req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 \
                 -subj /CN={name} -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:localhost \
                 -keyout tls.key -out tls.crt"
            );
            let output = Command::new("openssl").current_dir(at).args(arguments.split(' ')).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Self(folder)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn open(&self, certificate: &str, key: &str) -> Result<Tls, FileError> {
        Tls::open(&self.path(certificate), &self.path(key))
    }

    fn refused(&self, certificate: &str, key: &str) -> String {
        let error = self.open(certificate, key).unwrap_err().to_string();
        error.replace(&format!("{}/", self.0.path().display()), "")
    }

    fn pem(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }
}

async fn start(tls: &Tls, options: ServerOptions) -> (SocketAddr, Shutdown) {
    let tcp = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = tcp.local_addr().unwrap();
    let router = Router::new().route(
        "/",
        get(async |request: Request| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            format!("by {:?}", request.version())
        }),
    );
    let shutdown = Shutdown::default();
    tokio::spawn(serve(Listener { tcp, tls: Some(tls.clone()) }, router, options, shutdown.clone()));
    (address, shutdown)
}

async fn connect(
    address: SocketAddr,
    trusted: &[u8],
    protocols: &[&str],
) -> io::Result<client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

/// What is answered to a request by HTTP/1.1.
async fn ask(mut stream: client::TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn http1_and_http2_are_agreed_on_and_served() {
    let certificates = Certificates::new(&["one"]);
    let tls = certificates.open("one/tls.crt", "one/tls.key").unwrap();
    let (address, _shutdown) = start(&tls, ServerOptions::default()).await;
    let trusted = certificates.pem("one/tls.crt");
    for (offered, agreed) in
        [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)]
    {
        let stream = connect(address, &trusted, offered).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed.map(str::as_bytes));
        if agreed != Some("h2") {
            let answer = ask(stream).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("by HTTP/1.1"), "{answer}");
            continue;
        }
        let (mut sender, connection) = hyper::client::conn::http2::handshake(
            hyper_util::rt::TokioExecutor::new(),
            hyper_util::rt::TokioIo::new(stream),
        )
        .await
        .unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("https://localhost/").body(String::new()).unwrap();
        let body = sender.send_request(request).await.unwrap().into_body();
        let body = axum::body::to_bytes(axum::body::Body::new(body), 1 << 10).await.unwrap();
        assert_eq!(body, "by HTTP/2.0");
    }
}

#[tokio::test]
async fn a_certificate_that_is_replaced_while_requests_run_is_served_to_the_next_connection() {
    let certificates = Certificates::new(&["one", "two"]);
    let link = |name: &str| {
        symlink(name, certificates.path("new")).unwrap();
        std::fs::rename(certificates.path("new"), certificates.path("current")).unwrap();
    };
    link("one");
    let tls = certificates.open("current/tls.crt", "current/tls.key").unwrap();
    let (address, _shutdown) = start(&tls, ServerOptions::default()).await;
    let [one, two] = ["one", "two"].map(|name| certificates.pem(&format!("{name}/tls.crt")));
    let before = connect(address, &one, &[]).await.unwrap();
    let running = tokio::spawn(ask(connect(address, &one, &[]).await.unwrap()));
    assert!(connect(address, &two, &[]).await.is_err());

    // Half of a change is none.
    std::fs::create_dir(certificates.path("torn")).unwrap();
    std::fs::copy(certificates.path("two/tls.crt"), certificates.path("torn/tls.crt")).unwrap();
    std::fs::copy(certificates.path("one/tls.key"), certificates.path("torn/tls.key")).unwrap();
    link("torn");
    tls.refresh();
    assert!(connect(address, &one, &[]).await.is_ok());

    link("two");
    let mut left = 100;
    // The server itself looks, without being told.
    let after = loop {
        match connect(address, &two, &[]).await {
            Ok(stream) => break stream,
            Err(error) => assert!(left > 0, "{error}"),
        }
        left -= 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(connect(address, &one, &[]).await.is_err());
    for answer in [ask(before).await, ask(after).await, running.await.unwrap()] {
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn a_handshake_or_head_that_does_not_end_is_cut_off() {
    let certificates = Certificates::new(&["one"]);
    let tls = certificates.open("one/tls.crt", "one/tls.key").unwrap();
    let options = ServerOptions { header_timeout: Duration::from_millis(300), ..Default::default() };
    let (address, _shutdown) = start(&tls, options).await;
    let closed = async |stream: &mut (dyn tokio::io::AsyncRead + Unpin + Send), behind: &[u8]| {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "still open after 5 s behind {:?}", String::from_utf8_lossy(behind));
    };
    for begin in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begin).await.unwrap();
        closed(&mut stream, begin).await;
    }
    for begin in [&b""[..], b"G", b"PRI * HT", b"GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = connect(address, &certificates.pem("one/tls.crt"), &[]).await.unwrap();
        stream.write_all(begin).await.unwrap();
        closed(&mut stream, begin).await;
    }
}

#[tokio::test]
async fn who_speaks_plain_http_is_told_what_to_do() {
    let certificates = Certificates::new(&["one"]);
    let tls = certificates.open("one/tls.crt", "one/tls.key").unwrap();
    let (address, _shutdown) = start(&tls, ServerOptions::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.contains("Write https:// in the address."), "{answer}");
}

#[test]
fn files_that_are_none_or_do_not_belong_together_are_named() {
    let certificates = Certificates::new(&["one", "two"]);
    let write = |name: &str, content: &[u8]| std::fs::write(certificates.path(name), content).unwrap();
    write("empty", b"");
    let pem = certificates.pem("one/tls.key");
    write("cut", &pem[..pem.len() - 40]);
    write("garbled", &String::from_utf8(pem).unwrap().replacen("\nM", "\n$", 1).into_bytes());
    write("no-certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    for (certificate, key, expected) in [
        ("none", "one/tls.key", "failed to read none: No such file"),
        ("one/tls.crt", "none", "failed to read none: No such file"),
        ("empty", "one/tls.key", "empty holds no certificate as PEM"),
        ("one/tls.key", "one/tls.key", "one/tls.key holds no certificate as PEM"),
        ("one/tls.crt", "empty", "empty holds no private key as PEM"),
        ("one/tls.crt", "one/tls.crt", "one/tls.crt holds no private key as PEM"),
        ("one/tls.crt", "cut", "cut is damaged as PEM: a section has no end"),
        ("one/tls.crt", "garbled", "garbled is damaged as PEM: a section is not base64"),
        ("no-certificate", "one/tls.key", "no-certificate holds a certificate that cannot be served"),
        (
            "one/tls.crt",
            "two/tls.key",
            "two/tls.key holds the key of another certificate than the first in one/tls.crt",
        ),
    ] {
        let error = certificates.refused(certificate, key);
        assert!(error.starts_with(expected), "{certificate}, {key}: {error}");
    }
}
