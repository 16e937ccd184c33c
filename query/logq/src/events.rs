//! Server-sent events of the live tail.

use reqwest::Response;
use serde::Deserialize;

use crate::lines::Lines;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Ready { from: String },
    Entry(String),
    Dropped { count: u64 },
}

#[derive(Debug, Deserialize)]
struct Ready {
    from: String,
}

#[derive(Debug, Deserialize)]
struct Dropped {
    count: u64,
}

#[derive(Debug)]
pub(crate) struct Events<B> {
    body: B,
    lines: Lines,
    name: String,
    data: String,
    ready: std::collections::VecDeque<Event>,
}

impl<B> Events<B> {
    pub(crate) fn new(body: B) -> Self {
        Self {
            body,
            lines: Lines::default(),
            name: String::new(),
            data: String::new(),
            ready: Default::default(),
        }
    }

    /// Whether an event is there without waiting.
    pub(crate) fn has_next(&self) -> bool {
        !self.ready.is_empty()
    }

    fn push(&mut self, piece: &[u8]) {
        self.lines.push(piece);
        while let Some(line) = self.lines.next() {
            if line.is_empty() {
                let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
                self.ready.extend(event(&name, data));
            } else if let Some(name) = line.strip_prefix("event:") {
                name.trim().clone_into(&mut self.name);
            } else if let Some(data) = line.strip_prefix("data:") {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
            }
        }
    }
}

impl Events<Response> {
    /// The next event; `None` where the server ended the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, reqwest::Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.body.chunk().await? {
                Some(piece) => self.push(&piece),
                None => return Ok(None),
            }
        }
    }
}

/// `None` for events of a newer server.
fn event(name: &str, data: String) -> Option<Event> {
    match name {
        "entry" => Some(Event::Entry(data)),
        "ready" => serde_json::from_str::<Ready>(&data).ok().map(|ready| Event::Ready { from: ready.from }),
        "dropped" => {
            serde_json::from_str::<Dropped>(&data).ok().map(|dropped| Event::Dropped { count: dropped.count })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_whatever_their_pieces() {
        let text = "event: ready\ndata: {\"from\":\"x\"}\n\n: heartbeat\n\nevent: entry\ndata: {\"m\":1}\n\n\
                    event: later\ndata: 1\n\nevent:dropped\ndata:{\"count\":7}\n\n";
        for size in [1, 3, 1_000] {
            let mut events = Events::new(());
            text.as_bytes().chunks(size).for_each(|piece| events.push(piece));
            let expected = [
                Event::Ready { from: "x".to_owned() },
                Event::Entry("{\"m\":1}".to_owned()),
                Event::Dropped { count: 7 },
            ];
            assert_eq!(Vec::from(events.ready), expected);
        }
    }
}
