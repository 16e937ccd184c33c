//! The key that senders of the forward protocol share with the server.

use std::fs;
use std::sync::Arc;

use logpipeline_model::wire::forward::SharedKey;

use super::args::ListenerArgs;
use crate::app::IngestorError;

/// Reads the file of the key; white space at its ends is not part of it.
pub(super) fn read(args: &ListenerArgs) -> Result<Option<SharedKey>, IngestorError> {
    let Some(path) = &args.forward_shared_key_file else { return Ok(None) };
    let failed = |reason: String| IngestorError::SharedKey(format!("{}: {reason}", path.display()));
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    match bytes.trim_ascii() {
        b"" => Err(failed("it is empty; write the shared_key of the senders into it".to_owned())),
        key => Ok(Some(SharedKey::new(key))),
    }
}

/// What the server calls itself to its senders.
pub(super) fn hostname() -> Arc<str> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "logpipeline".into(),
        name => format!("logpipeline@{name}").into(),
    }
}
