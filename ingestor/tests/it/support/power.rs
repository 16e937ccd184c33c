//! A disk in memory whose power can be cut: what was not synced survives in part, or not at all.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use logpipeline_ingestor::wal::disk::{Disk, DiskFile, Space};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const SECTOR: usize = 512;

#[derive(Debug)]
pub struct PowerDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// By inode.
    files: Vec<FileState>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since they were synced, in order.
    name_changes: Vec<Change>,
    /// Operations left until the power goes; none does anything from then on.
    left: u64,
    /// The operation that fails, once, while everything else works.
    fails: u64,
    operations: u64,
    /// Syncs of files that work before one fails, and operations from then on until the power goes.
    failing_sync: Option<(u64, u64)>,
}

#[derive(Debug, Clone)]
enum Change {
    Add(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Debug, Default, Clone)]
struct FileState {
    /// What programs see.
    bytes: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync.
    writes: Vec<(usize, Vec<u8>)>,
}

impl PowerDisk {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State { left: u64::MAX, ..State::default() })))
    }

    pub fn handle(&self) -> Arc<dyn Disk> {
        Arc::new(Self(Arc::clone(&self.0)))
    }

    /// Cuts the power after so many more operations.
    pub fn cut_after(&self, operations: u64) {
        self.0.lock().unwrap().left = operations;
    }

    pub fn is_cut(&self) -> bool {
        self.0.lock().unwrap().left == 0
    }

    /// Lets one operation fail, so many after this.
    pub fn fail_once_after(&self, operations: u64) {
        let mut state = self.0.lock().unwrap();
        state.fails = state.operations + operations + 1;
    }

    /// Lets one sync of a file fail, so many after this, and cuts the power so many operations behind it.
    pub fn fail_sync_and_cut(&self, syncs: u64, operations: u64) {
        self.0.lock().unwrap().failing_sync = Some((syncs, operations));
    }

    pub fn operations(&self) -> u64 {
        self.0.lock().unwrap().operations
    }

    /// The disk as it is found when the power is back.
    pub fn after_power_cut(&self, seed: u64) -> Self {
        self.cut_after(0);
        self.look_after_power_cut(seed)
    }

    /// The disk as it would be found if the power went now.
    pub fn look_after_power_cut(&self, seed: u64) -> Self {
        let state = self.0.lock().unwrap();
        let mut random = SmallRng::seed_from_u64(seed);
        let mut names = state.durable_names.clone();
        // A journal keeps the order of such changes.
        let kept = random.random_range(0..=state.name_changes.len());
        for change in &state.name_changes[..kept] {
            apply(&mut names, change);
        }
        let files = state.files.iter().map(|file| {
            let mut bytes = file.durable.clone();
            for (offset, written) in &file.writes {
                let sectors = written.len().div_ceil(SECTOR);
                // All of a write, none of it, its beginning, or any of its sectors.
                let (whole, upto, any) =
                    (random.random_bool(0.3), random.random_range(0..=sectors), random.random_bool(0.5));
                for sector in 0..sectors {
                    if whole || (any && random.random_bool(0.5)) || (!any && sector < upto) {
                        let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(written.len()));
                        put(&mut bytes, offset + from, &written[from..to]);
                    }
                }
            }
            FileState { durable: bytes.clone(), bytes, writes: Vec::new() }
        });
        let files = files.collect();
        let state = State { files, durable_names: names.clone(), names, left: u64::MAX, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    fn step(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        step(&self.0)
    }
}

fn step(state: &Mutex<State>) -> io::Result<std::sync::MutexGuard<'_, State>> {
    let mut state = state.lock().unwrap();
    if state.left == 0 {
        return Err(io::Error::from_raw_os_error(5));
    }
    state.left -= 1;
    state.operations += 1;
    if state.operations == state.fails {
        return Err(io::Error::from_raw_os_error(5));
    }
    Ok(state)
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, change: &Change) {
    match change {
        Change::Add(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        Change::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        Change::Remove(path) => {
            names.remove(path);
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    if bytes.len() < offset + written.len() {
        bytes.resize(offset + written.len(), 0);
    }
    bytes[offset..offset + written.len()].copy_from_slice(written);
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl State {
    fn change(&mut self, change: Change) {
        apply(&mut self.names, &change);
        self.name_changes.push(change);
    }
}

impl Disk for PowerDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let inode = *self.step()?.names.get(path).ok_or_else(missing)?;
        Ok(Arc::new(PowerFile { state: Arc::clone(&self.0), inode }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.step()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.files.len();
        state.files.push(FileState::default());
        state.change(Change::Add(path.to_owned(), inode));
        Ok(Arc::new(PowerFile { state: Arc::clone(&self.0), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        if !state.names.contains_key(from) {
            return Err(missing());
        }
        state.change(Change::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        if !state.names.contains_key(path) {
            return Err(missing());
        }
        state.change(Change::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        state.durable_names = state.names.clone();
        state.name_changes.clear();
        Ok(())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.step()?.names.keys().cloned().collect())
    }

    fn space(&self, _: &Path) -> io::Result<Space> {
        Ok(Space { available: 1 << 40, total: 1 << 40 })
    }
}

#[derive(Debug)]
struct PowerFile {
    state: Arc<Mutex<State>>,
    inode: usize,
}

impl DiskFile for PowerFile {
    fn size(&self) -> io::Result<u64> {
        Ok(step(&self.state)?.files[self.inode].bytes.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = step(&self.state)?;
        let bytes = state.files[self.inode].bytes.get(offset as usize..).unwrap_or_default();
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn write_at(&self, slices: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        let mut state = step(&self.state)?;
        let written: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let length = written.len();
        let file = &mut state.files[self.inode];
        put(&mut file.bytes, offset as usize, &written);
        file.writes.push((offset as usize, written));
        Ok(length)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = step(&self.state)?;
        match state.failing_sync {
            Some((0, operations)) => {
                (state.failing_sync, state.left) = (None, operations);
                return Err(io::Error::from_raw_os_error(5));
            }
            Some((syncs, operations)) => state.failing_sync = Some((syncs - 1, operations)),
            None => {}
        }
        let file = &mut state.files[self.inode];
        file.durable = file.bytes.clone();
        file.writes.clear();
        Ok(())
    }
}
