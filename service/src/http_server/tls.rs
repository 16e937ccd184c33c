//! HTTPS with a certificate from files, which are read again when they change.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::watched::{FileError, Watched};
use crate::{Problem, Shutdown};

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// A certificate and its key. New connections are served with what the files say by then.
#[derive(Clone)]
pub struct Tls(Arc<Watched<ServerConfig>>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Tls {
    /// Reads a certificate, with those that lead from it to an authority, and its private key, both as PEM.
    ///
    /// # Errors
    /// Files that cannot be read, hold no such thing, or do not belong together.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, FileError> {
        let paths = vec![certificate.to_owned(), key.to_owned()];
        let names = paths.clone();
        Watched::open_all(paths, move |contents| config(&names, contents)).map(Self)
    }

    /// Looks at the files now.
    pub fn refresh(&self) {
        self.0.refresh();
    }

    pub(super) fn spawn(&self, shutdown: &Shutdown) {
        self.0.spawn(shutdown);
    }

    /// The handshake. Whoever speaks plain HTTP is told so.
    pub(super) async fn accept(&self, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [HANDSHAKE];
        stream.peek(&mut first).await?;
        if first[0].is_ascii_uppercase() {
            explain(&mut stream).await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "plain HTTP came where HTTPS is served"));
        }
        self.handshake(stream).await
    }

    /// The handshake of whatever protocol is spoken inside.
    pub async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.get()).accept(stream).await
    }
}

fn config(paths: &[PathBuf], contents: &[Vec<u8>]) -> Result<ServerConfig, FileError> {
    let ([certificate, key], [certificate_pem, key_pem]) = (paths, contents) else {
        return Err(FileError::Content("a certificate and a key are two files".to_owned()));
    };
    let wrong = |path: &Path, reason: &str| FileError::Content(format!("{} {reason}", path.display()));
    let chain = CertificateDer::pem_slice_iter(certificate_pem).collect::<Result<Vec<_>, _>>();
    let chain =
        chain.map_err(|error| wrong(certificate, &format!("is damaged as PEM: {}", of_pem(&error))))?;
    if chain.is_empty() {
        return Err(wrong(
            certificate,
            "holds no certificate as PEM, which begins with -----BEGIN CERTIFICATE-----",
        ));
    }
    let key_der = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| match error {
        pem::Error::NoItemsFound => wrong(
            key,
            "holds no private key as PEM; where it holds one under a passphrase, write it without (`openssl pkey`)",
        ),
        error => wrong(key, &format!("is damaged as PEM: {}", of_pem(&error))),
    })?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key_der));
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => wrong(
            key,
            &format!("holds the key of another certificate than the first in {}", certificate.display()),
        ),
        rustls::Error::InvalidCertificate(reason) => {
            wrong(certificate, &format!("holds a certificate that cannot be served: {reason:?}"))
        }
        error => wrong(key, &format!("holds a key that cannot be served: {error}")),
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// What is wrong, without what stands there: it may be a key.
fn of_pem(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end",
        pem::Error::IllegalSectionStart { .. } => "a section has no proper begin",
        pem::Error::Base64Decode(_) => "a section is not base64",
        _ => "it cannot be read",
    }
}

async fn explain(stream: &mut TcpStream) -> io::Result<()> {
    // Closed with bytes unread, the connection would be reset, and the answer lost.
    let _ = stream.read(&mut [0; 4096]).await?;
    let detail = "This port serves HTTPS. Write https:// in the address.";
    let body = Problem::new(StatusCode::BAD_REQUEST, "https-only", detail).body().to_string();
    let head = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/problem+json";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests;
