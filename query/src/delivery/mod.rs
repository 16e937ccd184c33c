//! Where entries are: what ingestors tell of receipts and entries, put together for people.

mod answer;
mod ingestors;
mod url;

pub use answer::{
    Batch, Counts, DeadLetter, Delivery, EntryState, Expired, IdRange, Receipt, Receipts, RejectedEntry,
    RequestState,
};
pub(crate) use ingestors::{Ingestors, Told, unreachable};
pub use url::AdminUrl;
