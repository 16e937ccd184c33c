//! Requests to a cluster of Elasticsearch or OpenSearch, and the definitions of the model put there.

mod access;
mod compare;
mod connection;
mod definitions;
mod engine;
mod error;
mod leave;
mod put;
mod trace;

pub use access::{Access, Credentials};
pub use connection::{Cause, Connection, RequestError, UNKNOWN};
pub use definitions::{Applied, apply};
pub use elasticsearch::http::Method;
pub use engine::Engine;
pub use error::ClusterError;
pub use put::{lifecycle, put};
