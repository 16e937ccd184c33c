//! The flags.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::builder::BoolishValueParser;
use logpipeline_access::sessions::{KeyError, Sessions};
use logpipeline_access::throttle::Throttle;
use logpipeline_access::tls::TlsArgs;
use logpipeline_access::tokens::Tokens;
use logpipeline_access::users::Users;
use logpipeline_access::watched;

use super::{Access, Guard};

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Access")]
pub struct AccessArgs {
    /// File of those who may sign in, NAME:HASH a line, the hash as `logpipeline-query hash-password` prints it; read
    /// again when it changes
    #[arg(long, env = "LOGPIPELINE_USERS_FILE", value_name = "FILE")]
    pub users_file: Option<PathBuf>,

    /// File of the tokens of programs that may search, NAME:TOKEN a line; read again when it changes. Give the flag
    /// several times, or separate files by commas
    #[arg(long, env = "LOGPIPELINE_TOKENS_FILE", value_name = "FILE", value_delimiter = ',')]
    pub tokens_file: Vec<PathBuf>,

    /// File with the key that signs sessions, 32 bytes or more: servers with the same one know each other's. Without
    /// it, sessions end with the process
    #[arg(long, env = "LOGPIPELINE_SESSION_KEY_FILE", value_name = "FILE")]
    pub session_key_file: Option<PathBuf>,

    /// Let anybody search, without signing in
    #[arg(
        long, env = "LOGPIPELINE_INSECURE", num_args = 0..=1, default_missing_value = "true", default_value = "false",
        hide_default_value = true, hide_possible_values = true, require_equals = true, action = clap::ArgAction::Set,
        value_name = "BOOL", value_parser = BoolishValueParser::new()
    )]
    pub insecure: bool,

    #[command(flatten)]
    pub tls: TlsArgs,
}

/// Flags that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccess {
    #[error(
        "no access policy: pass --users-file FILE for people, --tokens-file FILE for programs, or both; or --insecure to let anyone search"
    )]
    Nobody,
    #[error(
        "--insecure and {given} exclude each other: leave out --insecure to ask who it is, or {given} to let anybody search"
    )]
    Both { given: &'static str },
    #[error(
        "--session-key-file is for the sessions of people, and there are none without --users-file: give that too, or leave it out"
    )]
    NoSessions,
}

/// Why it cannot be known who may search.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error(transparent)]
    Invalid(#[from] InvalidAccess),
    #[error("failed to load the access policy: {0}")]
    File(#[from] watched::AccessError),
    #[error("failed to set up sessions: {0}")]
    Key(#[from] KeyError),
}

impl AccessArgs {
    fn check(&self) -> Result<(), InvalidAccess> {
        let given =
            [("--users-file", self.users_file.is_some()), ("--tokens-file", !self.tokens_file.is_empty())];
        match (given.into_iter().find(|(_, given)| *given), self.insecure) {
            (None, false) => Err(InvalidAccess::Nobody),
            (Some((given, _)), true) => Err(InvalidAccess::Both { given }),
            _ if self.session_key_file.is_some() && self.users_file.is_none() => {
                Err(InvalidAccess::NoSessions)
            }
            _ => Ok(()),
        }
    }

    /// Who may search.
    ///
    /// # Errors
    /// Flags that do not go together, and files that cannot be read or make no sense.
    pub fn open(&self) -> Result<Access, AccessError> {
        self.check()?;
        if self.insecure {
            return Ok(Access::Anybody);
        }
        Ok(Access::Known(Arc::new(Guard {
            users: self.users_file.as_deref().map(Users::open).transpose()?,
            tokens: Tokens::open(&self.tokens_file)?,
            sessions: Sessions::open(self.session_key_file.as_deref())?,
            throttle: Throttle::default(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_search_is_said_in_one_way() {
        let check = |users: bool, tokens: bool, key: bool, insecure: bool| {
            let file = |given: bool| given.then(|| PathBuf::from("file"));
            let tokens_file = file(tokens).into_iter().collect();
            let tls = TlsArgs::default();
            AccessArgs { users_file: file(users), tokens_file, session_key_file: file(key), insecure, tls }
                .check()
        };
        assert_eq!(check(true, false, false, false), Ok(()));
        assert_eq!(check(false, true, false, false), Ok(()));
        assert_eq!(check(true, true, true, false), Ok(()));
        assert_eq!(check(false, false, false, true), Ok(()));
        assert_eq!(check(false, false, false, false), Err(InvalidAccess::Nobody));
        assert_eq!(check(true, true, false, true), Err(InvalidAccess::Both { given: "--users-file" }));
        assert_eq!(check(false, true, false, true), Err(InvalidAccess::Both { given: "--tokens-file" }));
        assert_eq!(check(false, true, true, false), Err(InvalidAccess::NoSessions));
        assert_eq!(check(false, false, true, true), Err(InvalidAccess::NoSessions));
    }
}
