use std::time::Duration;

use super::{Limits, Rejection, Stamp};
use crate::Timestamp;

/// An entry that was read from its sender's format, before it has an id.
pub trait Incoming {
    /// The time that the sender gave it.
    fn time(&self) -> Option<Timestamp>;

    /// Whether that time is known below this unit: by its digits, or because its notation has such digits, even if they are zeros.
    fn is_finer_than(&self, unit: Duration) -> bool {
        self.time().is_some_and(|time| time.is_finer_than(unit))
    }

    /// Appends the stored form to `out`; on rejection `out` is as it was. To be called once.
    fn write(&mut self, stamp: Stamp, limits: &Limits, out: &mut Vec<u8>) -> Result<(), Rejection>;
}
