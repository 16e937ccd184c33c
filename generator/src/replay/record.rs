//! Lines that belong together: stack traces, stanzas, indented continuations.

use logpipeline_model::line::{Context, begins_record};

use super::reader::RawLine;

const MAX_LINES: usize = 1_000;
const MAX_BYTES: usize = 256 << 10;

/// One event of a log, of one line or several.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) file: usize,
    /// Of its first line.
    pub(super) number: u64,
    pub(super) text: String,
    pub(super) dropped: usize,
    lines: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Complete as it is.
    Single,
    /// Indented lines and causes may follow.
    Open,
    /// apt's: ends with a blank line.
    Stanza,
    /// Python: ends with the first line that is not indented.
    Traceback,
    /// Go: unindented frames; blank lines between goroutines.
    Panic,
}

impl Record {
    /// Begins a record; `None` for a blank line.
    pub(super) fn begin(line: RawLine) -> Option<Self> {
        if line.text.trim().is_empty() {
            return None;
        }
        let kind = match line.text.as_str() {
            text if text.starts_with('{') => Kind::Single,
            text if text.starts_with("Start-Date:") => Kind::Stanza,
            text if text.starts_with("Traceback (most recent call last):") => Kind::Traceback,
            text if text.starts_with("panic: ") || text.starts_with("fatal error: ") => Kind::Panic,
            _ => Kind::Open,
        };
        Some(Self {
            file: line.file,
            number: line.number,
            text: line.text,
            dropped: line.dropped,
            lines: 1,
            kind,
        })
    }

    /// Takes `line` where it continues this record; otherwise gives it back, the record being complete.
    pub(super) fn push(&mut self, line: RawLine, context: &Context) -> Result<(), RawLine> {
        let full = self.lines >= MAX_LINES || self.text.len() + line.text.len() > MAX_BYTES;
        if full || line.file != self.file || !self.continues(&line.text, context) {
            return Err(line);
        }
        if self.kind != Kind::Panic && line.text.starts_with("Traceback (most recent call last):") {
            self.kind = Kind::Traceback;
        } else if self.kind == Kind::Traceback && !is_indented(&line.text) {
            self.kind = Kind::Open;
        }
        self.text.push('\n');
        self.text.push_str(&line.text);
        self.dropped += line.dropped;
        self.lines += 1;
        Ok(())
    }

    fn continues(&self, line: &str, context: &Context) -> bool {
        let blank = line.trim().is_empty();
        match self.kind {
            Kind::Single => false,
            Kind::Stanza => !blank,
            Kind::Traceback => !blank,
            Kind::Panic => {
                let after_blank = self.text.ends_with('\n');
                blank && !after_blank
                    || !blank
                        && !begins_record(line, context)
                        && (!after_blank || line.starts_with("goroutine "))
            }
            Kind::Open => !blank && (is_indented(line) || is_cause(line)),
        }
    }

    /// The text without blank lines at its end.
    pub(super) fn trimmed(&self) -> &str {
        self.text.trim_end_matches(['\n', '\r'])
    }
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// A line that is not indented and yet belongs to the error above it.
fn is_cause(line: &str) -> bool {
    if ["Caused by: ", "Suppressed: ", "Traceback (most recent call last):", "stack backtrace:"]
        .iter()
        .any(|start| line.starts_with(start))
    {
        return true;
    }
    // An exception by its qualified name, as Java prints it below the line that logs it.
    let name = line.split([':', ' ']).next().unwrap_or_default();
    let class = name.rsplit('.').next().unwrap_or_default();
    name.contains('.')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '$'))
        && class.starts_with(char::is_uppercase)
        && ["Exception", "Error", "Throwable"].iter().any(|end| class.ends_with(end))
}

#[cfg(test)]
mod tests {
    use logpipeline_model::Timestamp;

    use super::*;

    fn records(text: &str) -> Vec<String> {
        let context = Context { now: Timestamp::from_unix_seconds(1_795_000_000), offset_seconds: 0 };
        let mut records = Vec::new();
        let mut current: Option<Record> = None;
        for (index, line) in text.lines().enumerate() {
            let line = RawLine { file: 0, number: index as u64 + 1, text: line.to_owned(), dropped: 0 };
            let line = match &mut current {
                Some(record) => match record.push(line, &context) {
                    Ok(()) => continue,
                    Err(line) => line,
                },
                None => line,
            };
            records.extend(current.take().map(|record| record.trimmed().to_owned()));
            current = Record::begin(line);
        }
        records.extend(current.map(|record| record.trimmed().to_owned()));
        records
    }

    #[test]
    fn traces_of_every_runtime_are_one_record_each() {
        let java = "2026-11-23 22:55:01,123 ERROR failed\njava.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: x\n\t... 3 more";
        let python = "2026-11-23 22:55:02,123 ERROR failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nValueError: bad";
        let go = "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\n\ngoroutine 5 [select]:\nmain.loop()";
        let next = "2026-11-23 22:55:03,123 INFO next";
        let text = [java, next, python, next, go, next].join("\n");
        assert_eq!(records(&text), [java, next, python, next, go, next]);
    }

    #[test]
    fn stanzas_end_with_a_blank_line_and_json_lines_stand_alone() {
        assert_eq!(
            records("\nStart-Date: 2025-06-24  14:36:25\nUpgrade: a\nEnd-Date: x\n\nStart-Date: y\n"),
            ["Start-Date: 2025-06-24  14:36:25\nUpgrade: a\nEnd-Date: x", "Start-Date: y"]
        );
        assert_eq!(
            records("{\"a\":1}\n  {\"b\":2}\nplain\nplain"),
            ["{\"a\":1}", "  {\"b\":2}", "plain", "plain"]
        );
    }
}
