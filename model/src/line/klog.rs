//! Kubernetes' klog and glog: `E1123 22:55:01.000000   1234 reflector.go:138] message`.

use super::header::Header;
use super::{Body, Recognised};

#[derive(Debug, Clone, Copy)]
pub struct Klog<'a> {
    pub thread: &'a str,
    pub source: &'a str,
}

pub(super) fn parse<'a>(text: &'a str, header: &Header) -> Option<Recognised<'a>> {
    let found = header.time.filter(|found| found.start == 1)?;
    if header.level.is_none() || !text.as_bytes().first()?.is_ascii_uppercase() {
        return None;
    }
    let rest = text.get(found.end..)?;
    let bracket = rest.find(']')?;
    let mut head = rest.get(..bracket)?.split_ascii_whitespace();
    let (thread, source) = (head.next()?, head.next()?);
    if head.next().is_some() || !source.contains(':') {
        return None;
    }
    let message = rest.get(bracket + 1..)?;
    let mut recognised = Recognised::plain(text, header);
    recognised.header = text.len() - message.strip_prefix(' ').unwrap_or(message).len();
    recognised.body = Body::Klog(Klog { thread, source });
    Some(recognised)
}
