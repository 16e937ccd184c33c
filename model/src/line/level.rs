//! Levels as formats write them.

use std::borrow::Cow;

use crate::Level;
use crate::level::is_usual;

/// A word that names a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) level: Level,
    /// The word is as often one of the text: it must be marked as a level.
    pub(super) is_rare: bool,
}

/// How a word is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
    Mixed,
}

/// The level that a word names, in any case.
#[inline]
pub(super) fn of_word(word: &[u8]) -> Option<Name> {
    let mut lower = [0u8; 13];
    if word.len() < 3 {
        return None;
    }
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let common = |level| Some(Name { level, is_rare: false });
    let rare = |level| Some(Name { level, is_rare: true });
    match &*lower {
        b"info" | b"inf" | b"information" | b"informational" | b"notice" => common(Level::Info),
        b"error" | b"err" | b"eror" | b"erro" | b"severe" => common(Level::Error),
        b"warn" | b"warning" | b"wrn" => common(Level::Warn),
        b"debug" | b"dbg" | b"dbug" | b"debu" | b"ddebug" | b"debug1" | b"debug2" | b"debug3" | b"debug4"
        | b"debug5" => common(Level::Debug),
        b"trace" | b"trc" | b"trce" | b"verbose" | b"vrb" | b"finest" => common(Level::Trace),
        b"fatal" | b"fata" | b"ftl" | b"critical" | b"crit" | b"crt" | b"emerg" | b"dpanic" => {
            common(Level::Fatal)
        }
        b"log" | b"success" | b"note" | b"system" | b"default" => rare(Level::Info),
        b"fail" | b"failure" => rare(Level::Error),
        b"fine" | b"finer" | b"config" => rare(Level::Debug),
        b"alert" | b"emergency" | b"panic" | b"fault" => rare(Level::Fatal),
        _ => None,
    }
}

#[inline]
pub(super) fn case_of(word: &[u8]) -> Case {
    let upper = word.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let lower = word.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    match (upper, lower) {
        (_, 0) => Case::Upper,
        (0, _) => Case::Lower,
        (1, _) if word.first().is_some_and(u8::is_ascii_uppercase) => Case::Title,
        _ => Case::Mixed,
    }
}

/// Whether a member or pair says more than the level that was read from it, and so stays beside that.
pub(super) fn says_more(sent: &str, read: &str) -> bool {
    let stored = Level::recognise(read).map_or(read, |level| level.as_str());
    !is_usual(sent, stored)
}

/// The level of a column of one letter.
pub(super) fn of_letter(letter: u8) -> Option<Level> {
    Some(match letter {
        b'V' | b'T' => Level::Trace,
        b'D' => Level::Debug,
        b'I' | b'N' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'F' | b'C' => Level::Fatal,
        _ => return None,
    })
}

/// The level of a severity of syslog, 0 to 7.
pub(super) fn of_severity(digit: u8) -> Option<Level> {
    Level::recognise(str::from_utf8(&[digit]).ok()?)
}

/// A level that a member or pair holds: as it came where its spelling is known or nothing is known of it,
/// otherwise by its usual name.
pub(super) fn of_value(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let bare = text.trim();
    if bare.is_empty() {
        return None;
    }
    if Level::recognise(bare).is_some() {
        return Some(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        });
    }
    // Go's slog counts from its four levels: `INFO+2`.
    let name = bare.split(['+', '-']).next().unwrap_or(bare);
    let known = of_word(name.as_bytes()).map(|name| Cow::Borrowed(name.level.as_str()));
    Some(known.unwrap_or_else(|| Cow::Owned(bare.to_owned())))
}
