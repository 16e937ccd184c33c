use std::borrow::Cow;

use super::{KEYWORD_LIMIT, LEAF_LIMIT, Leaf, Numeral, PATH_LIMIT, keyword};
use crate::Number;
use crate::json::{Escapes, Fault, Kind, Reader, string};

pub(super) struct Flattened<'a> {
    pub(super) leaves: Vec<Leaf<'a>>,
    /// The paths of leaves whose text is longer than is searched, each once.
    pub(super) cut: Vec<String>,
    /// Whether `leaves` has all there are.
    pub(super) complete: bool,
}

/// Flattens the object that `reader`, which reads `text`, has just entered, and reads to its end.
pub(super) fn flatten<'a>(text: &'a str, reader: &mut Reader<'a>) -> Result<Flattened<'a>, Fault> {
    let outside = reader.depth().saturating_sub(1);
    let mut flattened = Flattened { leaves: Vec::new(), cut: Vec::new(), complete: true };
    let mut path = Path::default();
    while reader.depth() > outside {
        let Some(token) = reader.token()? else { break };
        match token.kind {
            Kind::Key => {
                let key = token.inner(text);
                path.set_key(if token.escapes == Escapes::None { key.into() } else { string::unescape(key) });
            }
            Kind::Object => path.enter(),
            Kind::ObjectEnd => path.leave(),
            Kind::Array | Kind::ArrayEnd | Kind::Null => {}
            kind => {
                if path.len() > PATH_LIMIT || flattened.leaves.len() >= LEAF_LIMIT {
                    flattened.complete = false;
                    continue;
                }
                let value = match kind {
                    Kind::String if token.escapes == Escapes::None => Cow::Borrowed(token.inner(text)),
                    Kind::String => string::unescape(token.inner(text)),
                    _ => Cow::Borrowed(text.get(token.start..token.end).unwrap_or_default()),
                };
                let number = match kind {
                    Kind::Number => Number::parse(&value).map(Numeral::Bare),
                    Kind::String => Number::parse(&value).map(Numeral::Quoted),
                    _ => None,
                };
                let path = path.get();
                if value.len() > KEYWORD_LIMIT && flattened.cut.iter().all(|cut| *cut != path) {
                    flattened.cut.push(path.clone().into_owned());
                }
                flattened.leaves.push(Leaf { path, text: keyword(value), number });
            }
        }
    }
    Ok(flattened)
}

/// The keys that lead to the current value.
#[derive(Default)]
struct Path<'a> {
    key: Cow<'a, str>,
    /// The keys of the objects around it, a dot behind each, as far as they stay within [`PATH_LIMIT`].
    outer: String,
    /// How long `outer` would be without the limit.
    outer_len: usize,
    /// For each of those objects, `outer_len` outside of it and the key that it stands under.
    around: Vec<(usize, Cow<'a, str>)>,
}

impl<'a> Path<'a> {
    fn set_key(&mut self, key: Cow<'a, str>) {
        self.key = key;
    }

    fn enter(&mut self) {
        let key = std::mem::take(&mut self.key);
        let outside = self.outer_len;
        self.outer_len += key.len() + 1;
        // Copying a huge key for each object of an array below it would take time without bounds.
        if self.outer_len <= PATH_LIMIT {
            self.outer.push_str(&key);
            self.outer.push('.');
        }
        self.around.push((outside, key));
    }

    fn leave(&mut self) {
        if let Some((outside, key)) = self.around.pop() {
            self.key = key;
            self.outer_len = outside;
            self.outer.truncate(outside);
        }
    }

    fn len(&self) -> usize {
        self.outer_len + self.key.len()
    }

    fn get(&self) -> Cow<'a, str> {
        if self.around.is_empty() {
            return self.key.clone();
        }
        let mut path = String::with_capacity(self.len());
        path.push_str(&self.outer);
        path.push_str(&self.key);
        Cow::Owned(path)
    }
}
