//! A disk that fails as it is told.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use logpipeline_ingestor::wal::disk::{Disk, DiskFile, LocalDisk, Space};

/// What goes wrong, and what was observed. Counters that are negative never fire.
#[derive(Debug)]
pub struct Faults {
    /// Every write takes at most this many bytes.
    pub short_writes: AtomicU64,
    /// Every other write and read is interrupted.
    pub interrupts: AtomicBool,
    /// What the disk says is free, where it is not the truth.
    pub available: AtomicU64,
    /// No file can grow, and none can be made.
    pub no_space: AtomicBool,
    /// Writes fail for want of space, also where nothing grows, once this many more succeeded.
    pub writes_until_no_space: AtomicI64,
    /// Syncs fail once this many more succeeded.
    pub syncs_until_error: AtomicI64,
    /// Every sync from then on fails, not only one.
    pub lasting: AtomicBool,
    pub reads_fail: AtomicBool,
    pub removes_fail: AtomicBool,
    /// No file tells its size.
    pub sizes_fail: AtomicBool,
    pub folder_syncs_fail: AtomicBool,
    /// Folders that were synced.
    pub synced_folders: Mutex<Vec<PathBuf>>,
    /// The log's writer panics when it syncs.
    pub writer_panics: AtomicBool,
    /// Reads of this block of 4 KiB fail.
    pub bad_block: AtomicI64,
    /// Syncs of a file after one of its syncs had failed.
    pub syncs_after_error: AtomicU64,
    pub syncs: AtomicU64,
    pub writes: AtomicU64,
    calls: AtomicU64,
}

#[derive(Debug)]
pub struct FaultyDisk {
    pub faults: Arc<Faults>,
    /// Open files whose sync failed.
    failed: Arc<Mutex<Vec<u64>>>,
    next_file: AtomicU64,
}

/// A disk, and the handle to its faults.
pub fn faulty_disk() -> (Arc<dyn Disk>, Arc<Faults>) {
    let faults = Arc::new(Faults {
        short_writes: AtomicU64::new(u64::MAX),
        interrupts: AtomicBool::new(false),
        available: AtomicU64::new(u64::MAX),
        no_space: AtomicBool::new(false),
        writes_until_no_space: AtomicI64::new(-1),
        syncs_until_error: AtomicI64::new(-1),
        lasting: AtomicBool::new(false),
        reads_fail: AtomicBool::new(false),
        removes_fail: AtomicBool::new(false),
        sizes_fail: AtomicBool::new(false),
        folder_syncs_fail: AtomicBool::new(false),
        synced_folders: Mutex::default(),
        writer_panics: AtomicBool::new(false),
        bad_block: AtomicI64::new(-1),
        syncs_after_error: AtomicU64::new(0),
        syncs: AtomicU64::new(0),
        writes: AtomicU64::new(0),
        calls: AtomicU64::new(0),
    });
    let disk =
        FaultyDisk { faults: Arc::clone(&faults), failed: Arc::default(), next_file: AtomicU64::new(0) };
    (Arc::new(disk), faults)
}

impl FaultyDisk {
    fn wrap(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FaultyFile {
            file,
            faults: Arc::clone(&self.faults),
            failed: Arc::clone(&self.failed),
            number: self.next_file.fetch_add(1, Ordering::SeqCst),
        })
    }
}

fn no_space() -> io::Error {
    io::Error::from_raw_os_error(28)
}

fn input_output() -> io::Error {
    io::Error::from_raw_os_error(5)
}

/// An error that says nothing of the disk.
fn passing() -> io::Error {
    io::Error::other("for now")
}

/// Counts down; true when it has reached zero. A counter that fired stays at zero only if `lasting`.
fn fires(counter: &AtomicI64, lasting: bool) -> bool {
    match counter.load(Ordering::SeqCst) {
        0 => {
            if !lasting {
                counter.store(-1, Ordering::SeqCst);
            }
            true
        }
        left if left > 0 => {
            counter.store(left - 1, Ordering::SeqCst);
            false
        }
        _ => false,
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(LocalDisk.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        if self.faults.no_space.load(Ordering::SeqCst) {
            return Err(no_space());
        }
        Ok(self.wrap(LocalDisk.create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if self.faults.removes_fail.load(Ordering::SeqCst) {
            return Err(input_output());
        }
        LocalDisk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if self.faults.folder_syncs_fail.load(Ordering::SeqCst) {
            return Err(passing());
        }
        self.faults.synced_folders.lock().unwrap().push(path.to_owned());
        LocalDisk.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        LocalDisk.list(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        match self.faults.available.load(Ordering::SeqCst) {
            u64::MAX => LocalDisk.space(path),
            available => Ok(Space { available, total: 1 << 40 }),
        }
    }
}

#[derive(Debug)]
struct FaultyFile {
    file: Arc<dyn DiskFile>,
    faults: Arc<Faults>,
    failed: Arc<Mutex<Vec<u64>>>,
    number: u64,
}

impl FaultyFile {
    fn interrupted(&self) -> io::Result<()> {
        let odd = self.faults.calls.fetch_add(1, Ordering::SeqCst) % 2 == 1;
        if odd && self.faults.interrupts.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }
}

impl DiskFile for FaultyFile {
    fn size(&self) -> io::Result<u64> {
        if self.faults.sizes_fail.load(Ordering::SeqCst) {
            return Err(passing());
        }
        self.file.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.interrupted()?;
        if self.faults.reads_fail.load(Ordering::SeqCst) {
            return Err(input_output());
        }
        if let Ok(bad) = u64::try_from(self.faults.bad_block.load(Ordering::SeqCst))
            && offset < (bad + 1) * 4096
            && offset + buffer.len() as u64 > bad * 4096
        {
            return Err(input_output());
        }
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, slices: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        self.interrupted()?;
        self.faults.writes.fetch_add(1, Ordering::SeqCst);
        let length: u64 = slices.iter().map(|slice| slice.len() as u64).sum();
        let grows = offset + length > self.file.size()?;
        if grows && self.faults.no_space.load(Ordering::SeqCst) {
            return Err(no_space());
        }
        if fires(&self.faults.writes_until_no_space, true) {
            // As a file system does it: some of it fits.
            let half = &slices[0][..slices[0].len() / 2];
            self.file.write_at(&[IoSlice::new(half)], offset)?;
            return Err(no_space());
        }
        let limit = usize::try_from(self.faults.short_writes.load(Ordering::SeqCst)).unwrap_or(usize::MAX);
        if length as usize > limit {
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(limit).collect();
            return self.file.write_at(&[IoSlice::new(&bytes)], offset);
        }
        self.file.write_at(slices, offset)
    }

    fn sync(&self) -> io::Result<()> {
        let writes = std::thread::current().name() == Some("wal-writer");
        assert!(!(writes && self.faults.writer_panics.load(Ordering::SeqCst)), "as it was told to");
        self.faults.syncs.fetch_add(1, Ordering::SeqCst);
        let mut failed = self.failed.lock().unwrap();
        if failed.contains(&self.number) {
            self.faults.syncs_after_error.fetch_add(1, Ordering::SeqCst);
        }
        if fires(&self.faults.syncs_until_error, self.faults.lasting.load(Ordering::SeqCst)) {
            failed.push(self.number);
            return Err(input_output());
        }
        self.file.sync()
    }
}
