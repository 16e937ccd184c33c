//! As whom the servers are spoken to, and which of them are trusted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, ClientBuilder};

use crate::cli::{AccessArgs, parse_token};

/// Tokens, and authorities besides the public ones.
#[derive(Clone, Default)]
pub struct Access {
    pub ingest_token: Option<String>,
    pub query_token: Option<String>,
    authorities: Vec<Certificate>,
}

/// Says nothing of the tokens themselves.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("ingest_token", &self.ingest_token.is_some())
            .field("query_token", &self.query_token.is_some())
            .field("authorities", &self.authorities.len())
            .finish()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("failed to read {flag} {path}: {source}", path = path.display())]
    Read { flag: &'static str, path: PathBuf, source: io::Error },
    #[error("{flag} {path} {problem}", path = path.display())]
    Content { flag: &'static str, path: PathBuf, problem: String },
}

impl Access {
    /// Reads the files that the flags name.
    pub fn read(args: &AccessArgs) -> Result<Self, AccessError> {
        let token = |flag, path: &Option<PathBuf>| {
            let Some(path) = path else { return Ok(args.token.clone()) };
            let text = String::from_utf8_lossy(&read(flag, path)?).into_owned();
            let problem = |_| AccessError::Content {
                flag,
                path: path.clone(),
                problem: "holds no token: it is one line of visible ASCII characters".to_owned(),
            };
            parse_token(text.trim()).map(Some).map_err(problem)
        };
        Ok(Self {
            ingest_token: token("--token-file", &args.token_file)?,
            query_token: token("--query-token-file", &args.query_token_file)?,
            authorities: args
                .ca_file
                .as_deref()
                .map(|path| authorities("--ca-file", path))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// The value of Authorization for the ingestor.
    pub(crate) fn ingest_authorization(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.ingest_token.as_ref()?)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A client to be told the rest. The servers are measured, not a proxy on the way to them.
    pub fn client(&self) -> ClientBuilder {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        self.authorities.iter().cloned().fold(client, ClientBuilder::add_root_certificate)
    }
}

/// The certificates of a PEM file that `flag` names.
pub(crate) fn authorities(flag: &'static str, path: &Path) -> Result<Vec<Certificate>, AccessError> {
    let wrong = |problem: String| AccessError::Content { flag, path: path.to_owned(), problem };
    let pem = read(flag, path)?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(wrong(
            "holds no certificate as PEM, which begins with -----BEGIN CERTIFICATE-----".to_owned(),
        )),
        Err(error) => Err(wrong(format!("is damaged as PEM: {error}"))),
    }
}

/// The content of a file that `flag` names.
pub(crate) fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, AccessError> {
    fs::read(path).map_err(|source| AccessError::Read { flag, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_gets_its_own_token_and_the_one_of_both_where_there_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            Some(path)
        };
        let both =
            Access::read(&AccessArgs { token: Some("both".to_owned()), ..AccessArgs::default() }).unwrap();
        assert_eq!((both.ingest_token.as_deref(), both.query_token.as_deref()), (Some("both"), Some("both")));
        let args = AccessArgs { token_file: file("ingest", "in\r\n"), ..AccessArgs::default() };
        let one = Access::read(&args).unwrap();
        assert_eq!((one.ingest_token.as_deref(), one.query_token.as_deref()), (Some("in"), None));
        let two = Access::read(&AccessArgs { query_token_file: file("query", "out"), ..args }).unwrap();
        assert_eq!((two.ingest_token.as_deref(), two.query_token.as_deref()), (Some("in"), Some("out")));
        assert!(!format!("{two:?}").contains("out"));
    }

    #[test]
    fn a_file_that_is_of_no_use_is_named_with_its_flag() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let refused = |args: &AccessArgs| {
            let error = Access::read(args).unwrap_err().to_string();
            error.replace(path.to_str().unwrap(), "FILE")
        };
        let token = AccessArgs { token_file: Some(path.clone()), ..AccessArgs::default() };
        let authority = AccessArgs { ca_file: Some(path.clone()), ..AccessArgs::default() };
        assert!(refused(&token).starts_with("failed to read --token-file FILE: No such file"));
        for content in ["", "two words", "line\nline"] {
            fs::write(&path, content).unwrap();
            assert!(refused(&token).starts_with("--token-file FILE holds no token"), "{content}");
        }
        assert!(refused(&authority).starts_with("--ca-file FILE holds no certificate as PEM"));
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
        assert!(
            refused(&authority).starts_with("--ca-file FILE is damaged as PEM"),
            "{}",
            refused(&authority)
        );
    }
}
