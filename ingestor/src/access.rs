//! Who may send, and by which way.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use logpipeline_access::require::Gate;
use logpipeline_access::tls::TlsArgs;
use logpipeline_access::tokens::{Schemes, Tokens};
use logpipeline_access::watched::AccessError;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Access")]
pub struct AccessArgs {
    /// File of the tokens of those who may send, NAME:TOKEN a line; read again when it changes. Give the flag several
    /// times, or separate files by commas
    #[arg(long, env = "LOGPIPELINE_TOKENS_FILE", value_name = "FILE", value_delimiter = ',')]
    pub tokens_file: Vec<PathBuf>,

    /// Let anybody send, without a token
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
        "no access policy: pass --tokens-file FILE with the tokens of senders, or --insecure to accept entries from anyone"
    )]
    Nobody,
    #[error(
        "--insecure and --tokens-file exclude each other: leave out --insecure to ask for a token, or --tokens-file to let anybody send"
    )]
    Both,
}

impl AccessArgs {
    pub fn check(&self) -> Result<(), InvalidAccess> {
        match (self.tokens_file.is_empty(), self.insecure) {
            (true, false) => Err(InvalidAccess::Nobody),
            (false, true) => Err(InvalidAccess::Both),
            _ => Ok(()),
        }
    }

    /// Who may send; `None` where anybody may.
    pub fn gate(&self) -> Result<Option<Gate>, AccessError> {
        if self.tokens_file.is_empty() {
            return Ok(None);
        }
        Ok(Some(Gate { tokens: Tokens::open(&self.tokens_file)?, schemes: Schemes::BearerOrBasic }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_send_is_said_in_one_way() {
        let check = |tokens: &[&str], insecure| {
            let tokens_file = tokens.iter().map(PathBuf::from).collect();
            AccessArgs { tokens_file, insecure, ..AccessArgs::default() }.check()
        };
        assert_eq!(check(&["tokens"], false), Ok(()));
        assert_eq!(check(&[], true), Ok(()));
        assert_eq!(check(&[], false), Err(InvalidAccess::Nobody));
        assert_eq!(check(&["tokens"], true), Err(InvalidAccess::Both));
    }
}
