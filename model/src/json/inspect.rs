use std::collections::BTreeSet;

use super::{Escapes, Fault, Kind, Reader, Token, string};

/// What a value holds that keeps its bytes from being stored or searched as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    /// A key given twice in one object, half of a surrogate pair, or a line break between tokens:
    /// [`super::rewrite`] makes it storable.
    pub(crate) rewrite: bool,
    /// Bytes of its longest string or number, as written.
    pub(crate) longest: u32,
    /// Bytes of all its keys, as written.
    pub(crate) keys: u32,
}

impl Marks {
    /// Of a string or number of so many bytes, as written.
    pub(crate) fn scalar(bytes: usize) -> Self {
        Self { longest: size(bytes), ..Self::default() }
    }
}

/// Bytes, or the most that are told apart.
#[inline]
pub(crate) fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Reads to the end of the value that `first` begins: its end, and what is in it.
#[inline]
pub(crate) fn finish_value(
    bytes: &[u8],
    reader: &mut Reader<'_>,
    first: Token,
) -> Result<(usize, Marks), Fault> {
    let mut marks = Marks::default();
    note_scalar(&mut marks, &first);
    if !matches!(first.kind, Kind::Object | Kind::Array) {
        return Ok((first.end, marks));
    }
    let outside = reader.depth() - 1;
    let mut keys = Keys { bytes, open: Vec::new(), escaped: false };
    keys.enter(first.kind);
    while reader.depth() > outside {
        let Some(token) = reader.token()? else { break };
        match token.kind {
            Kind::Object => keys.enter(Kind::Object),
            Kind::ObjectEnd => marks.rewrite |= keys.leave(),
            Kind::Key => {
                marks.keys = marks.keys.saturating_add(size(token.end - token.start));
                marks.rewrite |= token.escapes == Escapes::LoneSurrogate;
                keys.escaped |= token.escapes != Escapes::None;
                keys.open.push((token.start, token.end));
            }
            _ => note_scalar(&mut marks, &token),
        }
    }
    let end = reader.position();
    let text = bytes.get(first.start..end).unwrap_or_default();
    // Strings hold no raw line breaks, so one is between tokens.
    marks.rewrite |= memchr::memchr2(b'\n', b'\r', text).is_some();
    Ok((end, marks))
}

#[inline]
fn note_scalar(marks: &mut Marks, token: &Token) {
    if matches!(token.kind, Kind::String | Kind::Number) {
        marks.longest = marks.longest.max(size(token.end - token.start));
        marks.rewrite |= token.escapes == Escapes::LoneSurrogate;
    }
}

/// The keys of the objects that are open, an empty span before those of each.
struct Keys<'a> {
    bytes: &'a [u8],
    open: Vec<(usize, usize)>,
    /// Whether any key so far is spelled with escapes, so that equal ones may look different.
    escaped: bool,
}

impl Keys<'_> {
    #[inline]
    fn enter(&mut self, kind: Kind) {
        if kind == Kind::Object {
            if self.open.capacity() == 0 {
                self.open.reserve(16);
            }
            self.open.push((0, 0));
        }
    }

    /// Whether the object that ends has a key twice.
    #[inline]
    fn leave(&mut self) -> bool {
        let start = self.open.iter().rposition(|span| *span == (0, 0)).unwrap_or_default();
        let keys = self.open.get_mut(start + 1..).unwrap_or_default();
        let text = |span: &(usize, usize)| self.bytes.get(span.0..span.1).unwrap_or_default();
        let twice = if self.escaped {
            let mut seen = BTreeSet::new();
            keys.iter()
                .any(|span| !seen.insert(string::unescape(str::from_utf8(text(span)).unwrap_or_default())))
        } else if keys.len() <= 12 {
            keys.iter()
                .enumerate()
                .any(|(index, one)| keys[..index].iter().any(|other| text(one) == text(other)))
        } else {
            keys.sort_unstable_by(|one, other| text(one).cmp(text(other)));
            keys.windows(2).any(|pair| text(&pair[0]) == text(&pair[1]))
        };
        self.open.truncate(start);
        twice
    }
}
