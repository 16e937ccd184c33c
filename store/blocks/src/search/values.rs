//! Tests of whole values: each column of a field is asked in the cheapest way that it knows, and else value by value by
//! the plain matcher.

use std::borrow::Cow;
use std::ops::Bound;

use logpipeline_model::document::{KEYWORD_LIMIT, Leaf, Numeral};
use logpipeline_model::query::{Bounds, Clause, Expr, Field, Matcher, Query, Test};
use logpipeline_model::{Document, EntryId, Number, Timestamp};

use super::Bitmap;
use crate::column::{Column, Numbers};
use crate::entry::{Place, Spelling};
use crate::error::Result;
use crate::filter;
use crate::json;
use crate::read::Reader;

/// A document without anything.
pub(super) fn empty_document() -> Document<'static> {
    Document {
        id: EntryId([0; 16]),
        received_at: Timestamp::MIN,
        timestamp: Timestamp::MIN,
        message: Cow::Borrowed(""),
        level: None,
        resource_id: None,
        trace_id: None,
        span_id: None,
        commit: None,
        metadata: Vec::new(),
    }
}

/// Whether a clause admits a document that has this value at its field, and nothing else.
fn admits(matcher: &Matcher, field: &Field, value: &str, spelling: Spelling) -> bool {
    let mut document = empty_document();
    let text = Cow::Borrowed(value);
    match field {
        Field::Level => document.level = Some(text),
        Field::ResourceId => document.resource_id = Some(text),
        Field::TraceId => document.trace_id = Some(text),
        Field::SpanId => document.span_id = Some(text),
        Field::Commit => document.commit = Some(text),
        Field::Message => document.message = text,
        Field::Metadata(path) => {
            let number = Number::parse(value);
            let number = match spelling {
                Spelling::Bare => number.map(Numeral::Bare),
                Spelling::Text | Spelling::Escaped => number.map(Numeral::Quoted),
            };
            document.metadata.push(Leaf { path: Cow::Borrowed(path), text, number });
        }
        Field::Id | Field::Timestamp | Field::ReceivedAt => {}
    }
    matcher.matches(&document)
}

impl Reader<'_> {
    /// The rows one of whose values at the clause's field it admits.
    pub(super) fn values(&self, clause: &Clause) -> Result<Bitmap> {
        let mut rows = Bitmap::none(self.rows());
        let directory = &self.block.directory;
        if let Test::Equals { text, number: None, .. } = &clause.test
            && let Some(value) = filter::parse(text.as_bytes())
            && directory.keys.iter().all(|key| key.spelling != Spelling::Escaped)
            && !self.block.may_have_value(value)?
        {
            return Ok(rows);
        }
        let matcher = Matcher::new(&Query { expr: Expr::Clause(clause.clone()) });
        for (number, (key, (_, count))) in (0..).zip(directory.keys.iter().zip(&directory.columns)) {
            if key.place != Place::Field(clause.field.clone()) || *count == 0 {
                continue;
            }
            let column = self.column(number)?;
            let mut hits = Bitmap::none(*count);
            let hit = &mut |index| hits.add(index);
            match quick(&clause.test, column, key.spelling) {
                Some(Quick::Equal(text)) => column.scan_equal(*count, text.as_bytes(), hit),
                Some(Quick::Range(numbers, bounds)) => scan_range(numbers, bounds, hit),
                None => column.scan(
                    *count,
                    &mut |value| {
                        admits(&matcher, &clause.field, &json::text(value, key.spelling), key.spelling)
                    },
                    hit,
                ),
            }
            if !hits.is_empty() {
                for (row, index) in self.rows_of(number).flatten() {
                    if hits.contains(index) {
                        rows.add(row);
                    }
                }
            }
        }
        Ok(rows)
    }
}

/// A test that a column answers without looking at each value as text.
enum Quick<'a> {
    Equal(&'a str),
    Range(&'a Numbers, Bounds<Number>),
}

fn quick<'a>(test: &'a Test, column: &'a Column, spelling: Spelling) -> Option<Quick<'a>> {
    if spelling == Spelling::Escaped {
        return None;
    }
    match (test, column) {
        (Test::Number(bounds), Column::Numbers(numbers)) if numbers.form.scale().is_some() => {
            Some(Quick::Range(numbers, bounds.clone()))
        }
        // A number of JSON equals by its value, however it is written.
        (Test::Equals { number: Some(number), .. }, Column::Numbers(numbers))
            if spelling == Spelling::Bare && numbers.form.scale().is_some() =>
        {
            let bounds = Bounds { lower: Bound::Included(*number), upper: Bound::Included(*number) };
            Some(Quick::Range(numbers, bounds))
        }
        (Test::Equals { number: Some(_), .. }, _) if spelling == Spelling::Bare => None,
        // Longer values are compared by their beginning.
        (Test::Equals { text, .. }, _) if text.len() + 4 > KEYWORD_LIMIT => None,
        (Test::Equals { text, fold: false, .. }, _) => Some(Quick::Equal(text)),
        _ => None,
    }
}

/// Finds numbers within bounds. The value of a text grows with its number, so bounds of values are bounds of numbers.
fn scan_range(numbers: &Numbers, bounds: Bounds<Number>, hit: &mut dyn FnMut(usize)) {
    let (Some(least), Some(most)) = (numbers.values.iter().min(), numbers.values.iter().max()) else {
        return;
    };
    let mut text = Vec::new();
    let mut value = |number: i64| {
        text.clear();
        numbers.form.write(number, &mut text);
        str::from_utf8(&text).ok().and_then(Number::parse)
    };
    let above = Bounds { lower: bounds.lower, upper: Bound::Unbounded };
    let below = Bounds { lower: Bound::Unbounded, upper: bounds.upper };
    let first = partition(*least, *most, |number| !value(number).is_some_and(|value| above.contain(&value)));
    let end = partition(*least, *most, |number| value(number).is_some_and(|value| below.contain(&value)));
    for (row, number) in numbers.values.iter().enumerate() {
        if i128::from(*number) >= first && i128::from(*number) < end {
            hit(row);
        }
    }
}

/// The first number from `least` on for which `before` does not hold; behind `most` where it holds for all.
fn partition(least: i64, most: i64, mut before: impl FnMut(i64) -> bool) -> i128 {
    let (mut low, mut high) = (i128::from(least), i128::from(most) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle as i64) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
