use super::{Limits, Rejection, Stamp};
use crate::Timestamp;

/// An entry that was read from its sender's format, before it has an id.
pub trait Incoming {
    /// The time that the sender gave it.
    fn time(&self) -> Option<Timestamp>;

    /// Appends the stored form to `out`; on rejection `out` is as it was. To be called once.
    fn write(&mut self, stamp: Stamp, limits: &Limits, out: &mut Vec<u8>) -> Result<(), Rejection>;
}
