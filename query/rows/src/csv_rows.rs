//! CSV as RFC 4180 has it, with cells that no spreadsheet takes for a formula.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};

/// Appends a row, ended by CR LF.
pub fn write<'a>(cells: impl Iterator<Item = Cow<'a, str>>, out: &mut Vec<u8>) {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(&mut *out);
    let written = writer
        .write_record(cells.map(|cell| harmless(cell).into_owned().into_bytes()))
        .and_then(|()| Ok(writer.flush()?));
    // A vector takes every byte, and one row has one length.
    debug_assert!(written.is_ok());
}

/// Spreadsheets run a cell as a formula by its first character. One that begins so and is no number gets
/// an apostrophe before it, which they take as "text follows".
fn harmless(cell: Cow<'_, str>) -> Cow<'_, str> {
    let suspicious = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    match suspicious && cell.parse::<f64>().is_err() {
        true => Cow::Owned(format!("'{cell}")),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut out = Vec::new();
        write(cells.iter().map(|cell| Cow::Borrowed(*cell)), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(
            row(&["a", "b,c", "d \"e\"", "two\nlines", ""]),
            "a,\"b,c\",\"d \"\"e\"\"\",\"two\nlines\",\r\n"
        );
        assert_eq!(row(&[""]), "\"\"\r\n", "a row of one empty cell is no empty line");
    }

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        assert_eq!(
            row(&["=1+1", "@x", "-5", "+1.5", "-cmd", "\tx", "a=b"]),
            "'=1+1,'@x,-5,+1.5,'-cmd,'\tx,a=b\r\n"
        );
    }
}
