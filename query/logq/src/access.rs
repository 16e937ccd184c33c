//! As whom the server is asked, and which one is trusted.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Certificate;
use reqwest::header::HeaderValue;

use crate::failure::Failure;

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Access")]
pub(crate) struct AccessArgs {
    /// File with the token to show the server; or the token itself in LOGQ_TOKEN
    #[arg(long, global = true, env = "LOGQ_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Who to sign in as, where people do
    #[arg(long, global = true, env = "LOGQ_USER", value_name = "NAME")]
    user: Option<String>,

    /// File with the password; or the password itself in LOGQ_PASSWORD
    #[arg(long, global = true, env = "LOGQ_PASSWORD_FILE", value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// PEM file with authorities to trust, besides the public ones, for https://
    #[arg(long, global = true, env = "LOGQ_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// How to say who asks.
pub(crate) enum Credentials {
    None,
    /// The header `Authorization`, and where it is from.
    Token {
        header: HeaderValue,
        from: String,
    },
    User {
        name: String,
        password: String,
    },
}

/// Nothing of what is secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Token { from, .. } => f.debug_tuple("Token").field(from).finish(),
            Self::User { name, .. } => f.debug_tuple("User").field(name).finish(),
        }
    }
}

impl AccessArgs {
    /// Reads the files and variables that hold secrets.
    pub(crate) fn credentials(&self) -> Result<Credentials, Failure> {
        let token = Secret::read("--token-file", self.token_file.as_deref(), "LOGQ_TOKEN")?;
        let user = self.user.as_deref().filter(|name| !name.is_empty());
        match (token, user) {
            (None, None) if self.password_file.is_some() => Err(Failure::Usage(
                "--password-file is the password of --user NAME; give that too".to_owned(),
            )),
            (None, None) => Ok(Credentials::None),
            (Some(token), None) => token.into_header(),
            (None, Some(name)) => {
                let password =
                    Secret::read("--password-file", self.password_file.as_deref(), "LOGQ_PASSWORD")?;
                let Some(Secret { text, .. }) = password else {
                    let advice = "give --password-file FILE, or the password in LOGQ_PASSWORD";
                    return Err(Failure::Usage(format!("--user {name} needs a password: {advice}")));
                };
                Ok(Credentials::User { name: name.to_owned(), password: text })
            }
            (Some(token), Some(name)) => Err(Failure::Usage(format!(
                "there are a token ({}) and a user (--user {name}): leave out one of them",
                token.from
            ))),
        }
    }

    /// The authorities to trust besides the public ones.
    pub(crate) fn authorities(&self) -> Result<Vec<Certificate>, Failure> {
        let Some(path) = &self.ca_file else { return Ok(Vec::new()) };
        let wrong = |problem: String| Failure::Usage(format!("--ca-file {}: {problem}", path.display()));
        let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
        match Certificate::from_pem_bundle(&pem) {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            _ => Err(wrong(
                "it holds no certificate as PEM, which begins with -----BEGIN CERTIFICATE-----".to_owned(),
            )),
        }
    }
}

struct Secret {
    text: String,
    /// The flag or variable that gave it.
    from: String,
}

impl Secret {
    /// What the file holds without the line break that ends it, or else the variable.
    fn read(flag: &str, path: Option<&Path>, variable: &str) -> Result<Option<Self>, Failure> {
        let Some(path) = path else {
            // A variable that is set to nothing is not set.
            let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
            return Ok(text.map(|text| Self { text, from: variable.to_owned() }));
        };
        let from = format!("{flag} {}", path.display());
        let text = fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{from}: {error}")))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text).to_owned();
        if text.is_empty() {
            return Err(Failure::Usage(format!("{from}: the file is empty")));
        }
        Ok(Some(Self { text, from }))
    }

    fn into_header(self) -> Result<Credentials, Failure> {
        let token = self.text.trim();
        let visible = token.bytes().all(|byte| byte.is_ascii_graphic());
        match HeaderValue::from_str(&format!("Bearer {token}")) {
            Ok(mut header) if visible => {
                header.set_sensitive(true);
                Ok(Credentials::Token { header, from: self.from })
            }
            _ => Err(Failure::Usage(format!("{}: a token is one line of visible characters", self.from))),
        }
    }
}
