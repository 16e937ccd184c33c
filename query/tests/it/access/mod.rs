//! Who may search.

mod people;
mod process;
mod programs;
mod support;
