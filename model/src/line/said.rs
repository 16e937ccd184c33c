//! What a message says of the fields that its sender left open.

use std::borrow::Cow;

use super::{Context, recognise};
use crate::{Level, Timestamp};

/// The fields that a sender left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    pub level: bool,
    pub time: bool,
}

impl Open {
    pub fn any(self) -> bool {
        self.level || self.time
    }
}

/// What a message says of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The canonical name, or an unknown one as it came.
    pub level: Option<Cow<'static, str>>,
    pub time: Option<Timestamp>,
}

/// Reads a message of text as [`recognise`] does.
pub fn said(message: &str, open: Open, now: Timestamp) -> Said {
    // Times that name no zone are in UTC.
    let line = recognise(message, &Context { now, offset_seconds: 0 });
    let level =
        line.level.filter(|level| open.level && !level.is_empty()).map(|level| {
            match Level::recognise(&level) {
                Some(known) => Cow::Borrowed(known.as_str()),
                None => Cow::Owned(level.into_owned()),
            }
        });
    Said { level, time: line.timestamp.filter(|_| open.time) }
}
