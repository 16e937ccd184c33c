//! Entries on stdout, in the form asked for.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use logpipeline_rows::{Columns, Format, Rows, Unreadable};

use crate::args::{Args, Output};
use crate::escape;
use crate::failure::Failure;
use crate::style::Style;
use crate::table::{Line, Table};
use crate::time::Zone;

/// Lines of a table that wait for each other to be aligned, at most, and their bytes.
const TOGETHER: usize = 1_000;
const BYTES_TOGETHER: usize = 4 << 20;

#[derive(Debug)]
pub(crate) struct Printer {
    out: BufWriter<Stdout>,
    form: Form,
    waiting: Vec<Line>,
    waiting_bytes: usize,
    /// Whether the table's head is still to be printed.
    head_waits: bool,
    on_terminal: bool,
    count: u64,
}

#[derive(Debug)]
enum Form {
    Table(Table),
    Json(Rows),
    Rows(Rows),
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Server(error.to_string())
    }
}

impl Printer {
    pub(crate) fn new(args: &Args) -> Result<Self, Failure> {
        let columns = match &args.fields {
            None => None,
            Some(names) => Some(Columns::parse(names).ok_or_else(|| {
                Failure::Usage(
                    "--fields: give names of fields with commas between them, each once".to_owned(),
                )
            })?),
        };
        let zone = Zone::choose(args.local)?;
        let form = match args.output {
            Output::Table => Form::Table(Table::new(Style::of_stdout(args.color), zone, columns)),
            Output::Json => Form::Json(Rows::new(Format::Ndjson, columns)),
            Output::Ndjson => Form::Rows(Rows::new(Format::Ndjson, columns)),
            Output::Csv => Form::Rows(Rows::new(Format::Csv, columns)),
        };
        let out = BufWriter::with_capacity(64 << 10, io::stdout());
        Ok(Self {
            out,
            form,
            waiting: Vec::new(),
            waiting_bytes: 0,
            head_waits: false,
            on_terminal: io::stdout().is_terminal(),
            count: 0,
        })
    }

    /// How many entries were printed.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn begin(&mut self) -> Result<(), Failure> {
        let mut head = Vec::new();
        match &mut self.form {
            Form::Table(_) => self.head_waits = true,
            Form::Json(_) => head.push(b'['),
            Form::Rows(rows) => rows.head(&mut head),
        }
        Ok(self.out.write_all(&head)?)
    }

    /// Prepares a table for one entry among its neighbours.
    pub(crate) fn leave_margin(&mut self) {
        if let Form::Table(table) = &mut self.form {
            table.leave_margin();
        }
    }

    /// Prints an entry, given in its stored form.
    pub(crate) fn entry(&mut self, stored: &str) -> Result<(), Failure> {
        self.print(stored, false)
    }

    /// Prints an entry with a mark, where the form has one.
    pub(crate) fn marked(&mut self, stored: &str) -> Result<(), Failure> {
        self.print(stored, true)
    }

    fn print(&mut self, stored: &str, marked: bool) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(stored.len() + 16);
        match &mut self.form {
            Form::Table(table) => {
                self.waiting.push(table.measure(stored, marked)?);
                self.waiting_bytes += stored.len();
                if self.waiting.len() >= TOGETHER || self.waiting_bytes >= BYTES_TOGETHER {
                    self.align()?;
                }
            }
            Form::Json(rows) => {
                bytes.extend(if self.count == 0 { &b"\n"[..] } else { b",\n" });
                rows.write(stored.as_bytes(), &mut bytes)?;
                bytes.pop();
            }
            Form::Rows(rows) => rows.write(stored.as_bytes(), &mut bytes)?,
        }
        self.count += 1;
        match (self.on_terminal, &self.form) {
            (true, Form::Json(_) | Form::Rows(_)) => {
                // Line breaks between entries are ours; within an entry only CSV has them.
                let text = String::from_utf8_lossy(&bytes);
                let lines = text.split_inclusive('\n').map(|line| match line.strip_suffix('\n') {
                    Some(line) => self.harmless(line.trim_end_matches('\r')) + "\n",
                    None => self.harmless(line),
                });
                let lines: String = lines.collect();
                self.out.write_all(lines.as_bytes())?;
            }
            _ => self.out.write_all(&bytes)?,
        }
        Ok(())
    }

    /// Writes the lines that wait.
    fn align(&mut self) -> Result<(), Failure> {
        let Form::Table(table) = &self.form else { return Ok(()) };
        if std::mem::take(&mut self.head_waits) {
            self.out.write_all(table.head().as_bytes())?;
        }
        for line in self.waiting.drain(..) {
            self.out.write_all(table.show(&line).as_bytes())?;
        }
        self.waiting_bytes = 0;
        Ok(())
    }

    fn harmless(&self, line: &str) -> String {
        match &self.form {
            Form::Json(_) => escape::json(line).into_owned(),
            Form::Rows(rows) if rows.format() == Format::Ndjson => escape::json(line).into_owned(),
            _ => escape::line(line).into_owned(),
        }
    }

    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        if let Form::Json(_) = self.form {
            let end: &[u8] = if self.count == 0 { b"]\n" } else { b"\n]\n" };
            self.out.write_all(end)?;
        }
        self.flush()
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.align()?;
        Ok(self.out.flush()?)
    }
}
