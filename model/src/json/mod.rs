//! JSON as it comes from anyone: a validating reader that neither recurses nor allocates by what it
//! reads, and what is built on it. Text stays the sender's bytes; nothing becomes a tree.

mod extent;
mod fault;
mod inspect;
mod nesting;
pub mod number;
mod reader;
mod rewrite;
pub mod string;

pub(crate) use extent::{Element, container_end, element_end};
pub use fault::Fault;
pub(crate) use inspect::{Marks, finish_value, size};
pub use reader::{Kind, Reader, Token};
pub(crate) use rewrite::rewrite;
pub use string::Escapes;
