//! The checkpoint: up to where the store has confirmed the log, and what became of the entries before.
//!
//! A file of two slots that are written in turn, in place: a torn write leaves the other slot, and a full
//! disk does not stop the checkpoint from moving.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crc32c::crc32c;

use super::Position;
use super::disk::{Disk, DiskFile, read_full_at, write_all_at};
use super::record::{read_u32, read_u64};
use crate::ledger::Settled;

const MAGIC: &[u8; 8] = b"LPWALCHK";
pub(super) const VERSION: u32 = 1;
const SLOT: usize = 4096;
const NUMBERS: usize = 8;
const LENGTH: usize = 16 + NUMBERS * 8;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything before is settled.
    pub position: Position,
    pub settled: Settled,
}

/// What the checkpoint's file holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Loaded {
    /// There is no such file.
    Absent,
    Sound(Checkpoint),
    /// Neither slot is sound.
    Damaged,
    /// Written by another version of the format.
    Version(u32),
}

#[derive(Debug)]
pub struct CheckpointFile {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// None until the first write, and after one that failed: that file is never synced again.
    file: Option<Arc<dyn DiskFile>>,
    generation: u64,
}

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("checkpoint")
}

impl CheckpointFile {
    pub fn load(disk: Arc<dyn Disk>, folder: &Path) -> io::Result<(Self, Loaded)> {
        let mut this = Self { disk, folder: folder.to_owned(), file: None, generation: 0 };
        let file = match this.disk.open(&path(folder)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((this, Loaded::Absent)),
            Err(error) => return Err(error),
        };
        let mut slots = [0; 2 * SLOT];
        read_full_at(&*file, &mut slots, 0)?;
        let (first, second) = slots.split_at(SLOT);
        let loaded = match (parse(first), parse(second)) {
            (Slot::Version(version), _) | (_, Slot::Version(version)) => Loaded::Version(version),
            (Slot::Sound(a, one), Slot::Sound(b, other)) => {
                this.generation = a.max(b);
                Loaded::Sound(if a > b { one } else { other })
            }
            (Slot::Sound(generation, checkpoint), _) | (_, Slot::Sound(generation, checkpoint)) => {
                this.generation = generation;
                Loaded::Sound(checkpoint)
            }
            (Slot::Unsound, Slot::Unsound) => Loaded::Damaged,
        };
        if matches!(loaded, Loaded::Sound(_)) {
            this.file = Some(file);
        }
        Ok((this, loaded))
    }

    /// Whether there is no file yet that could be written in place.
    pub fn is_new(&self) -> bool {
        self.file.is_none()
    }

    /// Makes a checkpoint durable. On an error the one before stays.
    pub fn write(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        let slot = encode(self.generation + 1, checkpoint);
        let result = match self.file.take() {
            Some(file) => {
                let offset = ((self.generation + 1) % 2) * SLOT as u64;
                write_all_at(&*file, &mut [IoSlice::new(&slot)], offset)
                    .and_then(|()| file.sync())
                    .map(|()| file)
            }
            None => self.create(&slot),
        };
        self.file = Some(result?);
        self.generation += 1;
        Ok(())
    }

    fn create(&self, slot: &[u8; LENGTH]) -> io::Result<Arc<dyn DiskFile>> {
        let temporary = self.folder.join("checkpoint.tmp");
        match self.disk.remove(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.create(&temporary)?;
        let mut slots = [0; 2 * SLOT];
        slots[..LENGTH].copy_from_slice(slot);
        slots[SLOT..SLOT + LENGTH].copy_from_slice(slot);
        write_all_at(&*file, &mut [IoSlice::new(&slots)], 0)?;
        file.sync()?;
        self.disk.rename(&temporary, &path(&self.folder))?;
        self.disk.sync_folder(&self.folder)?;
        Ok(file)
    }
}

fn encode(generation: u64, checkpoint: &Checkpoint) -> [u8; LENGTH] {
    let Checkpoint { position, settled } = checkpoint;
    let numbers: [u64; NUMBERS] = [
        generation,
        position.segment,
        position.offset,
        position.number,
        settled.stored,
        settled.duplicates,
        settled.dead_lettered,
        settled.rejected,
    ];
    let mut slot = [0; LENGTH];
    slot[..8].copy_from_slice(MAGIC);
    slot[8..12].copy_from_slice(&VERSION.to_le_bytes());
    for (index, number) in numbers.into_iter().enumerate() {
        slot[16 + index * 8..24 + index * 8].copy_from_slice(&number.to_le_bytes());
    }
    let checksum = crc32c(&slot);
    slot[12..16].copy_from_slice(&checksum.to_le_bytes());
    slot
}

enum Slot {
    Sound(u64, Checkpoint),
    Version(u32),
    Unsound,
}

fn parse(slot: &[u8]) -> Slot {
    let mut bytes = [0; LENGTH];
    bytes.copy_from_slice(&slot[..LENGTH]);
    let checksum = read_u32(&bytes, 12);
    bytes[12..16].fill(0);
    if !bytes.starts_with(MAGIC) || checksum != Some(crc32c(&bytes)) {
        return Slot::Unsound;
    }
    let version = read_u32(&bytes, 8).unwrap_or_default();
    if version != VERSION {
        return Slot::Version(version);
    }
    let number = |index: usize| read_u64(&bytes, 16 + index * 8).unwrap_or_default();
    let position = Position { segment: number(1), offset: number(2), number: number(3) };
    let settled =
        Settled { stored: number(4), duplicates: number(5), dead_lettered: number(6), rejected: number(7) };
    Slot::Sound(number(0), Checkpoint { position, settled })
}

#[cfg(test)]
mod tests {
    use super::super::disk::LocalDisk;
    use super::*;

    fn checkpoint(number: u64) -> Checkpoint {
        Checkpoint {
            position: Position { segment: 1, offset: 8192, number },
            settled: Settled { stored: number, duplicates: 2, dead_lettered: 3, rejected: 4 },
        }
    }

    fn load(folder: &Path) -> (CheckpointFile, Loaded) {
        CheckpointFile::load(Arc::new(LocalDisk), folder).unwrap()
    }

    #[test]
    fn the_last_checkpoint_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, loaded) = load(folder.path());
        assert_eq!(loaded, Loaded::Absent);
        for number in 1..=5 {
            file.write(&checkpoint(number)).unwrap();
            assert_eq!(load(folder.path()).1, Loaded::Sound(checkpoint(number)));
        }
        let (mut file, _) = load(folder.path());
        file.write(&checkpoint(6)).unwrap();
        assert_eq!(load(folder.path()).1, Loaded::Sound(checkpoint(6)));
    }

    #[test]
    fn a_write_torn_anywhere_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _) = load(folder.path());
        file.write(&checkpoint(1)).unwrap();
        file.write(&checkpoint(2)).unwrap();
        let before = std::fs::read(path(folder.path())).unwrap();
        file.write(&checkpoint(3)).unwrap();
        let after = std::fs::read(path(folder.path())).unwrap();
        let changed = (0..before.len()).filter(|&at| before[at] != after[at]);
        let (first, last) = (changed.clone().min().unwrap(), changed.max().unwrap());
        for cut in first + 1..=last {
            let torn = [&after[..cut], &before[cut..]].concat();
            std::fs::write(path(folder.path()), torn).unwrap();
            assert_eq!(load(folder.path()).1, Loaded::Sound(checkpoint(2)), "cut at {cut}");
        }
    }

    #[test]
    fn a_damaged_or_emptied_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [vec![], vec![0xff; 8192], vec![0; 8192]] {
            std::fs::write(path(folder.path()), bytes).unwrap();
            let (mut file, loaded) = load(folder.path());
            assert_eq!(loaded, Loaded::Damaged);
            file.write(&checkpoint(9)).unwrap();
            assert_eq!(load(folder.path()).1, Loaded::Sound(checkpoint(9)));
        }
    }
}
