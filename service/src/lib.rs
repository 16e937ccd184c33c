//! What every component shares: how it starts, serves HTTP, is observed, and stops.

pub mod admin;
pub mod descriptors;
pub mod errors;
pub mod http_server;
pub mod linger;
pub mod problem;
pub mod shutdown;
pub mod telemetry;
pub mod units;
pub mod watched;

pub use errors::one_line;
pub use problem::Problem;
pub use shutdown::Shutdown;
