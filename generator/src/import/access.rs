//! As whom the source is spoken to.

use std::fmt;

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, ClientBuilder};

use super::args::{ImportArgs, Kind};
use crate::access::{AccessError, authorities, read};

/// Credentials, and authorities besides the public ones.
#[derive(Clone, Default)]
pub(super) struct SourceAccess {
    authorization: Option<HeaderValue>,
    authorities: Vec<Certificate>,
}

/// Says nothing of the credentials themselves.
impl fmt::Debug for SourceAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceAccess")
            .field("authorization", &self.authorization.is_some())
            .finish_non_exhaustive()
    }
}

impl SourceAccess {
    /// Reads the files that the flags name.
    pub(super) fn read(args: &ImportArgs, kind: Kind) -> Result<Self, AccessError> {
        let mut access = Self::default();
        if let Some(path) = &args.source_token_file {
            let flag = "--source-token-file";
            let text = String::from_utf8_lossy(&read(flag, path)?).trim().to_owned();
            access.authorization = token(&text, kind);
            if access.authorization.is_none() {
                let problem = "holds no token: it is one line of visible ASCII characters".to_owned();
                return Err(AccessError::Content { flag, path: path.clone(), problem });
            }
        }
        if let (Some(user), Some(path)) = (&args.source_user, &args.source_password_file) {
            let content = read("--source-password-file", path)?;
            let password = content.strip_suffix(b"\n").unwrap_or(&content);
            let password = password.strip_suffix(b"\r").unwrap_or(password);
            access.authorization = basic(user, password);
        }
        if let Some(path) = &args.source_ca_file {
            access.authorities = authorities("--source-ca-file", path)?;
        }
        Ok(access)
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Redirects are not followed: credentials would go with them.
    pub(super) fn client(&self) -> ClientBuilder {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        self.authorities.iter().cloned().fold(client, ClientBuilder::add_root_certificate)
    }
}

fn token(text: &str, kind: Kind) -> Option<HeaderValue> {
    let (scheme, token) = match text.split_once(' ') {
        Some((scheme @ ("ApiKey" | "Bearer" | "Basic"), token)) => (scheme, token.trim()),
        _ if kind == Kind::Elasticsearch => ("ApiKey", text),
        _ => ("Bearer", text),
    };
    let is_one = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_one.then(|| sensitive(&format!("{scheme} {token}"))).flatten()
}

fn basic(user: &str, password: &[u8]) -> Option<HeaderValue> {
    let pair = [user.as_bytes(), b":", password].concat();
    sensitive(&format!("Basic {}", base64(&pair)))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_scheme_that_its_source_takes_or_that_it_names() {
        for (text, kind, expected) in [
            ("abc=", Kind::Elasticsearch, Some("ApiKey abc=")),
            ("Bearer abc", Kind::Elasticsearch, Some("Bearer abc")),
            ("abc", Kind::Loki, Some("Bearer abc")),
            ("ApiKey abc", Kind::VictoriaLogs, Some("ApiKey abc")),
            ("", Kind::Loki, None),
            ("two words", Kind::Loki, None),
            ("a\nb", Kind::Loki, None),
        ] {
            let value = token(text, kind);
            assert_eq!(value.as_ref().map(|value| value.to_str().unwrap()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_password_file_may_end_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        // RFC 7617's own example.
        for content in ["open sesame", "open sesame\n", "open sesame\r\n"] {
            std::fs::write(&path, content).unwrap();
            let args = ImportArgs { source_user: Some("Aladdin".to_owned()), ..none() };
            let args = ImportArgs { source_password_file: Some(path.clone()), ..args };
            let access = SourceAccess::read(&args, Kind::Loki).unwrap();
            assert_eq!(
                access.authorization().unwrap().to_str().unwrap(),
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
            );
            assert!(!format!("{access:?}").contains("QWxh"));
        }
    }

    fn none() -> ImportArgs {
        ImportArgs {
            from: None,
            query: None,
            since: None,
            until: None,
            state: None,
            source_token_file: None,
            source_user: None,
            source_password_file: None,
            source_ca_file: None,
            source_tenant: None,
        }
    }
}
