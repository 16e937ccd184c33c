use super::any::{Any, Container};
use super::record::Record;
use super::shared::Shared;
use crate::entry::{Draft, Limits, Rejection};
use crate::wire::{Full, Sink};

/// Puts the entries of one request together, and hands them to its sink. Nothing is allocated for each.
pub(super) struct Entries<'a, 's> {
    sink: &'s mut dyn Sink,
    pub(super) limits: Limits,
    pub(super) shared: Shared<'a>,
    record: Record<'a>,
    draft: Draft<'a>,
    number: u64,
    charged: usize,
}

impl<'a, 's> Entries<'a, 's> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        let limits = *sink.limits();
        Self {
            sink,
            limits,
            shared: Shared::default(),
            record: Record::default(),
            draft: Draft::default(),
            number: 0,
            charged: 0,
        }
    }

    /// Takes the next record, of so many bytes. `read` fills the draft with its attributes and the record with all else but its
    /// body, which it returns.
    pub(super) fn record<C: Container>(
        &mut self,
        bytes: usize,
        read: impl FnOnce(&mut Record<'a>, &mut Draft<'a>, &Limits) -> Result<Any<'a, C>, Rejection>,
    ) -> Result<(), Full> {
        self.number += 1;
        let written = self.write(bytes, read);
        match written {
            Ok(()) => drop(self.sink.take(self.number, None, &mut self.draft)?),
            Err(rejection) => self.sink.reject(self.number, rejection)?,
        }
        self.charge_held()
    }

    fn write<C: Container>(
        &mut self,
        bytes: usize,
        read: impl FnOnce(&mut Record<'a>, &mut Draft<'a>, &Limits) -> Result<Any<'a, C>, Rejection>,
    ) -> Result<(), Rejection> {
        if let Some(fault) = &self.shared.resource.fault {
            return Err(fault.clone());
        }
        self.limits.check_size(bytes)?;
        self.draft.clear();
        self.record = Record::default();
        let body = read(&mut self.record, &mut self.draft, &self.limits)?;
        let now = self.sink.received_at();
        self.record.finish(body, &self.shared, &mut self.draft, &self.limits, now)
    }

    /// Charges what is held to put entries together, where it has grown.
    fn charge_held(&mut self) -> Result<(), Full> {
        let held = self.shared.capacity() + self.draft.capacity();
        if held > self.charged {
            let more = held - self.charged;
            self.charged = held;
            self.sink.charge(more)?;
        }
        Ok(())
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), Full> {
        self.sink.charge(bytes)
    }
}
