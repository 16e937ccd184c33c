//! Exports: every entry that a query finds, page by page, in bounded memory.

mod producer;

pub(crate) use producer::{Export, stream};
