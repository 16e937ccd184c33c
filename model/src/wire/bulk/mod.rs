//! Elasticsearch's bulk format: lines in pairs, an action and its document.

mod action;
mod answer;
mod filter;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use filter::Filter;

use action::{Action, Operation};
use answer::Failure;

use super::{Sink, Unreadable};
use crate::entry::{Extra, ForeignObject, Room};

/// The index of items that name none.
pub const DEFAULT_INDEX: &str = "logs";

/// Hands the documents of a bulk request to the sink, and writes the items of the answer, those of it that `filter` keeps.
///
/// `index` is the one in the request's path. A document's index becomes `metadata.index`; its `_id`, with the index, the key of the
/// entry. Logs are append-only, so that updates and deletions fail, each alone. Blank lines are passed over.
pub fn read(
    body: &[u8],
    index: Option<&str>,
    filter: &Filter,
    sink: &mut dyn Sink,
) -> Result<Answer, Unreadable> {
    let mut lines = Lines { rest: body, number: 0 };
    let mut answer = Answer::new(filter);
    let mut key = Vec::new();
    let mut item = 0;
    let mut room = Room::default();
    let mut last: Option<(&[u8], Action<'_>)> = None;
    while let Some(line) = lines.next() {
        let number = lines.number;
        // Most senders write all their actions alike.
        let (_, action) = match last.take() {
            Some(same) if same.0 == line => last.insert(same),
            _ => {
                let malformed = |reason| Unreadable::Malformed(format!("line {number}: {reason}"));
                last.insert((line, Action::read(line).map_err(malformed)?))
            }
        };
        item += 1;
        let index = action.index.as_deref().or(index);
        let shown = (action.operation, index.unwrap_or(DEFAULT_INDEX), action.id.as_deref());
        match action.operation {
            Operation::Delete => {
                sink.reject(item, Failure::append_only("delete").rejection())?;
                answer.fail(shown, &Failure::append_only("delete"));
            }
            operation => {
                let Some(document) = lines.next() else {
                    return Err(Unreadable::Malformed(format!(
                        "line {number}: the action has no document behind it; the request ends there"
                    )));
                };
                if operation == Operation::Update {
                    sink.reject(item, Failure::append_only("update").rejection())?;
                    answer.fail(shown, &Failure::append_only("update"));
                } else {
                    let free = std::mem::take(&mut room);
                    let verdict = match ForeignObject::read_within(free, document, sink.limits()) {
                        Ok(mut entry) => {
                            if let Some(text) = index {
                                entry.add(Extra { key: "index", text });
                            }
                            entry.read_message(sink.received_at());
                            let key = action.key(index, &mut key);
                            let verdict = sink.take(item, key, &mut entry)?;
                            room = entry.into_room();
                            verdict
                        }
                        Err(rejection) => {
                            sink.reject(item, rejection.clone())?;
                            Err(rejection)
                        }
                    };
                    match verdict {
                        Ok(id) => answer.created(shown, id),
                        Err(rejection) => answer.fail(shown, &Failure::of(&rejection)),
                    }
                }
            }
        }
        if item == 1 {
            // Of many items alike, the answer is about so long.
            answer.expect(body.len() / (body.len() - lines.rest.len()).max(1));
        }
        let grown = answer.take_growth();
        if grown > 0 {
            sink.charge(grown)?;
        }
    }
    Ok(answer)
}

/// The lines that are not blank.
struct Lines<'a> {
    rest: &'a [u8],
    /// Of the line given last, from 1.
    number: u64,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
            let (line, rest) = self.rest.split_at(end);
            self.rest = rest.get(1..).unwrap_or_default();
            self.number += 1;
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    }
}
