//! JSON in a body that its sender calls plain text, as browsers do with what `JSON.stringify` gives.

use super::{lines, spans_lines};
use crate::entry::{Limits, Stamp, accept};
use crate::json::{Kind, Reader};
use crate::{EntryId, Timestamp};

/// The keys of an entry in our own format.
const KEYS: [&str; 8] =
    ["message", "level", "timestamp", "resourceId", "traceId", "spanId", "commit", "metadata"];

/// How a body of plain text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InText {
    /// As our own format.
    Entries,
    /// As foreign objects, which would be torn if each line were an entry.
    Objects,
    /// Line by line.
    Lines,
}

/// Tells JSON from text that merely begins like it, such as `[main] started`. What lines would tear, an array or an object
/// over several lines, is JSON if all of it is. Objects on lines of their own are read either way: as entries of our format
/// where all are that and nothing else, or else as lines, which know the names that other loggers use.
pub fn in_text(body: &[u8], limits: &Limits) -> InText {
    let rest = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    let stand_alone = match rest.first() {
        Some(b'[') => false,
        Some(b'{') => !spans_lines(rest, limits),
        _ => return InText::Lines,
    };
    let stamp = Stamp { id: EntryId([0; 16]), received_at: Timestamp::MIN };
    // An empty array brings nothing, and is of our format.
    let (mut any, mut scratch) = (lines(rest, limits).next().is_none(), Vec::new());
    for line in lines(rest, limits) {
        let Ok(json) = line.json else { return InText::Lines };
        let Some(keys_are_ours) = object(json) else { return InText::Lines };
        scratch.clear();
        let is_entry = accept(json, stamp, limits, &mut scratch).is_ok();
        if stand_alone && !(is_entry && keys_are_ours) {
            return InText::Lines;
        }
        any |= is_entry;
    }
    match any {
        true => InText::Entries,
        // On one line it is no more torn than any line is.
        false if rest.contains(&b'\n') => InText::Objects,
        false => InText::Lines,
    }
}

/// Whether the keys of an object are those of our format; `None` where the text is no object.
fn object(json: &[u8]) -> Option<bool> {
    let text = str::from_utf8(json).ok()?;
    let mut reader = Reader::new(json, usize::MAX);
    if reader.token().ok()??.kind != Kind::Object {
        return None;
    }
    let mut are_ours = true;
    while let Some(token) = reader.token().ok()? {
        are_ours &= token.kind != Kind::Key || reader.depth() > 1 || KEYS.contains(&token.inner(text));
    }
    reader.finish().ok()?;
    Some(are_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: InText, bodies: &[&str]) {
        for body in bodies {
            assert_eq!(in_text(body.as_bytes(), &Limits::default()), expected, "{body}");
        }
    }

    #[test]
    fn our_format_is_json_however_it_is_laid_out() {
        check(
            InText::Entries,
            &[
                r#"{"message":"a","metadata":{"k":1}}"#,
                r#" [{"message":"a"},{"message":"b","other":1}]"#,
                "{\"message\":\"a\"}\n{\"message\":\"b\",\"level\":\"warn\"}\n",
                "{\n  \"message\": \"a\",\n  \"service\": \"shop\"\n}",
                "[\n  {\"message\": \"a\"},\n  {\"msg\": \"rejected alone\"}\n]",
                "\u{feff}{\"message\":\"a\"}",
                "[ ]\n",
            ],
        );
    }

    #[test]
    fn text_that_begins_like_json_is_text() {
        check(
            InText::Lines,
            &[
                "[2024-01-01 10:00:00] ERROR failed",
                "[2024-01-01T10:00:00Z] {\"message\":\"a\"}",
                "[main] started\n{\"message\":\"a\"}",
                "[1] 4711\n",
                "[] nothing",
                "{} [x]",
                "{\"message\":\"a\"} and more",
                "{\"message\":\"a\"}\nplain",
                "{user} logged in\n  from home",
                "[{\"message\":\"a\"}] and more",
                "[{\"message\":\"a\"}\n",
                "plain",
                "",
            ],
        );
    }

    #[test]
    fn objects_of_other_loggers_are_lines_unless_lines_would_tear_them() {
        check(
            InText::Lines,
            &[
                "{\"level\":30,\"time\":1700000000000,\"msg\":\"a\"}\n{\"level\":40,\"msg\":\"b\"}",
                "{\"level\":\"warn\",\"message\":\"a\",\"service\":\"shop\"}",
                r#"{"message":5}"#,
                r#"[{"msg":"a"}]"#,
                "[\"a\",\n\"b\"]",
            ],
        );
        check(InText::Objects, &["[\n {\"msg\":\"a\"},\n {\"msg\":\"b\"}\n]", "{\n  \"msg\": \"a\"\n}"]);
    }
}
