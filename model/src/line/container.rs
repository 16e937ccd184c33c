//! Lines as container runtimes write them for Kubernetes: `2026-11-30T10:00:00.1Z stdout F text`.

use crate::Timestamp;

#[derive(Debug)]
pub(super) struct Container<'a> {
    pub(super) time: Timestamp,
    pub(super) stream: &'a str,
    pub(super) is_partial: bool,
    pub(super) text: &'a str,
}

/// Source: <https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md>
pub(super) fn strip(line: &str) -> Option<Container<'_>> {
    // Most lines are told from this at once: there is a "T" behind the date, and a short time.
    if line.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let space = line.as_bytes().get(..40.min(line.len()))?.iter().position(|byte| *byte == b' ')?;
    let (time, rest) = line.split_at(space);
    let (stream, rest) = rest.get(1..)?.split_at_checked(6)?;
    if !matches!(stream, "stdout" | "stderr") {
        return None;
    }
    let (tags, text) = rest.strip_prefix(' ')?.split_once(' ').or_else(|| Some((rest.get(1..)?, "")))?;
    let is_partial = match tags.split(':').next()? {
        "P" => true,
        "F" => false,
        _ => return None,
    };
    Some(Container { time: Timestamp::parse_rfc3339(time.as_bytes())?, stream, is_partial, text })
}
