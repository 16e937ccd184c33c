//! What a journal that was left in any state holds.

use std::io;
use std::path::{Path, PathBuf};

use super::file::{Active, Stored, compressed, is_compressed, path, read_upto, sequence_of, span_of};
use super::{FILE_BYTES, Journal};
use crate::receipts::lines;
use crate::receipts::span::{Mark, Span};

impl Journal {
    pub(super) fn load(&self) -> io::Result<()> {
        if let Some(parent) = self.folder.parent() {
            self.disk.sync_folder(parent)?;
        }
        let here = self.disk.list(&self.folder)?;
        let here: Vec<PathBuf> =
            here.into_iter().filter(|path| path.parent() == Some(&self.folder)).collect();
        for unfinished in here.iter().filter(|path| path.extension().is_some_and(|it| it == "tmp")) {
            self.discard(unfinished);
        }
        let mut sequences: Vec<u64> = here.iter().filter_map(|path| sequence_of(path)).collect();
        sequences.sort_unstable();
        sequences.dedup();
        let newest = sequences.last().copied();
        for sequence in sequences {
            let plain = path(&self.folder, sequence);
            let packed = compressed(&plain);
            let found = if here.contains(&packed) {
                if here.contains(&plain) {
                    self.discard(&plain);
                }
                packed
            } else {
                plain
            };
            if let Err(error) = self.take_up(&found, Some(sequence) == newest) {
                tracing::warn!(%error, path = %found.display(), "a file of receipts cannot be read and is left out");
            }
            self.files().next_sequence = sequence + 1;
        }
        Ok(())
    }

    fn take_up(&self, path: &Path, is_newest: bool) -> io::Result<()> {
        let file = self.disk.open(path)?;
        let bytes = file.size()?;
        let mut torn = false;
        let span = if is_compressed(path) {
            span_of(&*self.disk, path)?.unwrap_or_default()
        } else {
            let text = read_upto(&*file, bytes)?;
            torn = text.last().is_some_and(|last| *last != b'\n');
            let mut span = Span::default();
            for mark in lines(&text).filter_map(Mark::of) {
                span.add(mark);
            }
            span
        };
        let mut files = self.files();
        files.last_batch = files.last_batch.max(span.last_batch);
        if is_newest && !torn && !is_compressed(path) && bytes < FILE_BYTES {
            files.active = Some(Active { path: path.to_owned(), file, size: bytes, span });
        } else {
            files.sealed.push_back(Stored { path: path.to_owned(), bytes, span });
        }
        Ok(())
    }
}
