//! How the fields of an entry are indexed.

use serde_json::{Value, json};

use super::{Features, Product, SCHEMA_VERSION};
use crate::query::text::TOKEN_LIMIT;

/// The analysis that the mapping names: the tokens of the query language, and its folding.
pub(super) fn analysis() -> Value {
    json!({
        "analyzer": { "words": {
            "type": "custom", "tokenizer": "words", "filter": ["lowercase", "words_cut"],
        } },
        "tokenizer": { "words": { "type": "pattern", "pattern": "[^\\p{L}\\p{N}\\p{M}]+" } },
        "filter": { "words_cut": { "type": "truncate", "length": TOKEN_LIMIT } },
        "normalizer": { "folded": { "type": "custom", "filter": ["lowercase"] } },
    })
}

/// Nothing that a sender writes adds a field: `metadata` is searched by its paths and values as terms of
/// two fields.
pub(super) fn mappings(features: &Features) -> Value {
    let mut message = json!({ "type": "text", "analyzer": "words", "norms": false });
    if features.wildcard {
        message["fields"] = json!({ "raw": { "type": "wildcard", "ignore_above": RAW_LIMIT } });
    }
    let mut mappings = json!({
        "_meta": { "managed_by": "logpipeline", "schema": SCHEMA_VERSION },
        "dynamic": false,
        "date_detection": false,
        "properties": {
            "@timestamp": { "type": "date_nanos" },
            "receivedAt": { "type": "date_nanos" },
            "id": keyword(),
            "level": value(),
            "message": message,
            "resourceId": value(),
            "traceId": value(),
            "spanId": value(),
            "commit": value(),
            "metadata": { "type": "object", "enabled": false },
            "search": { "properties": {
                "era": keyword(),
                "paths": keyword(),
                "values": keyword(),
            } },
        },
    });
    if features.product == Product::OpenSearch {
        // OpenSearch has no `"dynamic": false` that is inherited where an object says nothing.
        mappings["properties"]["search"]["dynamic"] = json!(false);
    }
    mappings
}

/// A whole value, as it is and folded.
fn value() -> Value {
    let mut value = keyword();
    let mut folded = keyword();
    folded["normalizer"] = json!("folded");
    value["fields"] = json!({ "folded": folded });
    value
}

/// Values are cut before they are sent, so that none is ignored; but the mode `logsdb` would ignore those
/// of 8,192 characters.
fn keyword() -> Value {
    json!({ "type": "keyword", "ignore_above": LONGEST_TERM })
}

/// Longer messages, in units of UTF-16, are not indexed as a whole: Lucene takes so many units of any characters,
/// and would refuse the document. Their documents bear a mark by which they are found all the same.
pub const RAW_LIMIT: usize = LONGEST_TERM as usize / 3;

/// What Lucene takes for a term, in bytes.
const LONGEST_TERM: u32 = 32_766;
