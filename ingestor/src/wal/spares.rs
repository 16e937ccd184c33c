//! Segment files that wait for use: pre-written with zeros, or used before. Overwriting such a file is
//! synced two to four times faster than a growing one, because no metadata changes with it.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use logpipeline_service::units::format_bytes;

use super::disk::{Disk, Space, write_all_at};

/// Spares kept for reuse; more are removed, so that the log shrinks after a burst.
const KEPT: usize = 4;
/// What the log leaves free of a disk, so that a store beside it can take entries in and thereby empty the
/// log: this much, or a tenth of a small disk.
const RESERVE: u64 = 256 << 20;

#[derive(Debug)]
pub(crate) struct Spares {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    segment_size: u64,
    pool: Mutex<Pool>,
    /// Held while a file is made, so that two threads don't make one each.
    making: Mutex<()>,
}

#[derive(Debug, Default)]
struct Pool {
    ready: Vec<PathBuf>,
    next: u64,
}

impl Spares {
    /// Takes up the spares that lie in the folder; files of another size and unfinished ones are removed.
    pub(crate) fn load(disk: Arc<dyn Disk>, folder: &Path, segment_size: u64, files: &[PathBuf]) -> Self {
        let this = Self {
            disk,
            folder: folder.to_owned(),
            segment_size,
            pool: Mutex::default(),
            making: Mutex::default(),
        };
        for path in files {
            let Some(number) = number_of(path) else { continue };
            let size = this.disk.open(path).and_then(|file| file.size());
            let mut pool = this.pool();
            pool.next = pool.next.max(number + 1);
            if path.extension().is_some_and(|extension| extension == "wal")
                && pool.ready.len() < KEPT
                && size.is_ok_and(|size| size == segment_size)
            {
                pool.ready.push(path.clone());
            } else {
                this.discard(path);
            }
        }
        this
    }

    pub(crate) fn count(&self) -> usize {
        self.pool().ready.len()
    }

    /// A file for a new segment; made now where none is ready.
    pub(crate) fn obtain(&self) -> io::Result<PathBuf> {
        if let Some(path) = self.pool().ready.pop() {
            return Ok(path);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = self.pool().ready.pop() {
            return Ok(path);
        }
        self.make()
    }

    /// Makes a spare where none is ready.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.count() == 0 {
            let path = self.make()?;
            self.keep([path]);
        }
        Ok(())
    }

    /// Puts files into the pool; those that are too many are removed. Another thread may have filled it
    /// since anyone looked.
    fn keep(&self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            let mut pool = self.pool();
            if pool.ready.len() < KEPT {
                pool.ready.push(path);
            } else {
                drop(pool);
                self.discard(&path);
            }
        }
    }

    /// Takes the files of segments that nobody needs any more.
    pub(crate) fn recycle(&self, segments: impl IntoIterator<Item = PathBuf>) -> io::Result<()> {
        let (mut changed, mut renamed, mut first_error) = (false, Vec::new(), None);
        let kept = self.worth_keeping();
        for segment in segments {
            changed = true;
            match self.retire(&segment, self.count() + renamed.len() < kept) {
                Ok(spare) => renamed.extend(spare),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        // The old name must be gone for good before the file is a segment again.
        if changed && let Err(error) = self.disk.sync_folder(&self.folder) {
            for path in &renamed {
                self.discard(path);
            }
            return Err(first_error.unwrap_or(error));
        }
        self.keep(renamed);
        first_error.map_or(Ok(()), Err)
    }

    /// Renames a segment to a spare, or removes it where it is of no use as one.
    fn retire(&self, segment: &Path, wanted: bool) -> io::Result<Option<PathBuf>> {
        let usable = wanted
            && self
                .disk
                .open(segment)
                .and_then(|file| file.size())
                .is_ok_and(|size| size == self.segment_size);
        if !usable {
            self.disk.remove(segment)?;
            return Ok(None);
        }
        let path = self.next_path("wal");
        self.disk.rename(segment, &path)?;
        Ok(Some(path))
    }

    /// Gives spares back to a disk that is short of space.
    pub(crate) fn trim(&self) {
        let kept = self.worth_keeping();
        while self.count() > kept
            && let Some(path) = self.pool().ready.pop()
        {
            self.discard(&path);
        }
    }

    /// How many spares to keep: one where the disk is short, because others need the space more.
    fn worth_keeping(&self) -> usize {
        match self.disk.space(&self.folder) {
            Ok(space) if space.available < reserve(space) => 1,
            _ => KEPT,
        }
    }

    /// Removes a file that is of no use; it does no harm where it stays.
    pub(crate) fn discard(&self, path: &Path) {
        if let Err(error) = self.disk.remove(path) {
            tracing::debug!(path = %path.display(), %error, "failed to remove a file");
        }
    }

    fn make(&self) -> io::Result<PathBuf> {
        let space = self.disk.space(&self.folder)?;
        let reserve = reserve(space);
        if space.available < self.segment_size + reserve {
            let free = format_bytes(space.available);
            let reason =
                format!("{free} are left on the disk, and {} of them for the store", format_bytes(reserve));
            return Err(io::Error::new(io::ErrorKind::StorageFull, reason));
        }
        const ZEROS: &[u8] = &[0; 256 << 10];
        let temporary = self.next_path("tmp");
        let written = self.disk.create(&temporary).and_then(|file| {
            let mut offset = 0;
            while offset < self.segment_size {
                let length =
                    ZEROS.len().min(usize::try_from(self.segment_size - offset).unwrap_or(usize::MAX));
                write_all_at(&*file, &mut [IoSlice::new(&ZEROS[..length])], offset)?;
                offset += length as u64;
            }
            file.sync()
        });
        let path = temporary.with_extension("wal");
        match written.and_then(|()| self.disk.rename(&temporary, &path)) {
            Ok(()) => Ok(path),
            Err(error) => {
                self.discard(&temporary);
                Err(error)
            }
        }
    }

    fn next_path(&self, extension: &str) -> PathBuf {
        let mut pool = self.pool();
        let number = pool.next;
        pool.next += 1;
        self.folder.join(format!("spare-{number:06}.{extension}"))
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reserve(space: Space) -> u64 {
    RESERVE.min(space.total / 10)
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.strip_prefix("spare-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::super::disk::{DiskFile, LocalDisk};
    use super::*;

    const SIZE: u64 = 8192;

    /// The local disk, with something that happens within its operations.
    #[derive(Default)]
    struct Hooked {
        within_rename: Mutex<Option<Box<dyn FnOnce() + Send>>>,
        within_sync: Mutex<Option<Box<dyn FnOnce() + Send>>>,
        sync_fails: AtomicBool,
    }

    impl std::fmt::Debug for Hooked {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Hooked")
        }
    }

    fn run(hook: &Mutex<Option<Box<dyn FnOnce() + Send>>>) {
        let hook = hook.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
    }

    impl Disk for Hooked {
        fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
            LocalDisk.open(path)
        }

        fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
            LocalDisk.create(path)
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            run(&self.within_rename);
            LocalDisk.rename(from, to)
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            LocalDisk.remove(path)
        }

        fn sync_folder(&self, path: &Path) -> io::Result<()> {
            run(&self.within_sync);
            if self.sync_fails.load(Ordering::SeqCst) {
                return Err(io::Error::from_raw_os_error(5));
            }
            LocalDisk.sync_folder(path)
        }

        fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
            LocalDisk.list(path)
        }

        fn space(&self, _: &Path) -> io::Result<Space> {
            Ok(Space { available: 1 << 40, total: 1 << 40 })
        }
    }

    fn spares(folder: &Path) -> (Arc<Hooked>, Arc<Spares>) {
        let disk = Arc::new(Hooked::default());
        let spares = Spares::load(Arc::clone(&disk) as Arc<dyn Disk>, folder, SIZE, &[]);
        (disk, Arc::new(spares))
    }

    fn segments(folder: &Path, count: u64) -> Vec<PathBuf> {
        let path = |number| folder.join(format!("segment-{number:016}.wal"));
        let paths: Vec<_> = (1..=count).map(path).collect();
        for path in &paths {
            std::fs::write(path, [7; SIZE as usize]).unwrap();
        }
        paths
    }

    fn on_disk(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_spare_made_while_segments_come_back_is_not_one_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, spares) = spares(folder.path());
        let (others, released) = (Arc::clone(&spares), segments(folder.path(), 6));
        // The new spare is written, and not in the pool yet.
        *disk.within_rename.lock().unwrap() = Some(Box::new(move || others.recycle(released).unwrap()));
        spares.prepare().unwrap();
        assert_eq!((spares.count(), on_disk(folder.path())), (KEPT, KEPT));
    }

    #[test]
    fn a_released_segment_is_a_spare_only_once_the_folder_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, spares) = spares(folder.path());
        let looked = Arc::new(AtomicBool::new(false));
        let (others, seen) = (Arc::clone(&spares), Arc::clone(&looked));
        *disk.within_sync.lock().unwrap() = Some(Box::new(move || {
            assert_eq!(others.count(), 0, "a name that a power cut may take back is not used");
            seen.store(true, Ordering::SeqCst);
        }));
        spares.recycle(segments(folder.path(), 3)).unwrap();
        assert!(looked.load(Ordering::SeqCst));
        assert_eq!((spares.count(), on_disk(folder.path())), (3, 3));
    }

    #[test]
    fn without_the_sync_of_the_folder_no_released_segment_is_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, spares) = spares(folder.path());
        disk.sync_fails.store(true, Ordering::SeqCst);
        spares.recycle(segments(folder.path(), 3)).unwrap_err();
        assert_eq!((spares.count(), on_disk(folder.path())), (0, 0));
    }

    #[test]
    fn a_segment_that_cannot_be_released_does_not_keep_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let (_, spares) = spares(folder.path());
        let mut released = segments(folder.path(), 3);
        std::fs::remove_file(released.remove(1)).unwrap();
        released.insert(0, folder.path().join("segment-missing.wal"));
        spares.recycle(released).unwrap_err();
        assert_eq!(spares.count(), 2);
    }
}
