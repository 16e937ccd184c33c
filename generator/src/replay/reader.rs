//! Lines of files, read on a thread of their own so that a slow stream holds nothing up.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;

/// Bytes of a line beyond this are dropped.
const MAX_LINE: usize = 512 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[derive(Debug)]
pub(super) struct RawLine {
    /// Position of its file in the list.
    pub(super) file: usize,
    /// From 1.
    pub(super) number: u64,
    /// Without its end; invalid UTF-8 replaced.
    pub(super) text: String,
    /// How many bytes were dropped from its end.
    pub(super) dropped: usize,
}

/// What could not be read, in words.
pub(super) type Problems = Arc<Mutex<Vec<String>>>;

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to open {path}: {source}")]
pub struct OpenError {
    path: String,
    source: io::Error,
}

/// Starts reading `files` one after the other. Fails where one of them cannot be opened.
pub(super) fn start(files: Vec<PathBuf>, problems: Problems) -> Result<Receiver<Vec<RawLine>>, OpenError> {
    for path in files.iter().filter(|path| !is_stdin(path)) {
        let describe = |source| OpenError { path: path.display().to_string(), source };
        let is_dir = File::open(path).and_then(|file| file.metadata()).map_err(describe)?.is_dir();
        if is_dir {
            return Err(describe(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory; name the files in it",
            )));
        }
    }
    let (lines, queue) = sync_channel(16);
    std::thread::spawn(move || {
        for (index, path) in files.iter().enumerate() {
            match read(index, path, &lines) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let problem = format!("failed to read {} to its end: {error}", path.display());
                    tracing::error!("{problem}");
                    problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
                }
            }
        }
    });
    Ok(queue)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Returns whether anyone still listens.
fn read(index: usize, path: &Path, lines: &SyncSender<Vec<RawLine>>) -> io::Result<bool> {
    let file: Box<dyn Read> =
        if is_stdin(path) { Box::new(io::stdin().lock()) } else { Box::new(File::open(path)?) };
    let mut raw = BufReader::with_capacity(1 << 16, file);
    if raw.fill_buf()?.starts_with(&GZIP) {
        read_lines(index, &mut BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw)), lines)
    } else {
        read_lines(index, &mut raw, lines)
    }
}

fn read_lines(file: usize, input: &mut impl BufRead, lines: &SyncSender<Vec<RawLine>>) -> io::Result<bool> {
    let mut number = 0;
    let mut line: Vec<u8> = Vec::new();
    let mut dropped = 0;
    loop {
        // What one read brought goes on together: many lines of a file, one of a stream.
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                // What came before the fault is not lost for it.
                let rest = finish(file, &mut number, &mut line, &mut dropped);
                let _ = lines.send(rest.into_iter().collect());
                return Err(error);
            }
        };
        if buffer.is_empty() {
            let rest = finish(file, &mut number, &mut line, &mut dropped);
            return Ok(lines.send(rest.into_iter().collect()).is_ok());
        }
        let mut chunk = buffer;
        let mut ready = Vec::new();
        while let Some(end) = memchr(b'\n', chunk) {
            append(&mut line, &mut dropped, &chunk[..end]);
            number += 1;
            ready.push(take(file, number, &mut line, &mut dropped));
            chunk = &chunk[end + 1..];
        }
        append(&mut line, &mut dropped, chunk);
        let length = buffer.len();
        input.consume(length);
        if !ready.is_empty() && lines.send(ready).is_err() {
            return Ok(false);
        }
    }
}

fn append(line: &mut Vec<u8>, dropped: &mut usize, bytes: &[u8]) {
    let room = MAX_LINE - line.len();
    let kept = bytes.len().min(room);
    line.extend_from_slice(&bytes[..kept]);
    *dropped += bytes.len() - kept;
}

fn finish(file: usize, number: &mut u64, line: &mut Vec<u8>, dropped: &mut usize) -> Option<RawLine> {
    (!line.is_empty()).then(|| {
        *number += 1;
        take(file, *number, line, dropped)
    })
}

fn take(file: usize, number: u64, line: &mut Vec<u8>, dropped: &mut usize) -> RawLine {
    let mut bytes = std::mem::take(line);
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    RawLine { file, number, text, dropped: std::mem::take(dropped) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read_all(files: Vec<PathBuf>) -> (Vec<RawLine>, Vec<String>) {
        let problems = Problems::default();
        let queue = start(files, Arc::clone(&problems)).unwrap();
        let lines = queue.iter().flatten().collect();
        let problems = problems.lock().unwrap().clone();
        (lines, problems)
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return_and_bad_bytes_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        std::fs::write(&path, b"one\r\ntwo \xff\n\nlast").unwrap();
        let (lines, problems) = read_all(vec![path]);
        let texts: Vec<(&str, u64)> = lines.iter().map(|line| (line.text.as_str(), line.number)).collect();
        assert_eq!(texts, [("one", 1), ("two \u{fffd}", 2), ("", 3), ("last", 4)]);
        assert!(problems.is_empty());
    }

    #[test]
    fn gzip_is_recognised_and_a_torn_file_is_a_problem_that_keeps_what_came_before() {
        let directory = tempfile::tempdir().unwrap();
        let (whole, torn) = (directory.path().join("a.gz"), directory.path().join("b"));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let text: String =
            (0..20_000).map(|number| format!("line {number} {}\n", number * 7_919 % 104_729)).collect();
        encoder.write_all(text.as_bytes()).unwrap();
        let bytes = encoder.finish().unwrap();
        std::fs::write(&whole, &bytes).unwrap();
        std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
        let (lines, problems) = read_all(vec![torn, whole]);
        let count = |file| lines.iter().filter(|line| line.file == file).count();
        assert_eq!(count(1), 20_000);
        assert!(count(0) > 1_000 && count(0) < 20_000, "{}", count(0));
        assert!(problems.len() == 1 && problems[0].contains("failed to read"), "{problems:?}");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        std::fs::write(&path, [vec![b'x'; MAX_LINE + 1_000], b"\nnext\n".to_vec()].concat()).unwrap();
        let (lines, _) = read_all(vec![path]);
        assert_eq!((lines[0].text.len(), lines[0].dropped), (MAX_LINE, 1_000));
        assert_eq!((lines[1].text.as_str(), lines[1].number), ("next", 2));
    }

    #[test]
    fn a_missing_file_and_a_directory_are_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        for (path, reason) in
            [(directory.path().join("none"), "No such file"), (directory.path().into(), "directory")]
        {
            let error = start(vec![path.clone()], Problems::default()).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()) && error.contains(reason), "{error}");
        }
    }
}
