//! Files of the journal, and how they are read.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Journal;
use crate::receipts::span::Span;
use crate::wal::disk::{Disk, DiskFile};

/// A file holds so many bytes at most once it is inflated, and a line.
const INFLATED: u64 = 4 * super::FILE_BYTES;
/// Looks at a file that was compressed or removed meanwhile.
const TRIES: usize = 3;

/// A file that is not written on any more.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    /// On disk.
    pub(super) bytes: u64,
    pub(super) span: Span,
}

/// The file that is written.
#[derive(Debug, Clone)]
pub(super) struct Active {
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) size: u64,
    pub(super) span: Span,
}

/// What a visitor wants after a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::receipts) enum Scanned {
    /// The next file.
    On,
    Enough,
}

pub(super) fn path(folder: &Path, sequence: u64) -> PathBuf {
    folder.join(format!("receipts-{sequence:010}.ndjson"))
}

pub(super) fn compressed(path: &Path) -> PathBuf {
    path.with_extension("ndjson.zst")
}

pub(super) fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

/// The sequence that a file's name gives.
pub(super) fn sequence_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_prefix("receipts-")?;
    let digits = name.strip_suffix(".ndjson").or_else(|| name.strip_suffix(".ndjson.zst"))?;
    (digits.len() == 10).then(|| digits.parse().ok()).flatten()
}

impl Journal {
    /// Hands the lines of each file that `wanted` passes to `visit`, and those that are not written yet: newest first.
    /// Within a file lines come in their order.
    pub(in crate::receipts) fn scan(
        &self,
        wanted: impl Fn(&Span) -> bool,
        mut visit: impl FnMut(&[u8]) -> Scanned,
    ) -> io::Result<()> {
        // Locked in one, so that no line is between the two.
        let (mut stored, active, pending) = {
            let files = self.files();
            let pending = {
                let pending = self.pending();
                let lines = if wanted(&pending.span()) { &pending.lines[..] } else { &[] };
                lines.iter().map(|line| &line.bytes[..]).collect::<Vec<_>>().concat()
            };
            let active = files.active.clone().filter(|active| wanted(&active.span));
            let stored: Vec<_> = files.sealed.iter().filter(|file| wanted(&file.span)).cloned().collect();
            (stored, active, pending)
        };
        if !pending.is_empty() && visit(&pending) == Scanned::Enough {
            return Ok(());
        }
        if let Some(Active { file, size, .. }) = active
            && visit(&read_upto(&*file, size)?) == Scanned::Enough
        {
            return Ok(());
        }
        while let Some(Stored { path, .. }) = stored.pop() {
            // `None` where retention took it.
            if let Some(bytes) = self.read(&path)?
                && visit(&bytes) == Scanned::Enough
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The lines of a file that was sealed. One that is damaged is read as far as it goes.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        for _ in 0..TRIES {
            match self.disk.open(path) {
                Ok(file) if is_compressed(path) => return inflate(file).map(Some),
                Ok(file) => return read_upto(&*file, file.size()?).map(Some),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Err(_) => {}
            }
        }
        Ok(None)
    }
}

pub(super) fn read_upto(file: &dyn DiskFile, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size.min(INFLATED)).unwrap_or(0)];
    let read = crate::wal::disk::read_full_at(file, &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

fn inflate(file: Arc<dyn DiskFile>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let decoder = zstd::Decoder::with_buffer(BufReader::new(Sequential { file, at: 0 }))?;
    if let Err(error) = decoder.take(INFLATED).read_to_end(&mut bytes) {
        tracing::warn!(%error, "a file of receipts is damaged; it is read as far as it goes");
    }
    Ok(bytes)
}

/// What the first line of a compressed file says of the others.
pub(super) fn span_of(disk: &dyn Disk, path: &Path) -> io::Result<Option<Span>> {
    let file = disk.open(path)?;
    let decoder = zstd::Decoder::with_buffer(BufReader::new(Sequential { file, at: 0 }))?;
    let mut line = Vec::new();
    BufReader::new(decoder.take(4096)).read_until(b'\n', &mut line)?;
    Ok(Span::parse(line.trim_ascii_end()))
}

struct Sequential {
    file: Arc<dyn DiskFile>,
    at: u64,
}

impl Read for Sequential {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
