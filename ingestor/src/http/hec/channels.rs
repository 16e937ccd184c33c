//! Channels of indexer acknowledgement: which ids were given out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::answer::Answer;
use super::channel_header;
use crate::http::query::Parameters;
use crate::http::take::Head;

/// So many channels are known; with more, the one that was used least lately is forgotten.
const MOST: usize = 10_000;
/// Splunk's channels are UUIDs.
const LONGEST: usize = 128;

/// A sender's channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Channel {
    sender: String,
    name: String,
}

impl Channel {
    pub(super) fn of(head: &Head, query: &Parameters) -> Result<Option<Self>, Answer> {
        let Some(name) = channel_header(&head.headers).or_else(|| query.get("channel")) else {
            return if query.has("channel") { Err(Answer::WRONG_CHANNEL) } else { Ok(None) };
        };
        if name.is_empty() || name.len() > LONGEST || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Answer::WRONG_CHANNEL);
        }
        let sender = head.sender.as_ref().map_or("", |sender| sender.as_str()).to_owned();
        Ok(Some(Self { sender, name: name.to_owned() }))
    }
}

/// How many ids each channel was given. An id is given out once its events are on disk, so that nothing is to be known of one
/// but that the next is another.
#[derive(Debug, Default)]
pub(super) struct Channels(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    channels: BTreeMap<Channel, Issued>,
    /// By when they were used last.
    used: BTreeMap<u64, Channel>,
    clock: u64,
}

#[derive(Debug, Clone, Copy)]
struct Issued {
    ids: u64,
    used: u64,
}

impl Channels {
    /// The next id of a channel, from 0.
    pub(super) fn issue(&self, channel: Channel) -> u64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.clock += 1;
        let now = known.clock;
        let before = known.channels.get(&channel).copied();
        if let Some(before) = before {
            known.used.remove(&before.used);
        } else if known.channels.len() >= MOST
            && let Some((_, oldest)) = known.used.pop_first()
        {
            known.channels.remove(&oldest);
        }
        let id = before.map_or(0, |before| before.ids);
        known.used.insert(now, channel.clone());
        known.channels.insert(channel, Issued { ids: id + 1, used: now });
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str) -> Channel {
        Channel { sender: "shop".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn ids_count_by_channel_and_sender() {
        let channels = Channels::default();
        let other = Channel { sender: "pay".to_owned(), ..channel("a") };
        let issued = [channel("a"), channel("a"), channel("b"), other].map(|channel| channels.issue(channel));
        assert_eq!(issued, [0, 1, 0, 0]);
    }

    #[test]
    fn the_channel_that_was_used_least_lately_is_forgotten() {
        let channels = Channels::default();
        for number in 0..MOST {
            channels.issue(channel(&number.to_string()));
        }
        channels.issue(channel("0"));
        channels.issue(channel("new"));
        {
            let known = channels.0.lock().unwrap();
            assert_eq!((known.channels.len(), known.used.len()), (MOST, MOST));
        }
        assert_eq!((channels.issue(channel("0")), channels.issue(channel("1"))), (2, 0));
    }
}
