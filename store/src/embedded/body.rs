//! The stored form of an entry, read back.

use bytes::Bytes;
use logpipeline_model::Timestamp;
use tantivy::DocId;
use tantivy::schema::Field;
use tantivy::schema::document::{DeserializeError, DocumentDeserialize, DocumentDeserializer, OwnedValue};
use tantivy::store::StoreReader;

use super::error;
use super::partition::{Partition, Segment};
use crate::{FoundEntry, Position, StoreError};

pub(super) fn stored_body(store: &StoreReader, body: Field, doc: DocId) -> Result<Bytes, StoreError> {
    let values: Values = store.get(doc).map_err(error::reading)?;
    match values.0.into_iter().find(|(field, _)| *field == body) {
        Some((_, OwnedValue::Str(text))) => Ok(Bytes::from(text)),
        _ => Err(StoreError::Damaged { reason: format!("entry {doc} of a segment has no stored form") }),
    }
}

struct Values(Vec<(Field, OwnedValue)>);

impl DocumentDeserialize for Values {
    fn deserialize<'de, D: DocumentDeserializer<'de>>(mut deserializer: D) -> Result<Self, DeserializeError> {
        let mut values = Vec::with_capacity(1);
        while let Some(value) = deserializer.next_field()? {
            values.push(value);
        }
        Ok(Self(values))
    }
}

/// Reads one entry, its position by `timestamp`.
pub(super) fn entry(partition: &Partition, segment: &Segment, doc: DocId) -> Result<FoundEntry, StoreError> {
    let time = partition.name.bucket.base().to_timestamp(segment.timestamps.get_val(doc));
    let store = segment.reader.get_store_reader(1).map_err(|error| error::reading(error.into()))?;
    Ok(found(segment, time, doc, stored_body(&store, partition.fields.body, doc)?))
}

pub(super) fn found(segment: &Segment, time: Timestamp, doc: DocId, body: Bytes) -> FoundEntry {
    FoundEntry { position: Position { time, id: segment.entry_id(doc) }, body }
}
