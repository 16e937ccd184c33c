//! Dead letters: entries that the store refused, and bodies that could not be read. They are kept in a store of their own, so that
//! they are searched as entries are, and sent once more by [`crate::replay`].

mod bodies;
mod files;
mod request;
mod shelf;
mod window;

pub use bodies::{Bodies, MOST_BYTES};
pub use files::{Files, Line};
pub(crate) use request::{described, names_origin};
pub(crate) use shelf::back_off;
pub use shelf::{Refused, Shelf};
pub use window::Dropped;
