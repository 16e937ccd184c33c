//! Exports: every entry that a query finds, page by page, in bounded memory.

mod columns;
mod csv_rows;
mod producer;

use bytes::Bytes;
use serde::Serializer;

pub(crate) use columns::Columns;
use columns::Value;
pub(crate) use producer::{Export, stream};

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// An entry a line, as JSON.
    #[default]
    Ndjson,
    /// A header, then an entry a row.
    Csv,
}

impl Format {
    pub(crate) const WORDS: [(&'static str, Self); 2] = [("ndjson", Self::Ndjson), ("csv", Self::Csv)];

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}

/// Writes entries in one format.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) format: Format,
    /// Without them, NDJSON has whole entries, and CSV the columns of [`Columns::default`].
    pub(crate) columns: Option<Columns>,
}

/// A stored entry that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read a stored entry: {0}")]
pub(crate) struct Unreadable(#[from] serde_json::Error);

impl Rows {
    /// What stands before the first entry.
    pub(crate) fn head(&self, out: &mut Vec<u8>) {
        if self.format == Format::Csv {
            let columns = self.csv_columns();
            csv_rows::write(columns.names().map(|name| name.to_owned().into()), out);
        }
    }

    pub(crate) fn write(&self, stored: &Bytes, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match (self.format, &self.columns) {
            (Format::Ndjson, None) => out.extend_from_slice(stored),
            (Format::Ndjson, Some(columns)) => {
                let values = columns.read(stored)?;
                let mut line = serde_json::Serializer::new(&mut *out);
                line.collect_map(
                    columns.names().zip(values).filter_map(|(name, value)| Some((name, value?))),
                )?;
            }
            (Format::Csv, _) => {
                let values = self.csv_columns().read(stored)?;
                csv_rows::write(
                    values.into_iter().map(|value| value.map_or_else(Default::default, Value::text)),
                    out,
                );
                return Ok(());
            }
        }
        out.push(b'\n');
        Ok(())
    }

    fn csv_columns(&self) -> Columns {
        self.columns.clone().unwrap_or_default()
    }
}
