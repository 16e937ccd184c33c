//! The answer to a bulk request, written item by item while its documents are read.

use std::fmt::Write;

use super::action::Operation;
use super::filter::Filter;
use crate::EntryId;
use crate::entry::{Reason, Rejection};
use crate::json::string;

/// The items of an answer as JSON, as far as the client wants them.
#[derive(Debug)]
pub struct Answer {
    /// Behind room for what stands before them.
    items: Vec<u8>,
    /// Whether an item failed.
    pub errors: bool,
    took: bool,
    says_errors: bool,
    wanted: [Wanted; Operation::ALL.len()],
    frame: Frame,
    charged: usize,
}

/// Room for what stands before the items.
const HEAD: usize = 96;

/// Room made for items before they come.
const EXPECTED: usize = 256 << 10;

/// What the items of documents taken have in common, but for their ids: made once for those of one operation and index.
#[derive(Debug, Default)]
struct Frame {
    of: Option<(Operation, String)>,
    before: Vec<u8>,
    behind: Vec<u8>,
}

/// The operation of an item, its index, and the sender's id.
type Shown<'a> = (Operation, &'a str, Option<&'a str>);

/// Which members of an item are wanted.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    index: bool,
    id: bool,
    version: bool,
    result: bool,
    shards: bool,
    sequence: bool,
    status: bool,
    error_type: bool,
    error_reason: bool,
}

/// Why an item failed, in Elasticsearch's words.
#[derive(Debug)]
pub(super) struct Failure {
    status: u16,
    kind: &'static str,
    reason: String,
}

impl Failure {
    pub(super) fn append_only(operation: &str) -> Self {
        let reason = format!("logs are append-only: {operation} is not supported, use create");
        Self { status: 400, kind: "illegal_argument_exception", reason }
    }

    pub(super) fn of(rejection: &Rejection) -> Self {
        let kind = match rejection.kind {
            Reason::Limit => "illegal_argument_exception",
            Reason::Malformed | Reason::Field => "document_parsing_exception",
        };
        Self { status: 400, kind, reason: rejection.to_string() }
    }

    pub(super) fn rejection(&self) -> Rejection {
        Rejection::whole(self.reason.clone())
    }
}

impl Answer {
    pub(super) fn new(filter: &Filter) -> Self {
        let wanted = Operation::ALL.map(|operation| {
            let keeps = |member: &str| filter.keeps(&["items", operation.name(), member]);
            let error = |member: &str| filter.keeps(&["items", operation.name(), "error", member]);
            Wanted {
                index: keeps("_index"),
                id: keeps("_id"),
                version: keeps("_version"),
                result: keeps("result"),
                shards: keeps("_shards"),
                sequence: keeps("_seq_no"),
                status: keeps("status"),
                error_type: error("type"),
                error_reason: error("reason"),
            }
        });
        let (took, says_errors) = (filter.keeps(&["took"]), filter.keeps(&["errors"]));
        let items = vec![0; HEAD];
        Self { items, errors: false, took, says_errors, wanted, frame: Frame::default(), charged: 0 }
    }

    pub(super) fn created(&mut self, (operation, index, id): Shown<'_>, entry: EntryId) {
        let wanted = self.wanted[operation as usize];
        if self.frame.of.as_ref().is_none_or(|(of, name)| (*of, name.as_str()) != (operation, index)) {
            self.frame.make(operation, index, wanted);
        }
        let Frame { before, behind, .. } = &self.frame;
        if behind.is_empty() {
            return;
        }
        if self.items.len() > HEAD {
            self.items.push(b',');
        }
        self.items.extend_from_slice(before);
        match id {
            _ if !wanted.id => {}
            Some(id) => string::write(id, &mut self.items),
            None => {
                let mut quoted = [b'"'; 38];
                quoted[1..37].copy_from_slice(&entry.to_text());
                self.items.extend_from_slice(&quoted);
            }
        }
        self.items.extend_from_slice(behind);
    }

    pub(super) fn fail(&mut self, (operation, index, id): Shown<'_>, failure: &Failure) {
        self.errors = true;
        let wanted = self.wanted[operation as usize];
        let start = self.items.len();
        if start > HEAD {
            self.items.push(b',');
        }
        let items = &mut self.items;
        begin(operation, index, wanted, items);
        if wanted.id
            && let Some(id) = id
        {
            key("_id", items);
            string::write(id, items);
        }
        if wanted.status {
            key("status", items);
            items.extend_from_slice(failure.status.to_string().as_bytes());
        }
        if wanted.error_type || wanted.error_reason {
            key("error", items);
            items.push(b'{');
            if wanted.error_type {
                key("type", items);
                string::write(failure.kind, items);
            }
            if wanted.error_reason {
                key("reason", items);
                string::write(&failure.reason, items);
            }
            items.push(b'}');
        }
        // One without members is left out, as Elasticsearch does.
        if items.ends_with(b":{") {
            items.truncate(start);
        } else {
            items.extend_from_slice(b"}}");
        }
    }

    /// Makes room for as many items as long as the first.
    pub(super) fn expect(&mut self, items: usize) {
        let first = self.items.len() - HEAD + 1;
        self.items.reserve(items.saturating_mul(first).min(EXPECTED));
    }

    /// Bytes of memory taken since this was asked last.
    pub(super) fn take_growth(&mut self) -> usize {
        let grown = self.items.capacity().saturating_sub(self.charged);
        self.charged += grown;
        grown
    }

    /// The whole answer, for a request that took so many milliseconds: the bytes from the second on.
    pub fn finish(self, took: u128) -> (Vec<u8>, usize) {
        let mut head = String::from("{");
        if self.says_errors {
            let _ = write!(head, "\"errors\":{},", self.errors);
        }
        if self.took {
            let _ = write!(head, "\"took\":{took},");
        }
        let mut body = self.items;
        if body.len() > HEAD || self.wanted.iter().any(|wanted| wanted.index || wanted.status || wanted.id) {
            head.push_str("\"items\":[");
            body.push(b']');
        } else if head.ends_with(',') {
            head.pop();
        }
        body.push(b'}');
        // Before the items, where there is room for it: they are not copied.
        let start = HEAD.saturating_sub(head.len());
        if let Some(room) = body.get_mut(start..HEAD).filter(|room| room.len() == head.len()) {
            room.copy_from_slice(head.as_bytes());
        }
        (body, start)
    }
}

impl Frame {
    fn make(&mut self, operation: Operation, index: &str, wanted: Wanted) {
        self.of = Some((operation, index.to_owned()));
        self.before.clear();
        self.behind.clear();
        begin(operation, index, wanted, &mut self.before);
        if wanted.id {
            key("_id", &mut self.before);
        }
        let mut empty = self.before.ends_with(b":{");
        for (wanted, key, value) in [
            (wanted.version, "_version", "1"),
            (wanted.result, "result", r#""created""#),
            (wanted.shards, "_shards", r#"{"total":1,"successful":1,"failed":0}"#),
            (wanted.sequence, "_seq_no", "0"),
            (wanted.sequence, "_primary_term", "1"),
            (wanted.status, "status", "201"),
        ] {
            if wanted {
                let comma = if std::mem::take(&mut empty) { "" } else { "," };
                self.behind.extend_from_slice(format!("{comma}\"{key}\":{value}").as_bytes());
            }
        }
        // An item without members is left out, as Elasticsearch does.
        if !empty {
            self.behind.extend_from_slice(b"}}");
        }
    }
}

/// Begins an item.
fn begin(operation: Operation, index: &str, wanted: Wanted, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(operation.name().as_bytes());
    out.extend_from_slice(b"\":{");
    if wanted.index {
        key("_index", out);
        string::write(index, out);
    }
}

fn key(key: &str, out: &mut Vec<u8>) {
    if !out.ends_with(b"{") {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}
