//! Severity levels and the spellings they are recognised by.

use serde::{Deserialize, Serialize};

/// A known severity, ordered: `Trace < Debug < Info < Warn < Error < Fatal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The canonical, lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// Recognises a level by any usual spelling, in any case: names, abbreviations, and the syslog
    /// severities as words or as the numbers 0 to 7 (RFC 5424, section 6.2.1).
    pub fn recognise(text: &str) -> Option<Self> {
        // Most senders write them so.
        let canonical = match text {
            "info" | "INFO" => Some(Self::Info),
            "warn" | "WARN" => Some(Self::Warn),
            "error" | "ERROR" => Some(Self::Error),
            "debug" | "DEBUG" => Some(Self::Debug),
            _ => None,
        };
        canonical.or_else(|| Self::recognise_spelling(text.trim()))
    }

    fn recognise_spelling(text: &str) -> Option<Self> {
        let mut lower = [0u8; 16];
        let bytes = lower.get_mut(..text.len())?;
        bytes.copy_from_slice(text.as_bytes());
        bytes.make_ascii_lowercase();
        Some(match &*bytes {
            b"trace" | b"trc" | b"finest" | b"verbose" => Self::Trace,
            b"debug" | b"dbg" | b"fine" | b"7" => Self::Debug,
            b"info" | b"inf" | b"information" | b"informational" | b"notice" | b"6" | b"5" => Self::Info,
            b"warn" | b"warning" | b"wrn" | b"4" => Self::Warn,
            b"error" | b"err" | b"severe" | b"3" => Self::Error,
            b"fatal" | b"critical" | b"crit" | b"alert" | b"emergency" | b"emerg" | b"panic" | b"2"
            | b"1" | b"0" => Self::Fatal,
            _ => return None,
        })
    }
}

/// The level as it is stored: canonical when it is known, otherwise as it came, lower-cased.
pub fn normalise(text: &str) -> String {
    match Level::recognise(text) {
        Some(level) => level.as_str().to_owned(),
        None => text.trim().to_lowercase(),
    }
}

/// Whether the level that is stored says all that its sender's text did. Another spelling, such as `NOTICE` or `30`, stays in
/// `metadata` besides.
pub(crate) fn is_usual(text: &str, stored: &str) -> bool {
    text.eq_ignore_ascii_case(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_by_severity() {
        assert!(Level::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn usual_spellings_are_recognised_in_any_case() {
        for (text, level) in [
            ("ERROR", Level::Error),
            ("Error", Level::Error),
            ("err", Level::Error),
            ("warning", Level::Warn),
            ("critical", Level::Fatal),
            ("notice", Level::Info),
            ("0", Level::Fatal),
            ("3", Level::Error),
            ("4", Level::Warn),
            ("6", Level::Info),
            ("7", Level::Debug),
        ] {
            assert_eq!(Level::recognise(text), Some(level), "{text}");
        }
    }

    #[test]
    fn an_unknown_level_is_kept_lower_cased() {
        assert_eq!(Level::recognise("AUDIT"), None);
        assert_eq!(normalise("AUDIT"), "audit");
        assert_eq!(normalise("a level longer than any known one"), "a level longer than any known one");
    }
}
