//! Where the servers are, and who asks.

use std::fmt;
use std::time::Duration;

#[derive(Clone)]
pub struct Access {
    /// Addresses of the same cluster, tried in turn. One may hold a user and password.
    pub urls: Vec<String>,
    pub credentials: Credentials,
    /// PEM certificates of authorities that sign the servers' certificates, beside the public ones.
    pub authorities: Option<Vec<u8>>,
    /// PEM of a client's certificate and its private key. Credentials may be given beside it.
    pub client_certificate: Option<Vec<u8>>,
    /// Whether bulk requests are compressed: for links slower than some 100 MB/s.
    pub gzip: bool,
    /// How long a request may take that has no deadline of its own.
    pub timeout: Duration,
}

impl Access {
    /// Without credentials, everything else as it comes.
    pub fn new(urls: Vec<String>) -> Self {
        Self {
            urls,
            credentials: Credentials::None,
            authorities: None,
            client_certificate: None,
            gzip: false,
            timeout: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a password before its @.
        let urls: Vec<_> = self.urls.iter().map(|url| url.rsplit('@').next().unwrap_or_default()).collect();
        f.debug_struct("Access")
            .field("urls", &urls)
            .field("credentials", &self.credentials)
            .field("client_certificate", &self.client_certificate.is_some())
            .finish_non_exhaustive()
    }
}

/// Who asks. Never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    #[default]
    None,
    Basic {
        user: String,
        password: String,
    },
    /// An API key as the servers give it out: base64 of the key's id and secret.
    ApiKey(String),
    Bearer(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::ApiKey(_) => "ApiKey",
            Self::Bearer(_) => "Bearer",
        })
    }
}
