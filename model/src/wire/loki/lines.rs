use std::borrow::Cow;

use crate::Timestamp;
use crate::entry::{Draft, Field, Limits, Members, Rejection};
use crate::line::{self, Context};
use crate::vocabulary::{self, Match};
use crate::wire::{CLOCK, Full, Sink};

/// Puts the lines of one push together, and hands them to its sink. Nothing is allocated for each.
pub(super) struct Lines<'a, 's> {
    sink: &'s mut dyn Sink,
    limits: Limits,
    tenant: Option<&'a str>,
    pub(super) labels: Labels<'a>,
    draft: Draft<'a>,
    number: u64,
    charged: usize,
}

/// What a stream says of all its lines, read once.
#[derive(Debug, Default)]
pub(super) struct Labels<'a> {
    /// Those that may be fields of the entry.
    named: Vec<(Match, Cow<'a, str>, Cow<'a, str>)>,
    others: Members,
    bytes: usize,
}

/// One line as its encoding has it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) time: Option<Timestamp>,
    pub(super) text: Cow<'a, str>,
    /// Bytes of its structured metadata as it was sent.
    pub(super) metadata_bytes: usize,
}

impl<'a, 's> Lines<'a, 's> {
    pub(super) fn new(tenant: Option<&'a str>, sink: &'s mut dyn Sink) -> Self {
        let limits = *sink.limits();
        let (labels, draft) = (Labels::default(), Draft::default());
        Self { sink, limits, tenant, labels, draft, number: 0, charged: 0 }
    }

    /// Takes the next line; `add_metadata` adds what it has beside its text.
    pub(super) fn take(
        &mut self,
        line: Result<Line<'a>, Rejection>,
        add_metadata: impl FnOnce(&mut Extra<'a, '_>) -> Result<(), Rejection>,
    ) -> Result<(), Full> {
        self.number += 1;
        match line.and_then(|line| self.write(line, add_metadata)) {
            Ok(()) => drop(self.sink.take(self.number, None, &mut self.draft)?),
            Err(rejection) => self.sink.reject(self.number, rejection)?,
        }
        let held = self.draft.capacity() + self.labels.others.capacity();
        if held > self.charged {
            let more = held - self.charged;
            self.charged = held;
            self.sink.charge(more)?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        line: Line<'a>,
        add_metadata: impl FnOnce(&mut Extra<'a, '_>) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        // Labels are not copied for a line that is refused.
        self.limits.check_size(self.labels.bytes + line.text.len() + line.metadata_bytes)?;
        self.draft.clear();
        self.draft.metadata().extend(&self.labels.others);
        for (found, name, text) in &self.labels.named {
            self.draft.named(*found, name.clone(), text.clone());
        }
        add_metadata(&mut Extra { draft: &mut self.draft, labels: &self.labels })?;
        if !self.draft.has(Field::Level) {
            // No label says it: the line itself may.
            let context = Context { now: self.sink.received_at(), offset_seconds: 0 };
            if let Some(level) = line::recognise(&line.text, &context).severity() {
                self.draft.set_level(level);
            }
        }
        self.draft.set(Field::Message, line.text);
        if let Some(time) = line.time {
            self.draft.set_time_in(time, CLOCK);
        }
        if let Some(tenant) = self.tenant {
            self.draft.metadata().free_key("tenant");
            self.draft.metadata().push_string(tenant);
        }
        Ok(())
    }
}

impl<'a> Labels<'a> {
    pub(super) fn clear(&mut self) {
        self.named.clear();
        self.others.clear();
        self.bytes = 0;
    }

    pub(super) fn add(&mut self, name: Cow<'a, str>, text: Cow<'a, str>) {
        self.bytes += name.len() + text.len();
        let Some(found) = vocabulary::find(&name) else { return self.others.string(&name, &text) };
        match self.named.iter_mut().find(|(_, known, _)| *known == name) {
            Some((_, _, known)) => *known = text,
            None => self.named.push((found, name, text)),
        }
    }

    /// To be called once all are added.
    pub(super) fn settle(&mut self) {
        self.others.settle();
    }
}

/// Takes a line's structured metadata.
#[derive(Debug)]
pub(super) struct Extra<'a, 'd> {
    draft: &'d mut Draft<'a>,
    labels: &'d Labels<'a>,
}

impl<'a> Extra<'a, '_> {
    pub(super) fn add(&mut self, mut name: Cow<'a, str>, text: Cow<'a, str>) {
        if let Some(found) = vocabulary::find(&name) {
            return self.draft.named(found, name, text);
        }
        // As Loki itself names it.
        if self.labels.others.has_key(&name) {
            name.to_mut().push_str("_extracted");
        }
        self.draft.metadata().string(&name, &text);
    }
}
