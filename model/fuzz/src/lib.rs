//! What the targets share.

mod memory;

use logpipeline_model::wire::{Session, Sink};

/// Speaks a session's side of a connection whose bytes come in pieces, as a listener does.
pub fn converse(mut session: impl Session, bytes: &[u8], sink: &mut dyn Sink) {
    let _ = session.greeting();
    let (mut buffer, mut missing) = (Vec::new(), 0);
    for piece in bytes.chunks(64) {
        buffer.extend_from_slice(piece);
        while buffer.len() >= missing {
            // A read that finds no room is repeated with a copy of the session as it was.
            let mut tried = session.clone();
            let Ok(step) = tried.read(&buffer, sink) else { return };
            assert!(step.consumed <= buffer.len());
            session = tried;
            buffer.drain(..step.consumed);
            if step.close {
                return;
            }
            missing = buffer.len() + step.missing;
            if step.consumed == 0 {
                break;
            }
        }
    }
    while let Ok(step) = session.end(&buffer, sink) {
        assert!(step.consumed <= buffer.len());
        buffer.drain(..step.consumed);
        if step.consumed == 0 || step.close || buffer.is_empty() {
            return;
        }
    }
}
