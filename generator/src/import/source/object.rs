//! JSON taken apart, and put together again.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::import::document::push_json;

/// An object under construction. A key that it has already is written with an underscore behind it, so that
/// nothing is lost.
#[derive(Debug)]
pub(super) struct Object {
    out: Vec<u8>,
    keys: HashSet<String>,
}

impl Object {
    pub(super) fn new() -> Self {
        Self { out: vec![b'{'], keys: HashSet::new() }
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        push_json(&mut self.out, value);
    }

    /// `value` is JSON, and is written as it is.
    pub(super) fn raw(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.extend_from_slice(value.as_bytes());
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }

    fn key(&mut self, key: &str) {
        let mut key = key.to_owned();
        while self.keys.contains(&key) {
            key.push('_');
        }
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        push_json(&mut self.out, &key);
        self.out.push(b':');
        self.keys.insert(key);
    }
}

/// Text that is borrowed where it has no escapes.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_apart() {
        let mut object = Object::new();
        object.text("message", "a\"b");
        object.raw("n", "1.50");
        object.text("message", "label");
        object.text("message_", "another");
        let text = String::from_utf8(object.finish()).unwrap();
        assert_eq!(text, r#"{"message":"a\"b","n":1.50,"message_":"label","message__":"another"}"#);
        assert_eq!(Object::new().finish(), b"{}");
    }
}
