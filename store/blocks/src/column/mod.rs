//! The values of one place in many entries, encoded by what they are.

mod choose;
mod constant;
mod decode;
mod dictionary;
mod hex;
mod number;
mod packed;
mod plan;
mod templated;
mod text;
mod write;

pub(crate) use choose::{Choice, Chosen, choose};
pub(crate) use decode::{Column, Decoder};

pub(crate) use hex::{Hex, HexForm};
pub(crate) use number::{Form, Numbers};
pub(crate) use packed::{Packed, pack};
pub(crate) use plan::{Context, Entries, Kept, Plan};
pub(crate) use templated::Templated;
pub(crate) use text::Texts;
pub(crate) use write::{write, write_function, write_same, write_token};
