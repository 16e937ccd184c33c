//! Entries as lines of JSON and rows of CSV: what the search API exports and `logq` prints.

mod columns;
mod csv_rows;

use serde::Serializer;

pub use columns::{Columns, Value};
pub use csv_rows::write as write_csv;

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// An entry a line, as JSON.
    #[default]
    Ndjson,
    /// A header, then an entry a row.
    Csv,
}

/// Writes entries in one format.
#[derive(Debug, Clone)]
pub struct Rows {
    format: Format,
    columns: Option<Columns>,
}

/// A stored entry that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read a stored entry: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

impl Rows {
    /// Without columns, NDJSON has whole entries, and CSV the columns of [`Columns::default`].
    pub fn new(format: Format, columns: Option<Columns>) -> Self {
        let columns = match format {
            Format::Csv => Some(columns.unwrap_or_default()),
            Format::Ndjson => columns,
        };
        Self { format, columns }
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Appends what stands before the first entry.
    pub fn head(&self, out: &mut Vec<u8>) {
        if let (Format::Csv, Some(columns)) = (self.format, &self.columns) {
            write_csv(columns.names().map(Into::into), out);
        }
    }

    /// Appends one entry, given in its stored form, and its line break.
    ///
    /// # Errors
    /// Where the bytes are no entry; `out` then has an unfinished line.
    pub fn write(&self, stored: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let Some(columns) = &self.columns else {
            out.extend_from_slice(stored);
            out.push(b'\n');
            return Ok(());
        };
        let values = columns.read(stored)?;
        match self.format {
            Format::Csv => {
                write_csv(values.into_iter().map(|value| value.map(Value::text).unwrap_or_default()), out)
            }
            Format::Ndjson => {
                let mut line = serde_json::Serializer::new(&mut *out);
                line.collect_map(
                    columns.names().zip(values).filter_map(|(name, value)| Some((name, value?))),
                )?;
                out.push(b'\n');
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"id":"x","message":"a, b","metadata":{"n":1e999}}"#;

    fn written(format: Format, columns: Option<&str>) -> String {
        let rows = Rows::new(format, columns.map(|names| Columns::parse(names).unwrap()));
        let mut out = Vec::new();
        rows.head(&mut out);
        rows.write(STORED.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ndjson_is_the_stored_form_unless_fields_are_chosen() {
        assert_eq!(written(Format::Ndjson, None), format!("{STORED}\n"));
        let line = "{\"msg\":\"a, b\",\"metadata.n\":1e999}\n";
        assert_eq!(written(Format::Ndjson, Some("msg,metadata.n,level")), line);
    }

    #[test]
    fn csv_has_a_header_and_a_cell_for_each_column() {
        assert_eq!(written(Format::Csv, Some("level,msg,n")), "level,msg,n\r\n,\"a, b\",1e999\r\n");
        assert!(written(Format::Csv, None).starts_with("timestamp,level,resourceId,message,"));
    }

    #[test]
    fn what_is_no_entry_is_an_error() {
        let rows = Rows::new(Format::Csv, None);
        assert!(rows.write(b"{", &mut Vec::new()).is_err());
    }
}
