//! Real logs as entries: each line or group of lines becomes one, with the best that can be said of its time,
//! level and source. No line is refused.

mod formats;
mod key;
mod offset;
mod reader;
mod record;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use logpipeline_model::Timestamp;
use logpipeline_model::line::Context;

use crate::entry::Tag;
use crate::source::{Next, Source};

pub use offset::{InvalidOffset, Offset};
pub use reader::OpenError;

use formats::Fields;
use key::Keys;
use reader::{Problems, RawLine};
use record::Record;

/// An entry may have a mebibyte; a line of control characters grows sixfold when it is escaped.
const MAX_ENTRY: usize = (1 << 20) - 4_096;
const CUT_MESSAGE: usize = 128 << 10;

#[derive(Debug, Clone)]
pub struct ReplayOptions {
    pub run: String,
    /// `-` is standard input.
    pub files: Vec<PathBuf>,
    pub resource_id: Option<String>,
    pub offset: Offset,
    /// For times that name no year.
    pub now: Timestamp,
    /// Entries of a request at most.
    pub batch_entries: u64,
    /// Whether to send files as new though they were sent before.
    pub again: bool,
}

/// Logs as a source of entries.
#[derive(Debug)]
pub struct Replay {
    run: String,
    names: Vec<FileName>,
    resource_id: Option<String>,
    context: Context,
    queue: Receiver<Vec<RawLine>>,
    lines: VecDeque<RawLine>,
    current: Option<Record>,
    ended: bool,
    next_seq: u64,
    problems: Problems,
    /// `None` where everything is new.
    keys: Option<Keys>,
    /// Read, and to begin the next request.
    held: Option<Record>,
}

#[derive(Debug)]
struct FileName {
    /// As it was given.
    path: String,
    /// What stands for the source where a line names none.
    resource: String,
}

impl Replay {
    /// Fails where a file cannot be opened.
    pub fn open(options: ReplayOptions) -> Result<Self, OpenError> {
        let names = options.files.iter().map(|path| {
            let path = if path.as_os_str() == "-" {
                "stdin".to_owned()
            } else {
                path.to_string_lossy().into_owned()
            };
            FileName { resource: path.rsplit('/').next().unwrap_or_default().to_owned(), path }
        });
        let names = names.collect();
        // What a stream says twice, it means twice.
        let is_stream = !options.files.iter().all(|path| path.is_file());
        let keys = (!options.again && !is_stream).then(|| {
            let settings = format!("{:?} {}\n", options.resource_id, options.offset.seconds());
            Keys::new(options.batch_entries, settings, options.files.len())
        });
        let problems = Problems::default();
        let queue = reader::start(options.files, Problems::clone(&problems))?;
        Ok(Self {
            run: options.run,
            names,
            resource_id: options.resource_id,
            context: Context { now: options.now, offset_seconds: options.offset.seconds() },
            queue,
            lines: VecDeque::new(),
            current: None,
            ended: false,
            next_seq: 0,
            problems,
            keys,
            held: None,
        })
    }

    /// What could not be read, known once the source has ended.
    pub fn problems(&self) -> impl Fn() -> Vec<String> + Send + Sync + use<> {
        let problems = Problems::clone(&self.problems);
        move || problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn next_record(&mut self, wait: Duration) -> Result<Record, Next> {
        loop {
            while let Some(line) = self.lines.pop_front() {
                let line = match &mut self.current {
                    Some(record) => match record.push(line, &self.context) {
                        Ok(()) => continue,
                        Err(line) => line,
                    },
                    None => line,
                };
                let complete = self.current.take();
                self.current = Record::begin(line);
                if let Some(record) = complete {
                    return Ok(record);
                }
            }
            if self.ended {
                return self.current.take().ok_or(Next::End);
            }
            match self.queue.recv_timeout(wait) {
                Ok(lines) => self.lines.extend(lines),
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
                // A stream that pauses has most likely finished its record; a file is merely read slowly.
                Err(RecvTimeoutError::Timeout) if self.keys.is_none() => {
                    return self.current.take().ok_or(Next::Waiting);
                }
                Err(RecvTimeoutError::Timeout) => return Err(Next::Waiting),
            }
        }
    }

    fn append(&mut self, record: &Record, out: &mut Vec<u8>) {
        let name = &self.names[record.file];
        let mut fields = Fields::parse(record.trimmed(), &self.context);
        if let Some(resource) = &self.resource_id {
            fields.draft.resource_id.clone_from(resource);
        } else if fields.draft.resource_id.is_empty() {
            fields.draft.resource_id.clone_from(&name.resource);
        }
        fields.text("file", &name.path);
        fields.json("line", record.number.to_string());
        if record.dropped > 0 {
            fields.json("droppedBytes", record.dropped.to_string());
        }
        let tag = Tag { run: &self.run, seq: self.next_seq };
        let from = out.len();
        fields.clone().into_draft().encode(tag, out);
        if out.len() - from > MAX_ENTRY {
            out.truncate(from);
            Fields::cut(record.trimmed(), CUT_MESSAGE, fields).into_draft().encode(tag, out);
        }
        self.next_seq += 1;
    }
}

impl Source for Replay {
    fn append_next(&mut self, out: &mut Vec<u8>, wait: Duration) -> Next {
        let record = match self.held.take().map_or_else(|| self.next_record(wait), Ok) {
            Ok(record) => record,
            Err(next) => return next,
        };
        if let Some(keys) = &mut self.keys {
            if keys.cuts_before(&record) {
                self.held = Some(record);
                return Next::Cut;
            }
            keys.add(&record);
        }
        self.append(&record, out);
        Next::Appended
    }

    fn take_key(&mut self) -> Option<String> {
        self.keys.as_mut()?.take()
    }
}
