//! Lines on their way to disk.

use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};

use super::file::{Active, Stored, compressed, path, read_upto};
use super::{FILE_BYTES, Files, Journal, Line};
use crate::receipts::span::Span;
use crate::wal::disk::write_all_at;

/// At least so many files are kept.
const FILES: u64 = 32;
/// Of zstd: a file is compressed in some hundredths of a second.
const LEVEL: i32 = 3;
/// What is left free of a disk at the journal's cost: this much, or a twentieth of a small disk.
const RESERVE: u64 = 128 << 20;

impl Journal {
    /// Writes lines, and those that waited; they are on disk once this returns `true`. After a failure they wait for the next
    /// write, as far as there is room in memory.
    pub(in crate::receipts) fn append(&self, lines: Vec<Line>) -> bool {
        let mut files = self.files();
        let waited = std::mem::take(&mut *self.pending()).lines;
        let lines: Vec<Line> = waited.into_iter().chain(lines).collect();
        if lines.is_empty() {
            return true;
        }
        let written = self.write(&mut files, &lines);
        match written {
            Ok(()) => {
                if std::mem::take(&mut files.failing) {
                    tracing::info!("receipts are written again");
                }
                self.trim(&mut files);
                true
            }
            Err(error) => {
                self.failed(&mut files, &error);
                // The file's state on disk is unknown: it is not written on.
                self.seal(&mut files, false);
                self.trim(&mut files);
                self.keep(lines);
                false
            }
        }
    }

    pub(super) fn failed(&self, files: &mut Files, error: &io::Error) {
        self.metrics.receipts_errors.inc();
        if !std::mem::replace(&mut files.failing, true) {
            tracing::error!(%error, folder = %self.folder.display(), "failed to write receipts; entries are shipped all the same, and what became of them may not be told later");
        }
    }

    fn write(&self, files: &mut Files, lines: &[Line]) -> io::Result<()> {
        let mut text = Vec::new();
        let mut span = Span::default();
        for line in lines {
            let length = (text.len() + line.bytes.len()) as u64;
            if files.active.as_ref().is_some_and(|active| active.size + length > self.file_bytes()) {
                self.flush(files, &mut text, &mut span)?;
                self.seal(files, true);
            }
            text.extend_from_slice(&line.bytes);
            span.add(line.mark);
            if files.active.is_none() {
                files.active = Some(self.begin(files)?);
            }
        }
        self.flush(files, &mut text, &mut span)
    }

    /// Bytes of a file; those of a small journal are small too.
    fn file_bytes(&self) -> u64 {
        FILE_BYTES.min(self.limit / FILES)
    }

    fn flush(&self, files: &mut Files, text: &mut Vec<u8>, span: &mut Span) -> io::Result<()> {
        let Some(active) = &mut files.active else { return Ok(()) };
        if text.is_empty() {
            return Ok(());
        }
        write_all_at(&*active.file, &mut [IoSlice::new(text)], active.size)?;
        active.file.sync()?;
        active.size += text.len() as u64;
        active.span.merge(span);
        *span = Span::default();
        text.clear();
        Ok(())
    }

    fn begin(&self, files: &mut Files) -> io::Result<Active> {
        let path = path(&self.folder, files.next_sequence);
        files.next_sequence += 1;
        let file = self.disk.create(&path)?;
        self.disk.sync_folder(&self.folder)?;
        Ok(Active { path, file, size: 0, span: Span::default() })
    }

    /// Ends the file that is written, and compresses it where all of it is known to be there.
    fn seal(&self, files: &mut Files, whole: bool) {
        let Some(active) = files.active.take() else { return };
        let packed = if whole { self.compress(&active) } else { None };
        let (path, bytes) = packed.unwrap_or((active.path, active.size));
        files.sealed.push_back(Stored { path, bytes, span: active.span });
    }

    /// Where that fails, the file stays as it is.
    fn compress(&self, active: &Active) -> Option<(PathBuf, u64)> {
        let path = compressed(&active.path);
        let temporary = active.path.with_extension("tmp");
        match self.write_compressed(active, &temporary, &path) {
            Ok(bytes) => {
                self.discard(&active.path);
                Some((path, bytes))
            }
            Err(error) => {
                tracing::warn!(%error, path = %active.path.display(), "failed to compress a file of receipts");
                self.discard(&temporary);
                None
            }
        }
    }

    fn write_compressed(&self, active: &Active, temporary: &Path, path: &Path) -> io::Result<u64> {
        let text = read_upto(&*active.file, active.size)?;
        // A frame of its own, so that the first line is read without the others.
        let mut packed = zstd::encode_all(&active.span.line()[..], LEVEL)?;
        let mut encoder = zstd::Encoder::new(&mut packed, LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.write_all(&text)?;
        encoder.finish()?;
        let file = self.disk.create(temporary)?;
        write_all_at(&*file, &mut [IoSlice::new(&packed)], 0)?;
        file.sync()?;
        self.disk.rename(temporary, path)?;
        self.disk.sync_folder(&self.folder)?;
        Ok(packed.len() as u64)
    }

    /// Removes the oldest files while there are too many, or the disk is short.
    fn trim(&self, files: &mut Files) {
        let active = files.active.as_ref().map_or(0, |active| active.size);
        let mut bytes = active + files.sealed.iter().map(|file| file.bytes).sum::<u64>();
        while bytes > self.limit || self.is_disk_short() {
            let Some(oldest) = files.sealed.pop_front() else { break };
            bytes -= oldest.bytes;
            tracing::debug!(path = %oldest.path.display(), "removed the oldest receipts");
            self.discard(&oldest.path);
        }
        self.metrics.receipts_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    fn is_disk_short(&self) -> bool {
        let reserve = |total: u64| RESERVE.min(total / 20);
        self.disk.space(&self.folder).is_ok_and(|space| space.available < reserve(space.total))
    }

    pub(super) fn discard(&self, path: &Path) {
        if let Err(error) = self.disk.remove(path) {
            tracing::debug!(%error, path = %path.display(), "failed to remove a file of receipts");
        }
    }
}
