//! Which fields there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use logpipeline_model::query::{Field, TimeRange};
use tantivy::Term;

use super::budget::Budget;
use super::error;
use super::partition::{Partition, Segment};
use super::terms::{self, FieldTerms, Kind};
use crate::{FieldInfo, FieldKind, FieldList, StoreError};

/// The fields of every partition that reaches into the range.
pub(super) fn fields(
    snapshot: &[Arc<Partition>],
    range: TimeRange,
    budget: &Budget,
) -> Result<FieldList, StoreError> {
    let mut fixed = Field::FIXED.map(|field| (field, false));
    let mut metadata = BTreeMap::new();
    let reaches = |partition: &&Arc<Partition>| {
        let reaches =
            |times: super::partition::Times| times.latest >= range.first && times.earliest <= range.last;
        partition.summary.times.is_some_and(reaches)
    };
    'all: for partition in snapshot.iter().filter(reaches) {
        for segment in &partition.segments {
            if budget.is_spent() {
                break 'all;
            }
            for (field, present) in fixed.iter_mut().filter(|(_, present)| !present) {
                *present = is_present(partition, segment, field).map_err(error::reading)?;
            }
            add_paths(partition, segment, budget, &mut metadata).map_err(error::reading)?;
        }
    }
    let fixed = fixed.into_iter().filter(|(_, present)| *present).map(|(field, _)| {
        let kind = FieldKind::of_fixed(&field);
        FieldInfo { field, kind }
    });
    let metadata = metadata.into_iter().map(|(path, number)| FieldInfo {
        field: Field::Metadata(path),
        kind: if number { FieldKind::Number } else { FieldKind::Keyword },
    });
    Ok(FieldList { fields: fixed.chain(metadata).collect(), partial: budget.is_spent() })
}

/// Fields without terms are those that every entry has.
fn is_present(partition: &Partition, segment: &Segment, field: &Field) -> tantivy::Result<bool> {
    let Some(names) = FieldTerms::new(field) else { return Ok(true) };
    let term = Term::from_field_bytes(partition.fields.terms, &names.term(Kind::Present, b""));
    Ok(segment.reader.inverted_index(partition.fields.terms)?.doc_freq(&term)? > 0)
}

/// Adds the metadata paths that hold a value, and whether one is a number, sent as such or as text.
fn add_paths(
    partition: &Partition,
    segment: &Segment,
    budget: &Budget,
    paths: &mut BTreeMap<String, bool>,
) -> tantivy::Result<()> {
    let inverted = segment.reader.inverted_index(partition.fields.terms)?;
    let dictionary = inverted.terms();
    let mut from = terms::FIRST_METADATA.to_vec();
    // Each round seeks in the dictionary some times.
    while !budget.is_spent() {
        let mut stream = dictionary.range().ge(&from).into_stream()?;
        let escaped = match stream.next() {
            Some((term, _)) => terms::escaped_path(term).map(<[u8]>::to_vec),
            None => None,
        };
        let Some(escaped) = escaped else { return Ok(()) };
        let path = terms::unescape(&escaped);
        let names = FieldTerms::metadata(&path);
        if dictionary.term_ord(names.term(Kind::Present, b""))?.is_some() {
            let prefix = names.term(Kind::Number, b"");
            let mut numbers = dictionary.range().ge(&prefix).into_stream()?;
            let number = numbers.next().is_some_and(|(term, _)| term.starts_with(&prefix));
            *paths.entry(path).or_default() |= number;
        }
        from = terms::after_path(&escaped);
    }
    Ok(())
}
