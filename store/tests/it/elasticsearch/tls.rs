//! Servers that are reached by TLS only.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logpipeline_cluster::Credentials;
use logpipeline_store::elasticsearch::Options;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::proxy::{forward, read_request};
use crate::address::Address;
use crate::engines::{Engine, unique};

/// A real server with users and HTTPS.
pub struct Secured {
    pub url: String,
    pub user: String,
    pub password: String,
    authority: String,
}

impl Secured {
    pub fn server() -> Self {
        let variable = |name: &str| {
            let name = format!("ELASTICSEARCH_TLS_{name}");
            std::env::var(&name).unwrap_or_else(|_| {
                panic!("{name} is not set: `make test` starts the servers, or set it for one of your own")
            })
        };
        Self {
            url: variable("URL"),
            user: variable("USER"),
            password: variable("PASSWORD"),
            authority: variable("CA"),
        }
    }

    pub fn options(&self) -> Options {
        let mut options = Engine::Elasticsearch.options(&unique());
        options.access.urls = vec![self.url.clone()];
        options.access.credentials =
            Credentials::Basic { user: self.user.clone(), password: self.password.clone() };
        options.access.authorities = Some(std::fs::read(&self.authority).unwrap());
        options.access.timeout = Duration::from_secs(20);
        options
    }

    /// What the server answers to its superuser.
    pub fn call(&self, path: &str, body: Option<&Value>) -> Value {
        let output = Command::new("curl")
            .args(["-sS", "--cacert", &self.authority, "-X", "POST", "-H", "content-type: application/json"])
            .args(["-u", &format!("{}:{}", self.user, self.password)])
            .args(body.iter().flat_map(|body| ["-d".to_owned(), body.to_string()]))
            .arg(format!("{}{path}", self.url))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Takes requests only from who has a certificate, and passes them on to a server without TLS.
pub struct MutualTls {
    pub url: String,
    pub certificates: Certificates,
    authorizations: Arc<Mutex<Vec<Option<String>>>>,
}

/// PEM.
pub struct Certificates {
    pub authority: Vec<u8>,
    /// The certificate and its key.
    pub client: Vec<u8>,
    server: Vec<u8>,
}

impl MutualTls {
    pub async fn before(server: &str) -> Self {
        let certificates = Self::certificates();
        let acceptor = TlsAcceptor::from(Arc::new(config(&certificates)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let server = Address::of(server);
        let authorizations = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&authorizations);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (acceptor, server, seen) = (acceptor.clone(), server.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let Some(request) = read_request(&mut client).await else { return };
                    seen.lock().unwrap().push(request.headers.get("authorization").cloned());
                    if let Some(answer) = forward(&server, &request).await {
                        let _ = client.write_all(&answer).await;
                        let _ = client.shutdown().await;
                    }
                });
            }
        });
        Self { url, certificates, authorizations }
    }

    /// The header of each request so far.
    pub fn authorizations(&self) -> Vec<Option<String>> {
        self.authorizations.lock().unwrap().clone()
    }

    /// An authority, and certificates that it signed.
    pub fn certificates() -> Certificates {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let make = "-newkey rsa:2048 -nodes -days 10";
        openssl(at, &format!("req -x509 {make} -subj /CN=authority -keyout ca-key.pem -out ca.pem"));
        let extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
        std::fs::write(at.join("extensions"), extensions).unwrap();
        let [client, server] = ["client", "server"].map(|name| {
            openssl(at, &format!("req -new {make} -subj /CN={name} -keyout {name}-key.pem -out {name}.csr"));
            openssl(
                at,
                &format!(
                    "x509 -req -in {name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 10 -extfile extensions -out {name}.pem"
                ),
            );
            let mut pem = std::fs::read(at.join(format!("{name}.pem"))).unwrap();
            pem.extend(std::fs::read(at.join(format!("{name}-key.pem"))).unwrap());
            pem
        });
        Certificates { authority: std::fs::read(at.join("ca.pem")).unwrap(), client, server }
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl").current_dir(directory).args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn config(certificates: &Certificates) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&certificates.authority).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(&certificates.server).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&certificates.server).unwrap();
    ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap()
}
