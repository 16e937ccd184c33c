//! Values as terms of one index field, so that no sender's keys add
//! fields to the schema. A term is the field, a zero byte, its kind and its value:
//!
//! `[tag][path, escaped][0][kind][value]`
//!
//! `tag` is one byte for a fixed field, or `m` followed by the path for metadata.

use std::ops::Bound;

use logpipeline_model::document::{KEYWORD_LIMIT, Numeral, PATH_LIMIT};
use logpipeline_model::query::{Bounds, Field, text};
use logpipeline_model::{Document, Number};

const METADATA: u8 = b'm';
const ESCAPE: u8 = 1;
const END: u8 = 0;
/// Larger than every kind.
const AFTER_KINDS: u8 = b'z';

/// Sorts a number that was sent as text directly behind those of its value that were not.
const QUOTED: u8 = 1;

/// What a term says about the value of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// The text, where folding does not change it: stands for `Exact` and `Folded`.
    Both = b'b',
    /// The text, where folding changes it.
    Exact = b'e',
    /// That text folded.
    Folded = b'f',
    /// A number's sort key, behind it [`QUOTED`] where it was sent as text.
    Number = b'n',
    /// The path leads to an object with a value somewhere below. No value.
    Parent = b'p',
    /// The field has a value. No value.
    Present = b'v',
}

/// Marks entries with a token that was cut, which token look-ups with an open end may miss.
pub(super) const CUT_TOKEN: &[u8] = b"c";

/// Marks entries whose metadata is not indexed in full, because the terms would dwarf the entry: many
/// values under long paths. Clauses on metadata read these entries.
pub(super) const OVERFLOW: &[u8] = b"o";

/// Marks entries whose text Elasticsearch may cut into other tokens, or fold otherwise, than the language does.
pub(super) const OTHERWISE: &[u8] = b"u";

/// Marks entries that `message.raw` does not find: whose message begins with NUL, which OpenSearch's type
/// `wildcard` loses, or is longer than Lucene takes.
pub(super) const NOT_RAW: &[u8] = b"z";

/// The fixed fields that are indexed as terms, and their tags.
fn tag(field: &Field) -> Option<u8> {
    Some(match field {
        Field::Level => b'L',
        Field::ResourceId => b'R',
        Field::TraceId => b'T',
        Field::SpanId => b'S',
        Field::Commit => b'C',
        Field::Metadata(_) | Field::Id | Field::Message | Field::Timestamp | Field::ReceivedAt => {
            return None;
        }
    })
}

/// Builds terms of one field.
#[derive(Debug, Clone)]
pub(super) struct FieldTerms {
    prefix: Vec<u8>,
}

impl FieldTerms {
    /// `None` for fields that have no terms.
    pub(super) fn new(field: &Field) -> Option<Self> {
        match field {
            Field::Metadata(path) => Some(Self::metadata(path)),
            field => Some(Self { prefix: vec![tag(field)?, END] }),
        }
    }

    pub(super) fn metadata(path: &str) -> Self {
        let mut prefix = vec![METADATA];
        escape(path, &mut prefix);
        prefix.push(END);
        Self { prefix }
    }

    pub(super) fn term(&self, kind: Kind, value: &[u8]) -> Vec<u8> {
        let mut term = Vec::with_capacity(self.prefix.len() + 1 + value.len());
        term.extend_from_slice(&self.prefix);
        term.push(kind as u8);
        term.extend_from_slice(value);
        term
    }

    /// Where the value begins in a term of this field.
    pub(super) fn value_offset(&self) -> usize {
        self.prefix.len() + 1
    }

    /// The terms by which the field's whole value is this text.
    pub(super) fn equal(&self, text: &str, fold: bool) -> Vec<Vec<u8>> {
        let folded = text::fold(text);
        match (fold, folded == text) {
            (false, true) => vec![self.term(Kind::Both, text.as_bytes())],
            (false, false) => vec![self.term(Kind::Exact, text.as_bytes())],
            (true, true) => {
                vec![self.term(Kind::Both, text.as_bytes()), self.term(Kind::Folded, text.as_bytes())]
            }
            // No folded value is text that folding would change.
            (true, false) => Vec::new(),
        }
    }

    /// The term of JSON numbers of this value, however spelled.
    pub(super) fn equal_number(&self, number: Number) -> Vec<u8> {
        self.term(Kind::Number, &number.sort_key())
    }

    /// Between which terms the numbers within these bounds lie, sent as numbers or as text.
    pub(super) fn numbers(&self, bounds: &Bounds<Number>) -> Bounds<Vec<u8>> {
        let first = |number: &Number| self.equal_number(*number);
        let last = |number: &Number| [first(number), vec![QUOTED]].concat();
        Bounds {
            lower: match &bounds.lower {
                Bound::Included(number) => Bound::Included(first(number)),
                Bound::Excluded(number) => Bound::Excluded(last(number)),
                Bound::Unbounded => Bound::Unbounded,
            },
            upper: match &bounds.upper {
                Bound::Included(number) => Bound::Included(last(number)),
                Bound::Excluded(number) => Bound::Excluded(first(number)),
                Bound::Unbounded => Bound::Unbounded,
            },
        }
    }

    /// The kinds that together hold every value once, folded or as it is.
    pub(super) fn kinds(fold: bool) -> [Kind; 2] {
        [Kind::Both, if fold { Kind::Folded } else { Kind::Exact }]
    }
}

/// Calls `add` with each term of an entry; some may come more than once. Stops once the terms of
/// metadata take more than `budget` bytes.
pub(super) fn of_document(document: &Document<'_>, budget: usize, mut add: impl FnMut(&[u8])) {
    let mut buffer = Vec::with_capacity(128);
    let fixed = [
        (b'L', &document.level),
        (b'R', &document.resource_id),
        (b'T', &document.trace_id),
        (b'S', &document.span_id),
        (b'C', &document.commit),
    ];
    for (tag, value) in fixed {
        if let Some(value) = value {
            buffer.clear();
            buffer.extend_from_slice(&[tag, END]);
            add_text(&mut buffer, value, &mut add);
        }
    }
    of_metadata(document, budget, add);
}

/// Calls `add` with each term of an entry's metadata, as [`of_document`] does.
pub(super) fn of_metadata(document: &Document<'_>, budget: usize, mut add: impl FnMut(&[u8])) {
    let mut buffer = Vec::with_capacity(128);
    let (mut taken, mut overflow, mut previous) = (0, false, "");
    for leaf in &document.metadata {
        let mut add = |term: &[u8]| {
            taken += term.len();
            add(term);
        };
        add_parents(&mut buffer, previous, &leaf.path, &mut add);
        previous = &leaf.path;
        buffer.clear();
        buffer.push(METADATA);
        escape(&leaf.path, &mut buffer);
        buffer.push(END);
        if let Some(numeral) = leaf.number {
            add_number(&mut buffer, numeral, &mut add);
        }
        add_text(&mut buffer, &leaf.text, &mut add);
        if taken > budget {
            overflow = true;
            break;
        }
    }
    if overflow {
        add(OVERFLOW);
    }
}

fn add_text(prefix: &mut Vec<u8>, value: &str, add: &mut impl FnMut(&[u8])) {
    let length = prefix.len();
    let mut emit = |kind: Kind, value: &str| {
        prefix.truncate(length);
        prefix.push(kind as u8);
        prefix.extend_from_slice(value.as_bytes());
        add(prefix);
    };
    emit(Kind::Present, "");
    let value = searched(value);
    if value.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        emit(Kind::Both, value);
        return;
    }
    let folded = text::fold(value);
    if folded == value {
        emit(Kind::Both, value);
    } else {
        emit(Kind::Exact, value);
        emit(Kind::Folded, &folded);
    }
}

fn add_number(prefix: &mut Vec<u8>, numeral: Numeral, add: &mut impl FnMut(&[u8])) {
    let length = prefix.len();
    prefix.push(Kind::Number as u8);
    prefix.extend_from_slice(&numeral.value().sort_key());
    if matches!(numeral, Numeral::Quoted(_)) {
        prefix.push(QUOTED);
    }
    add(prefix);
    prefix.truncate(length);
}

/// The paths above `path`, the empty one of `metadata` itself included, but for those that stand above
/// the leaf before as well.
fn add_parents(buffer: &mut Vec<u8>, previous: &str, path: &str, add: &mut impl FnMut(&[u8])) {
    let same = previous.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
    if previous.is_empty() {
        add(&[METADATA, END, Kind::Parent as u8]);
    }
    for (end, _) in path.match_indices('.').take_while(|(at, _)| *at <= PATH_LIMIT) {
        if end < same {
            continue;
        }
        buffer.clear();
        buffer.push(METADATA);
        escape(&path[..end], buffer);
        buffer.extend_from_slice(&[END, Kind::Parent as u8]);
        add(buffer);
    }
}

/// The part of a value that is searched.
pub(super) fn searched(value: &str) -> &str {
    &value[..value.floor_char_boundary(KEYWORD_LIMIT)]
}

fn escape(path: &str, out: &mut Vec<u8>) {
    for &byte in path.as_bytes() {
        match byte {
            END => out.extend_from_slice(&[ESCAPE, 1]),
            ESCAPE => out.extend_from_slice(&[ESCAPE, 2]),
            other => out.push(other),
        }
    }
}

/// Where the kind of a metadata term stands, and the kind.
fn kind_of(term: &[u8]) -> Option<(usize, u8)> {
    let at = 1 + term.iter().position(|byte| *byte == END)?;
    Some((at, *term.get(at)?))
}

/// Whether a metadata term says that there is such a path, rather than what it leads to.
pub(super) fn is_of_path(term: &[u8]) -> bool {
    kind_of(term).is_some_and(|(_, kind)| kind == Kind::Present as u8 || kind == Kind::Parent as u8)
}

/// The term that says that the path of a number's term leads to a number; `None` for other terms.
pub(super) fn number_path(term: &[u8]) -> Option<&[u8]> {
    kind_of(term).filter(|(_, kind)| *kind == Kind::Number as u8).and_then(|(at, _)| term.get(..=at))
}

/// A metadata term for an engine whose terms are text. It sorts as the term does among those of its kind.
pub(super) fn as_text(term: &[u8]) -> String {
    let split = number_path(term).map_or(term.len(), <[u8]>::len);
    let mut text = String::from_utf8_lossy(&term[..split]).into_owned();
    for byte in &term[split..] {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    text
}

/// The first term that a metadata path can have.
pub(super) const FIRST_METADATA: &[u8] = &[METADATA];

/// The escaped path of a metadata term.
pub(super) fn escaped_path(term: &[u8]) -> Option<&[u8]> {
    let rest = term.strip_prefix(&[METADATA])?;
    let end = rest.iter().position(|byte| *byte == END)?;
    Some(&rest[..end])
}

pub(super) fn unescape(escaped: &[u8]) -> String {
    let mut path = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.iter();
    while let Some(&byte) = bytes.next() {
        path.push(match byte {
            ESCAPE => bytes.next().map_or(ESCAPE, |code| code - 1),
            other => other,
        });
    }
    String::from_utf8_lossy(&path).into_owned()
}

/// A bound behind every term of the path and before those of the next.
pub(super) fn after_path(escaped: &[u8]) -> Vec<u8> {
    let mut bound = vec![METADATA];
    bound.extend_from_slice(escaped);
    bound.extend_from_slice(&[END, AFTER_KINDS]);
    bound
}

/// The least byte string larger than everything that begins with `prefix`; `None` where there is none.
pub(super) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let keep = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=keep].to_vec();
    end[keep] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_runs_into_its_value_or_another_path() {
        let terms =
            [("a", "b"), ("a\0b", ""), ("a\0", "b"), ("a", "\0b"), ("ab", ""), ("a\u{1}", "b"), ("", "ab")]
                .map(|(path, value)| FieldTerms::metadata(path).term(Kind::Both, value.as_bytes()));
        for (index, term) in terms.iter().enumerate() {
            assert!(!terms[index + 1..].contains(term), "{term:?}");
        }
    }

    #[test]
    fn a_path_is_read_back_from_its_terms() {
        for path in ["", "a", "a.b", "\0", "\u{1}", "a\0\u{1}\u{2}b", "ключ"] {
            let term = FieldTerms::metadata(path).term(Kind::Exact, b"\0value");
            let escaped = escaped_path(&term).unwrap();
            assert_eq!(unescape(escaped), path);
            assert!(after_path(escaped) > term);
        }
        assert!(after_path(b"a") < FieldTerms::metadata("a\0").term(Kind::Both, b""));
        assert!(after_path(b"a") < FieldTerms::metadata("a\u{1}").term(Kind::Both, b""));
    }

    #[test]
    fn a_number_sent_as_text_lies_with_its_equals_between_other_numbers() {
        let names = FieldTerms::metadata("n");
        let term = |literal: &str, numeral: fn(Number) -> Numeral| {
            let mut prefix = names.prefix.clone();
            let mut term = Vec::new();
            add_number(&mut prefix, numeral(Number::parse(literal).unwrap()), &mut |one| term = one.to_vec());
            assert_eq!(prefix, names.prefix);
            term
        };
        let terms: Vec<_> = ["-2", "-1.5", "0", "1e-300", "5", "9007199254740993", "1e999"]
            .into_iter()
            .flat_map(|literal| [term(literal, Numeral::Bare), term(literal, Numeral::Quoted)])
            .collect();
        assert!(terms.is_sorted_by(|a, b| a < b));
        assert!(terms.iter().map(|term| as_text(term)).is_sorted_by(|a, b| a < b));
        let five = || Number::from(5);
        assert_eq!(names.equal_number(five()), terms[8]);
        let within = |lower, upper| {
            let bounds = names.numbers(&Bounds { lower, upper });
            (0..terms.len()).filter(|at| bounds.contain(&terms[*at])).collect::<Vec<_>>()
        };
        assert_eq!(within(Bound::Included(five()), Bound::Included(five())), [8, 9]);
        assert_eq!(within(Bound::Excluded(five()), Bound::Unbounded), [10, 11, 12, 13]);
        assert_eq!(within(Bound::Unbounded, Bound::Excluded(five())), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(within(Bound::Included(0.into()), Bound::Excluded(five())), [4, 5, 6, 7]);
    }

    #[test]
    fn the_end_of_a_prefix_skips_bytes_that_cannot_grow() {
        assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(prefix_end(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(prefix_end(&[255]), None);
        assert_eq!(prefix_end(b""), None);
    }
}
