//! Where ingestors tell of entries.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use http::Uri;

/// Most ingestors that one name may stand for.
const MOST: usize = 256;

/// The address of the admin port of one ingestor, or of all that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminUrl {
    host: String,
    port: u16,
}

impl AdminUrl {
    /// The addresses of all that the name stands for now.
    pub(super) async fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let mut found: Vec<_> = tokio::net::lookup_host((host, self.port)).await?.collect();
        found.sort_unstable();
        found.dedup();
        // A name such as localhost has an address of each version, and the same process behind both.
        if found.iter().all(|address| address.ip().is_loopback()) {
            found.truncate(1);
        }
        found.truncate(MOST);
        Ok(found)
    }
}

impl fmt::Display for AdminUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl FromStr for AdminUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            "write it as http://HOST:PORT, the ingestor's --admin-listen, such as http://localhost:9090";
        let uri: Uri = text.parse().map_err(|error| format!("{error}; {form}"))?;
        if uri.scheme_str() != Some("http") {
            return Err(format!("the admin port speaks plain HTTP; {form}"));
        }
        let plain = uri.path() == "/" && uri.query().is_none();
        let authority = uri.authority().filter(|authority| plain && !authority.as_str().contains('@'));
        let (Some(host), Some(port)) = (uri.host(), authority.and_then(|authority| authority.port_u16()))
        else {
            return Err(form.to_owned());
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_host_and_a_port() {
        for text in ["http://localhost:9090", "http://logs-metrics.prod:9090/", "http://[::1]:9090"] {
            let url: AdminUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_form() {
        for (text, reason) in [
            ("localhost:9090", "http://HOST:PORT"),
            ("https://localhost:9090", "plain HTTP"),
            ("http://localhost", "http://HOST:PORT"),
            ("http://localhost:9090/delivery", "http://HOST:PORT"),
            ("http://user:secret@localhost:9090", "http://HOST:PORT"),
            ("", "http://HOST:PORT"),
        ] {
            let error = text.parse::<AdminUrl>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_one_ingestor() {
        let url: AdminUrl = "http://localhost:9090".parse().unwrap();
        assert_eq!(url.resolve().await.unwrap().len(), 1);
    }
}
