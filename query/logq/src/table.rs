//! Entries and figures as lines for people.

use std::borrow::Cow;

use logpipeline_rows::{Columns, Unreadable, Value};
use serde::Deserialize;

use crate::escape;
use crate::style::Style;
use crate::time::Zone;

/// Columns grow with what they hold, up to here.
const WIDEST: usize = 40;

/// Prints entries one by one.
#[derive(Debug)]
pub(crate) struct Table {
    style: Style,
    zone: Zone,
    columns: Option<Columns>,
    widths: Vec<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    level: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

impl Table {
    pub(crate) fn new(style: Style, zone: Zone, columns: Option<Columns>) -> Self {
        Self { style, zone, columns, widths: vec![0, 5] }
    }

    /// The names of chosen fields; otherwise nothing needs a name.
    pub(crate) fn head(&mut self) -> String {
        let Some(columns) = &self.columns else { return String::new() };
        let names: Vec<String> = columns.names().map(|name| escape::line(name).into_owned()).collect();
        self.widths = vec![0; names.len()];
        let line = self.row(names);
        self.style.dim(line.trim_end()) + "\n"
    }

    /// An entry in its stored form as lines of text.
    pub(crate) fn entry(&mut self, stored: &str) -> Result<String, Unreadable> {
        if let Some(columns) = &self.columns {
            let values = columns.read(stored.as_bytes())?;
            let cells = values.into_iter().map(|value| value.map(Value::text).unwrap_or_default());
            let cells = cells.map(|cell| escape::line(&cell).into_owned()).collect();
            return Ok(self.row(cells));
        }
        let entry: Entry<'_> = serde_json::from_str(stored)?;
        let level = escape::line(&entry.level.unwrap_or_default()).to_uppercase();
        let resource = entry.resource_id.unwrap_or_default();
        let resource = self.pad(0, escape::line(&resource).into_owned());
        let level = self.pad(1, level);
        let mut lines = entry.message.lines();
        let mut text = format!(
            "{}  {}  {}  {}\n",
            self.style.dim(&self.zone.show(&entry.timestamp)),
            self.style.level(&level),
            self.style.resource(&resource),
            escape::line(lines.next().unwrap_or_default())
        );
        for line in lines {
            text.push_str("    ");
            text.push_str(&escape::line(line));
            text.push('\n');
        }
        Ok(text)
    }

    fn row(&mut self, cells: Vec<String>) -> String {
        let padded: Vec<String> =
            cells.into_iter().enumerate().map(|(column, cell)| self.pad(column, cell)).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    }

    fn pad(&mut self, column: usize, cell: String) -> String {
        let length = cell.chars().count();
        let Some(width) = self.widths.get_mut(column) else { return cell };
        *width = (*width).max(length.min(WIDEST));
        format!("{cell}{}", " ".repeat(width.saturating_sub(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: Option<&str>) -> Table {
        Table::new(Style::plain(), Zone::Utc, columns.map(|names| Columns::parse(names).unwrap()))
    }

    #[test]
    fn lines_align_as_columns_grow() {
        let mut table = table(None);
        let lines: Vec<_> = [
            r#"{"timestamp":"2023-09-15T08:00:00Z","level":"error","message":"Failed","resourceId":"server-1234"}"#,
            r#"{"timestamp":"2023-09-15T08:00:01Z","message":"No level"}"#,
        ]
        .map(|entry| table.entry(entry).unwrap())
        .to_vec();
        assert_eq!(lines[0], "2023-09-15 08:00:00.000Z  ERROR  server-1234  Failed\n");
        assert_eq!(lines[1], "2023-09-15 08:00:01.000Z                      No level\n");
    }

    #[test]
    fn a_message_of_several_lines_is_indented_and_harmless() {
        let entry = r#"{"timestamp":"2023-09-15T08:00:00Z","message":"panic\r\n\tat \u001b[31mmain\n\nend"}"#;
        let text = table(None).entry(entry).unwrap();
        assert!(text.ends_with("panic\n        at \\x1b[31mmain\n    \n    end\n"), "{text:?}");
    }

    #[test]
    fn chosen_fields_have_a_head() {
        let mut table = table(Some("level,metadata.n,msg"));
        let entry = r#"{"timestamp":"x","level":"error","message":"two\nlines","metadata":{"n":5}}"#;
        assert_eq!(
            table.head() + &table.entry(entry).unwrap(),
            "level  metadata.n  msg\nerror  5           two\\nlines\n"
        );
    }
}
