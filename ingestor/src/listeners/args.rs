//! Which ports beyond the one of HTTP are served.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use logpipeline_service::units::parse_duration;

use crate::access::AccessArgs;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Listeners")]
pub struct ListenerArgs {
    /// Address to take syslog on by UDP; without the flag, none
    #[arg(long, env = "LOGPIPELINE_SYSLOG_UDP_LISTEN", value_name = "ADDRESS")]
    pub syslog_udp_listen: Option<SocketAddr>,

    /// Address to take syslog on by TCP
    #[arg(long, env = "LOGPIPELINE_SYSLOG_TCP_LISTEN", value_name = "ADDRESS")]
    pub syslog_tcp_listen: Option<SocketAddr>,

    /// Address to take syslog on by TLS, with the certificate of --tls-certificate-file
    #[arg(long, env = "LOGPIPELINE_SYSLOG_TLS_LISTEN", value_name = "ADDRESS")]
    pub syslog_tls_listen: Option<SocketAddr>,

    /// Zone of syslog times that name none, as an offset from UTC such as +02:00
    #[arg(
        long, env = "LOGPIPELINE_SYSLOG_TIMEZONE", value_name = "OFFSET", default_value = "+00:00",
        value_parser = parse_offset, allow_hyphen_values = true
    )]
    pub syslog_timezone: i32,

    /// Address to take RELP on
    #[arg(long, env = "LOGPIPELINE_RELP_LISTEN", value_name = "ADDRESS")]
    pub relp_listen: Option<SocketAddr>,

    /// Address to take GELF on by TCP
    #[arg(long, env = "LOGPIPELINE_GELF_TCP_LISTEN", value_name = "ADDRESS")]
    pub gelf_tcp_listen: Option<SocketAddr>,

    /// Address to take GELF on by UDP
    #[arg(long, env = "LOGPIPELINE_GELF_UDP_LISTEN", value_name = "ADDRESS")]
    pub gelf_udp_listen: Option<SocketAddr>,

    /// Address to take Fluent's forward protocol on
    #[arg(long, env = "LOGPIPELINE_FORWARD_LISTEN", value_name = "ADDRESS")]
    pub forward_listen: Option<SocketAddr>,

    /// File of the key that senders of the forward protocol must share
    #[arg(
        long,
        env = "LOGPIPELINE_FORWARD_SHARED_KEY_FILE",
        value_name = "FILE",
        requires = "forward_listen"
    )]
    pub forward_shared_key_file: Option<PathBuf>,

    /// Address to take Lumberjack on, as Beats and Logstash speak it
    #[arg(long, env = "LOGPIPELINE_LUMBERJACK_LISTEN", value_name = "ADDRESS")]
    pub lumberjack_listen: Option<SocketAddr>,

    /// How long a connection of a listener may be silent
    #[arg(long, env = "LOGPIPELINE_LISTENER_IDLE_TIMEOUT", value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub listener_idle_timeout: Duration,

    /// Let listeners of protocols that have no tokens take entries from anybody, though HTTP asks for a token
    #[arg(
        long, env = "LOGPIPELINE_ALLOW_ANONYMOUS_LISTENERS", num_args = 0..=1, default_missing_value = "true",
        default_value = "false", hide_default_value = true, hide_possible_values = true, require_equals = true,
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = BoolishValueParser::new()
    )]
    pub allow_anonymous_listeners: bool,
}

/// Flags that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidListeners {
    #[error(
        "{flag} lets anybody send, for the protocol has no tokens, but --tokens-file asks for them: give --allow-anonymous-listeners if only trusted senders reach that port, or leave {flag} out"
    )]
    Anonymous { flag: &'static str },
    #[error("--syslog-tls-listen needs --tls-certificate-file and --tls-key-file")]
    NoCertificate,
    #[error("--listener-idle-timeout is too small: it must not be 0")]
    IdleTimeout,
}

impl ListenerArgs {
    pub fn check(&self, access: &AccessArgs) -> Result<(), InvalidListeners> {
        if self.syslog_tls_listen.is_some() && access.tls.tls_certificate_file.is_none() {
            return Err(InvalidListeners::NoCertificate);
        }
        if self.listener_idle_timeout.is_zero() {
            return Err(InvalidListeners::IdleTimeout);
        }
        match self.anonymous().find(|(_, address)| address.is_some()) {
            Some((flag, _)) if !access.tokens_file.is_empty() && !self.allow_anonymous_listeners => {
                Err(InvalidListeners::Anonymous { flag })
            }
            _ => Ok(()),
        }
    }

    /// Listeners of protocols whose senders cannot say who they are.
    fn anonymous(&self) -> impl Iterator<Item = (&'static str, Option<SocketAddr>)> {
        [
            ("--syslog-udp-listen", self.syslog_udp_listen),
            ("--syslog-tcp-listen", self.syslog_tcp_listen),
            ("--syslog-tls-listen", self.syslog_tls_listen),
            ("--relp-listen", self.relp_listen),
            ("--gelf-tcp-listen", self.gelf_tcp_listen),
            ("--gelf-udp-listen", self.gelf_udp_listen),
            ("--forward-listen", self.forward_listen.filter(|_| self.forward_shared_key_file.is_none())),
            ("--lumberjack-listen", self.lumberjack_listen),
        ]
        .into_iter()
    }
}

/// Seconds east of UTC.
fn parse_offset(text: &str) -> Result<i32, String> {
    let wrong = || format!("{text:?} is no offset from UTC such as +02:00, -03:30 or Z");
    if matches!(text, "Z" | "UTC") {
        return Ok(0);
    }
    let (sign, rest) = match text.split_at_checked(1).ok_or_else(wrong)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
    let number = |digits: &str, most: i32| {
        let digits = Some(digits).filter(|text| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse::<i32>().ok())
            .filter(|number| *number <= most)
            .ok_or_else(wrong)
    };
    Ok(sign * (number(hours, 23)? * 3_600 + number(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Config;

    fn check(arguments: &[&str]) -> Result<(), String> {
        let config = Config::try_parse_from([&["logpipeline-ingestor"], arguments].concat());
        config.map_err(|error| error.to_string())?.check().map_err(|error| error.to_string())
    }

    #[test]
    fn protocols_without_tokens_stand_beside_tokens_only_where_that_is_said() {
        for flag in [
            "--syslog-udp-listen",
            "--syslog-tcp-listen",
            "--relp-listen",
            "--gelf-udp-listen",
            "--forward-listen",
            "--lumberjack-listen",
        ] {
            let address = "127.0.0.1:0";
            assert_eq!(check(&["--insecure", flag, address]), Ok(()));
            let error = check(&["--tokens-file=tokens", flag, address]).unwrap_err();
            assert!(error.starts_with(&format!("{flag} lets anybody send")), "{error}");
            let allowed = ["--tokens-file=tokens", "--allow-anonymous-listeners", flag, address];
            assert_eq!(check(&allowed), Ok(()));
        }
        assert_eq!(check(&["--tokens-file=tokens"]), Ok(()));
        let shared =
            ["--tokens-file=tokens", "--forward-listen=127.0.0.1:0", "--forward-shared-key-file=key"];
        assert_eq!(check(&shared), Ok(()));
    }

    #[test]
    fn syslog_by_tls_needs_a_certificate() {
        let error = check(&["--insecure", "--syslog-tls-listen=127.0.0.1:0"]).unwrap_err();
        assert_eq!(error, "--syslog-tls-listen needs --tls-certificate-file and --tls-key-file");
    }

    #[test]
    fn zones_are_offsets() {
        for (text, seconds) in
            [("+00:00", 0), ("Z", 0), ("+02:00", 7_200), ("-03:30", -12_600), ("+14:00", 50_400)]
        {
            assert_eq!(parse_offset(text), Ok(seconds), "{text}");
        }
        for text in ["", "2", "+2:00", "+0200", "+24:00", "+01:60", "Europe/Berlin", "+-1:00", "é1:00"] {
            assert!(parse_offset(text).unwrap_err().contains("is no offset from UTC"), "{text}");
        }
        assert!(check(&["--insecure", "--syslog-timezone", "-03:30"]).is_ok());
    }
}
