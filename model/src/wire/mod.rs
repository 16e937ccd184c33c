//! Wire formats: how a request body is split into entries. One file a format.

pub mod json;
