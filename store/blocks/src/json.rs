use std::borrow::Cow;

use logpipeline_model::json::string;

use crate::entry::Spelling;

/// The text that a value of a column stands for.
pub(crate) fn text(value: &[u8], spelling: Spelling) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(value);
    match (spelling, text) {
        (Spelling::Escaped, Cow::Borrowed(raw)) => string::unescape(raw),
        (_, text) => text,
    }
}
