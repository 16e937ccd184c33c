//! A file that is read again when its content changes, as certificates are too.

pub use logpipeline_service::watched::{FileError as AccessError, Malformed, Watched};
