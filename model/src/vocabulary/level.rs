//! Levels as foreign formats write them.

use crate::Level;

/// A level by name or syslog number, or by the numbers of pino and bunyan: 10 for trace to 60 for fatal.
pub fn recognise(text: &str) -> Option<Level> {
    Level::recognise(text).or_else(|| {
        Some(match text.trim() {
            "10" => Level::Trace,
            "20" => Level::Debug,
            "30" => Level::Info,
            "40" => Level::Warn,
            "50" => Level::Error,
            "60" => Level::Fatal,
            _ => return None,
        })
    })
}
