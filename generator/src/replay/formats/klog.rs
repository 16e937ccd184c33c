//! Kubernetes' klog and glog: `E1123 22:55:01.000000   1234 reflector.go:138] message`.

use super::{Clock, Fields, number_or_text};

pub(super) fn parse(text: &str, clock: &Clock) -> Option<Fields> {
    let level = match text.as_bytes().first()? {
        b'I' => "info",
        b'W' => "warn",
        b'E' => "error",
        b'F' => "fatal",
        _ => return None,
    };
    let mut rest = &text[1..];
    let time = clock.take_klog(&mut rest)?;
    let (head, message) = rest.split_once("] ").or_else(|| Some((rest.strip_suffix(']')?, "")))?;
    let mut head = head.split_whitespace();
    let (thread, source) = (head.next()?, head.next()?);
    let mut fields = Fields::default();
    fields.draft.timestamp = Some(time);
    level.clone_into(&mut fields.draft.level);
    message.clone_into(&mut fields.draft.message);
    fields.json("thread", number_or_text(thread));
    fields.text("source", source);
    Some(fields)
}
