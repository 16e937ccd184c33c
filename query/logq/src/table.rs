//! Entries and figures as lines for people.

use std::borrow::Cow;

use logpipeline_rows::{Columns, Unreadable, Value};
use serde::Deserialize;

use crate::escape;
use crate::style::Style;
use crate::time::Zone;

/// Columns grow with what they hold, up to here; chosen ones further.
const WIDEST: usize = 40;
const WIDEST_CHOSEN: usize = 100;

/// Prints entries one by one.
#[derive(Debug)]
pub(crate) struct Table {
    style: Style,
    zone: Zone,
    columns: Option<Columns>,
    widths: Vec<usize>,
    /// Whether lines begin with a margin for the mark of one entry.
    margin: bool,
}

/// An entry, ready to be aligned with others.
#[derive(Debug)]
pub(crate) struct Line {
    time: String,
    cells: Vec<String>,
    /// The message by lines, unless fields are chosen.
    text: Vec<String>,
    marked: bool,
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
        let widths = match &columns {
            None => vec![0, 5],
            Some(columns) => columns.names().map(|name| escape::line(name).chars().count()).collect(),
        };
        Self { style, zone, columns, widths, margin: false }
    }

    /// From here on, entries have a margin for a mark.
    pub(crate) fn leave_margin(&mut self) {
        self.margin = true;
    }

    /// The names of chosen fields; otherwise nothing needs a name.
    pub(crate) fn head(&self) -> String {
        let Some(columns) = &self.columns else { return String::new() };
        let names: Vec<String> = columns.names().map(|name| escape::line(name).into_owned()).collect();
        format!("{}{}\n", self.mark(false), self.style.dim(&self.row(&names)))
    }

    /// What is to be printed of an entry in its stored form. Columns grow by it.
    pub(crate) fn measure(&mut self, stored: &str, marked: bool) -> Result<Line, Unreadable> {
        let line = match &self.columns {
            Some(columns) => {
                let values = columns.read(stored.as_bytes())?.into_iter();
                let cells = values.map(|value| value.map(Value::text).unwrap_or_default());
                let cells = cells.map(|cell| escape::line(&cell).into_owned()).collect();
                Line { time: String::new(), cells, text: Vec::new(), marked }
            }
            None => {
                let entry: Entry<'_> = serde_json::from_str(stored)?;
                let resource = escape::line(&entry.resource_id.unwrap_or_default()).into_owned();
                let level = escape::line(&entry.level.unwrap_or_default()).to_uppercase();
                let text = entry.message.lines().map(|line| escape::line(line).into_owned()).collect();
                Line { time: self.zone.show(&entry.timestamp), cells: vec![resource, level], text, marked }
            }
        };
        let widest = if self.columns.is_some() { WIDEST_CHOSEN } else { WIDEST };
        for (width, cell) in self.widths.iter_mut().zip(&line.cells) {
            *width = (*width).max(cell.chars().count().min(widest));
        }
        Ok(line)
    }

    /// Lines of text, aligned with all that was measured.
    pub(crate) fn show(&self, line: &Line) -> String {
        let mark = self.mark(line.marked);
        let (None, [resource, level]) = (&self.columns, line.cells.as_slice()) else {
            return format!("{mark}{}", self.row(&line.cells)).trim_end().to_owned() + "\n";
        };
        let mut text = format!(
            "{mark}{}  {}  {}  {}\n",
            self.style.dim(&line.time),
            self.style.level(&self.pad(1, level)),
            self.style.resource(&self.pad(0, resource)),
            line.text.first().map_or("", String::as_str)
        );
        for more in line.text.iter().skip(1) {
            text.push_str(self.mark(false));
            text.push_str("    ");
            text.push_str(more);
            text.push('\n');
        }
        text
    }

    fn mark(&self, marked: bool) -> &'static str {
        match (self.margin, marked) {
            (false, _) => "",
            (true, false) => "  ",
            (true, true) => "> ",
        }
    }

    fn row(&self, cells: &[String]) -> String {
        let padded: Vec<String> =
            cells.iter().enumerate().map(|(column, cell)| self.pad(column, cell)).collect();
        padded.join("  ").trim_end().to_owned()
    }

    fn pad(&self, column: usize, cell: &str) -> String {
        let width = self.widths.get(column).copied().unwrap_or_default();
        format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: Option<&str>) -> Table {
        Table::new(Style::plain(), Zone::Utc, columns.map(|names| Columns::parse(names).unwrap()))
    }

    fn shown(table: &mut Table, entries: &[(&str, bool)]) -> String {
        let lines: Vec<Line> =
            entries.iter().map(|(entry, marked)| table.measure(entry, *marked).unwrap()).collect();
        let shown: Vec<String> = lines.iter().map(|line| table.show(line)).collect();
        table.head() + &shown.concat()
    }

    const FIRST: &str = r#"{"timestamp":"2023-09-15T08:00:00Z","message":"No level"}"#;
    const SECOND: &str = r#"{"timestamp":"2023-09-15T08:00:01Z","level":"error","message":"Failed\nbadly","resourceId":"server-1234"}"#;

    #[test]
    fn lines_align_with_all_that_is_printed_together() {
        let expected = "2023-09-15 08:00:00.000Z                      No level\n\
                        2023-09-15 08:00:01.000Z  ERROR  server-1234  Failed\n    badly\n";
        assert_eq!(shown(&mut table(None), &[(FIRST, false), (SECOND, false)]), expected);
    }

    #[test]
    fn one_entry_can_be_marked() {
        let mut marked = table(None);
        marked.leave_margin();
        let expected = "  2023-09-15 08:00:00.000Z                      No level\n\
                        > 2023-09-15 08:00:01.000Z  ERROR  server-1234  Failed\n      badly\n";
        assert_eq!(shown(&mut marked, &[(FIRST, false), (SECOND, true)]), expected);
        let mut marked = table(Some("level,resourceId"));
        marked.leave_margin();
        assert_eq!(
            shown(&mut marked, &[(FIRST, false), (SECOND, true)]),
            "  level  resourceId\n\n> error  server-1234\n"
        );
    }

    #[test]
    fn a_message_of_several_lines_is_indented_and_harmless() {
        let entry = r#"{"timestamp":"2023-09-15T08:00:00Z","message":"panic\r\n\tat \u001b[31mmain\n\nend"}"#;
        let text = shown(&mut table(None), &[(entry, false)]);
        assert!(text.ends_with("panic\n        at \\x1b[31mmain\n    \n    end\n"), "{text:?}");
    }

    #[test]
    fn chosen_fields_stand_below_their_names() {
        let first = r#"{"timestamp":"x","level":"error","message":"two\nlines","metadata":{"n":5}}"#;
        let second =
            r#"{"timestamp":"x","message":"a message of more than forty characters in all","level":"warn"}"#;
        let text = shown(&mut table(Some("n,msg,level")), &[(first, false), (second, false)]);
        let expected = "n  msg                                             level\n\
                        5  two\\nlines                                      error\n   \
                        a message of more than forty characters in all  warn\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn columns_do_not_grow_without_end() {
        let entry = format!(r#"{{"message":"{}","level":"error"}}"#, "x".repeat(1_000));
        let text = shown(&mut table(Some("message,level")), &[(&entry, false)]);
        assert_eq!(text.lines().next().unwrap().len(), WIDEST_CHOSEN + 2 + "level".len());
    }
}
