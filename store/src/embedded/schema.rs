//! How an entry is laid out in a Tantivy index.

use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexSettings};

use super::tokenizer::MessageTokenizer;

/// Raised whenever an index of the version before would be read wrongly.
pub(super) const VERSION: u32 = 2;

const MESSAGE_TOKENIZER: &str = "message";

/// Names of the columns.
pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const RECEIVED_AT: &str = "received_at";
pub(super) const ID_HIGH: &str = "id_high";
pub(super) const ID_LOW: &str = "id_low";
pub(super) const LEVEL: &str = "level";

/// The fields of every partition's index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// Nanoseconds since the partition's base; a column.
    pub(super) timestamp: Field,
    /// Nanoseconds since the partition's base of receipt; a column.
    pub(super) received_at: Field,
    /// The id's first eight bytes: a column, and indexed for look-ups.
    pub(super) id_high: Field,
    /// The id's last eight bytes; a column.
    pub(super) id_low: Field,
    /// A column of the levels as they are stored.
    pub(super) level: Field,
    /// Tokens with positions.
    pub(super) message: Field,
    /// What [`super::terms`] makes of every value but `message` and the times.
    pub(super) terms: Field,
    /// The stored form.
    pub(super) body: Field,
}

pub(super) fn build() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let column = || NumericOptions::default().set_fast();
    let tokens = TextFieldIndexing::default()
        .set_tokenizer(MESSAGE_TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions)
        .set_fieldnorms(false);
    let fields = Fields {
        timestamp: builder.add_i64_field(TIMESTAMP, column()),
        received_at: builder.add_i64_field(RECEIVED_AT, column()),
        id_high: builder.add_u64_field(ID_HIGH, column().set_indexed()),
        id_low: builder.add_u64_field(ID_LOW, column()),
        level: builder.add_text_field(LEVEL, TextOptions::default().set_fast("raw")),
        message: builder.add_text_field("message", TextOptions::default().set_indexing_options(tokens)),
        terms: builder.add_bytes_field("terms", BytesOptions::default().set_indexed()),
        // As text, not as bytes, which Tantivy reads back one at a time.
        body: builder.add_text_field("body", TextOptions::default().set_stored()),
    };
    (builder.build(), fields)
}

pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::Zstd(ZstdCompressor { compression_level: Some(3) }),
        docstore_blocksize: 64 << 10,
        // A thread for each segment costs more than it gives at a commit every few hundred milliseconds.
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

pub(super) fn register_tokenizers(index: &Index) {
    index.tokenizers().register(MESSAGE_TOKENIZER, TextAnalyzer::from(MessageTokenizer::default()));
}
