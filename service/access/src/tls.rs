//! The flags of HTTPS, the same for every server.

use std::path::PathBuf;

use clap::Args;
use logpipeline_service::http_server::Tls;

use crate::watched::AccessError;

/// With which certificate to serve.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Access")]
pub struct TlsArgs {
    /// PEM file with the certificate to serve HTTPS with, and behind it those that lead from it to an authority; read
    /// again when it changes
    #[arg(long, env = "LOGPIPELINE_TLS_CERTIFICATE_FILE", value_name = "FILE")]
    pub tls_certificate_file: Option<PathBuf>,

    /// PEM file with the certificate's private key
    #[arg(long, env = "LOGPIPELINE_TLS_KEY_FILE", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{given} needs {missing}: HTTPS takes a certificate and its key")]
    Half { given: &'static str, missing: &'static str },
    #[error("failed to set up HTTPS: {0}")]
    File(#[from] AccessError),
}

impl TlsArgs {
    /// What to serve HTTPS with; `None` where plain HTTP is served.
    ///
    /// # Errors
    /// One file without the other, and files that cannot be read, hold no such thing, or do not belong together.
    pub fn open(&self) -> Result<Option<Tls>, TlsError> {
        const CERTIFICATE: &str = "--tls-certificate-file";
        const KEY: &str = "--tls-key-file";
        match (&self.tls_certificate_file, &self.tls_key_file) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Tls::open(certificate, key)?)),
            (Some(_), None) => Err(TlsError::Half { given: CERTIFICATE, missing: KEY }),
            (None, Some(_)) => Err(TlsError::Half { given: KEY, missing: CERTIFICATE }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_without_a_key_is_refused_and_neither_is_plain_http() {
        assert!(TlsArgs::default().open().unwrap().is_none());
        let half = TlsArgs { tls_key_file: Some("key".into()), ..TlsArgs::default() };
        let error = half.open().unwrap_err().to_string();
        assert!(error.starts_with("--tls-key-file needs --tls-certificate-file"), "{error}");
        let missing = TlsArgs { tls_certificate_file: Some("no-such-file".into()), ..half };
        let error = missing.open().unwrap_err().to_string();
        assert!(error.starts_with("failed to set up HTTPS: failed to read no-such-file: "), "{error}");
    }
}
