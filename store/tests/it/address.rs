//! Where a server of the tests is: with TLS or without, with a user and password in its URL or none.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const AUTHORITIES: [&str; 3] = ["ELASTICSEARCH_CA", "OPENSEARCH_CA", "ELASTICSEARCH_TLS_CA"];

#[derive(Clone)]
pub struct Address {
    /// Host and port.
    pub host: String,
    /// What goes before the host in a URL: a user and password, or nothing.
    user: String,
    connector: Option<TlsConnector>,
}

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Address {
    pub fn of(url: &str) -> Self {
        let (scheme, rest) =
            url.trim_end_matches('/').split_once("://").unwrap_or_else(|| panic!("{url} is no URL"));
        let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        assert!(!host.contains('/'), "{host}: the tests need a server at the root of its address");
        let port = if scheme == "https" { 443 } else { 80 };
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Self {
            host: if has_port { host.to_owned() } else { format!("{host}:{port}") },
            user: user.to_owned(),
            connector: (scheme == "https").then(|| connector(url)),
        }
    }

    pub async fn connect(&self) -> Option<Box<dyn Stream>> {
        let plain = TcpStream::connect(&self.host).await.ok()?;
        let Some(connector) = &self.connector else { return Some(Box::new(plain)) };
        let name = self.host.rsplit_once(':').unwrap().0.trim_matches(['[', ']']).to_owned();
        let secured = connector.connect(ServerName::try_from(name).unwrap(), plain).await;
        Some(Box::new(secured.unwrap_or_else(|error| panic!("{}: {error}", self.host))))
    }

    /// The header that says who asks, where the URL does.
    pub fn authorization(&self) -> Option<String> {
        let plain = percent_encoding::percent_decode_str(&self.user).collect::<Vec<u8>>();
        (!plain.is_empty()).then(|| format!("authorization: Basic {}\r\n", base64(&plain)))
    }
}

/// PEM of who vouches for servers with TLS.
pub fn authorities(url: &str) -> Option<Vec<u8>> {
    if !url.starts_with("https://") {
        return None;
    }
    let files: Vec<_> = AUTHORITIES.iter().filter_map(|name| std::env::var(name).ok()).collect();
    assert!(
        !files.is_empty(),
        "a server's address begins with https://: set ELASTICSEARCH_CA or OPENSEARCH_CA to the PEM file of the authority \
         that signed its certificate"
    );
    let read = |file: &String| std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    Some(files.iter().flat_map(read).collect())
}

fn connector(url: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&authorities(url).unwrap()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

#[test]
fn who_asks_is_read_from_the_url() {
    let of = |url| Address::of(url).authorization();
    assert_eq!(of("http://127.0.0.1:9200"), None);
    let header = |text: &str| Some(format!("authorization: Basic {text}\r\n"));
    assert_eq!(of("http://elastic:p%40ss%3Aw%C3%B6rd@localhost:9200/"), header("ZWxhc3RpYzpwQHNzOnfDtnJk"));
    assert_eq!(of("http://a:b@localhost"), header("YTpi"));
    assert_eq!(Address::of("http://a:b@localhost").host, "localhost:80");
}
