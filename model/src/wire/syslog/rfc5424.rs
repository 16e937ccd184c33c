//! `VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`, `-` for what is absent.

use super::message::Header;
use super::structured;
use crate::entry::Draft;
use crate::{Timestamp, vocabulary};

/// Reads what follows the priority; `None` where it is in another format.
pub(super) fn read<'a>(text: &'a str, draft: &mut Draft<'a>) -> Option<Header<'a>> {
    let rest = text.strip_prefix("1 ")?;
    let dated =
        rest.as_bytes().iter().take(4).all(u8::is_ascii_digit) && rest.as_bytes().get(4) == Some(&b'-');
    if !dated && !rest.starts_with("- ") {
        return None;
    }
    let (time, rest) = field(rest)?;
    let (host, rest) = field(rest)?;
    let (app, rest) = field(rest)?;
    let (process, rest) = field(rest)?;
    // What is cut off behind the header's last field has no message.
    let (message_id, rest) = field(rest).unwrap_or((rest, ""));
    let given = |text: &'a str| Some(text).filter(|text| !matches!(*text, "-" | ""));
    let mut header = Header {
        host: given(host),
        app: given(app),
        process: given(process),
        message_id: given(message_id),
        message: rest,
        modern: true,
        ..Header::default()
    };
    match Timestamp::parse_rfc3339(time.as_bytes()) {
        Some(at) => draft.set_time_in(at, vocabulary::time::unit(time)),
        None => header.time = given(time),
    }
    if let Some(length) = structured::extent(rest) {
        let (elements, message) = rest.split_at(length);
        header.structured = Some(elements).filter(|elements| *elements != "-");
        header.message = message.strip_prefix(' ').unwrap_or(message);
    }
    Some(header)
}

fn field(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr(b' ', text.as_bytes())?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}
