//! The partitions on disk as of now, in the process that writes and in those that only read.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tantivy::Index;

use super::partition::{Name, Partition, Stamp};
use super::{error, folder, schema, version};
use crate::StoreError;

/// How stale a reader's view may be. Looking costs a `stat` for each partition.
const FRESH_FOR: Duration = Duration::from_millis(50);

/// A commit replaces files while they are being opened; each attempt sees a newer one.
const ATTEMPTS: usize = 20;

/// All partitions as of one moment.
pub(super) type Snapshot = Arc<[Arc<Partition>]>;

#[derive(Debug)]
pub(super) struct Catalog {
    root: PathBuf,
    folder: PathBuf,
    /// Set by a commit of this process: the next look must not rely on an earlier one.
    stale: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    partitions: BTreeMap<Name, Arc<Partition>>,
    snapshot: Option<Snapshot>,
    looked: Option<Instant>,
    version_checked: bool,
}

impl Catalog {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            folder: root.join("partitions"),
            stale: AtomicBool::new(true),
            state: Mutex::default(),
        }
    }

    pub(super) fn mark_stale(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// What is committed now, but for what others committed in the last [`FRESH_FOR`].
    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = self.stale.swap(false, Ordering::AcqRel);
        let fresh = state.looked.is_some_and(|looked| looked.elapsed() < FRESH_FOR);
        if let (false, true, Some(snapshot)) = (stale, fresh, &state.snapshot) {
            return Ok(Arc::clone(snapshot));
        }
        let looked = Instant::now();
        match self.look(&mut state) {
            Ok(snapshot) => {
                state.looked = Some(looked);
                Ok(snapshot)
            }
            Err(error) => {
                self.mark_stale();
                Err(error)
            }
        }
    }

    fn look(&self, state: &mut State) -> Result<Snapshot, StoreError> {
        if !state.version_checked {
            state.version_checked = version::check(&self.root)?;
        }
        let mut changed = state.snapshot.is_none();
        let mut partitions = BTreeMap::new();
        for name in self.names()? {
            let known = state.partitions.get(&name);
            let Some(partition) = self.refresh(name, known)? else { continue };
            changed |= known.is_none_or(|known| !Arc::ptr_eq(known, &partition));
            partitions.insert(name, partition);
        }
        changed |= partitions.len() != state.partitions.len();
        state.partitions = partitions;
        match &state.snapshot {
            Some(snapshot) if !changed => Ok(Arc::clone(snapshot)),
            _ => {
                let snapshot: Snapshot = state.partitions.values().cloned().collect();
                state.snapshot = Some(Arc::clone(&snapshot));
                Ok(snapshot)
            }
        }
    }

    fn names(&self) -> Result<Vec<Name>, StoreError> {
        let failed = |error| error::io("list", &self.folder, &error);
        let folder = match fs::read_dir(&self.folder) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for file in folder {
            let file = file.map_err(failed)?;
            names.extend(file.file_name().to_str().and_then(|name| name.parse::<Name>().ok()));
        }
        Ok(names)
    }

    /// `None` where the partition has been removed.
    fn refresh(
        &self,
        name: Name,
        known: Option<&Arc<Partition>>,
    ) -> Result<Option<Arc<Partition>>, StoreError> {
        let folder = self.path(name);
        for _ in 0..ATTEMPTS {
            let stamp = Stamp::read(&folder).map_err(|error| error::io("read", &folder, &error))?;
            let Some(stamp) = stamp else { return Ok(None) };
            if let Some(known) = known
                && known.stamp == stamp
            {
                return Ok(Some(Arc::clone(known)));
            }
            let error = match Partition::open(&folder, name, stamp, known.map(Arc::as_ref)) {
                Ok(partition) => return Ok(Some(Arc::new(partition))),
                Err(error) => error,
            };
            // Nothing was committed meanwhile: it is the partition itself that cannot be read.
            if Stamp::read(&folder).ok() == Some(Some(stamp)) {
                return Err(unreadable(&folder, error));
            }
        }
        Err(StoreError::Unavailable { reason: format!("{} changes faster than it opens", folder.display()) })
    }

    pub(super) fn path(&self, name: Name) -> PathBuf {
        self.folder.join(name.to_string())
    }

    /// Makes an empty partition. Readers see it complete or not at all.
    pub(super) fn create(&self, name: Name) -> Result<(), StoreError> {
        let draft = self.folder.join(format!(".new-{name}"));
        let make = || -> tantivy::Result<()> {
            let _ = fs::remove_dir_all(&draft);
            folder::make(&self.folder)?;
            fs::create_dir(&draft)?;
            let (schema, _) = schema::build();
            drop(Index::builder().schema(schema).settings(schema::settings()).create_in_dir(&draft)?);
            folder::sync(&draft)?;
            fs::rename(&draft, self.path(name))?;
            // To be made anew: a second sync of the same name may succeed though the name is lost.
            Ok(folder::sync(&self.folder).inspect_err(|_| drop(fs::rename(self.path(name), &draft)))?)
        };
        make().map_err(|error| {
            let _ = fs::remove_dir_all(&draft);
            error::writing(error)
        })?;
        self.mark_stale();
        Ok(())
    }

    /// Takes a partition away at once, and its files after that; what a crash leaves, [`Self::tidy`]
    /// removes.
    pub(super) fn remove(&self, name: Name) -> Result<(), StoreError> {
        let grave = self.folder.join(format!(".removed-{name}"));
        let path = self.path(name);
        let bury = || -> io::Result<()> {
            let _ = fs::remove_dir_all(&grave);
            fs::rename(&path, &grave)?;
            folder::sync(&self.folder)
        };
        bury().map_err(|error| error::io("remove", &path, &error))?;
        self.mark_stale();
        if let Err(error) = fs::remove_dir_all(&grave) {
            tracing::warn!(path = %grave.display(), %error, "failed to delete a removed partition; it goes at the next start");
        }
        Ok(())
    }

    /// Syncs what another process may have left without.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        folder::make(&self.folder).map_err(|error| error::io("make", &self.folder, &error))?;
        let partitions = self.names()?.into_iter().map(|name| self.path(name));
        for path in partitions.chain([self.folder.clone()]) {
            folder::sync(&path).map_err(|error| error::io("sync", &path, &error))?;
        }
        Ok(())
    }

    /// Makes the folder, and removes what a crash left half made or half removed.
    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        let failed = |error| error::io("prepare", &self.folder, &error);
        folder::make(&self.folder).map_err(failed)?;
        for file in fs::read_dir(&self.folder).map_err(failed)? {
            let file = file.map_err(failed)?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(".new-") || name.starts_with(".removed-") {
                fs::remove_dir_all(file.path()).map_err(failed)?;
            } else if name.parse::<Name>().is_ok() {
                remove_drafts(&file.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Files that Tantivy was about to rename when it was killed, and that it will not look for.
fn remove_drafts(partition: &Path) -> io::Result<()> {
    for file in fs::read_dir(partition)? {
        let file = file?;
        if file.file_name().as_encoded_bytes().starts_with(b".tmp") {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

fn unreadable(folder: &Path, error: tantivy::TantivyError) -> StoreError {
    let folder = folder.display();
    match error::reading(error) {
        StoreError::Damaged { reason } => StoreError::Damaged {
            reason: format!(
                "{folder}: {reason}; move this folder out of the store to go on without its entries"
            ),
        },
        StoreError::Unavailable { reason } => {
            StoreError::Unavailable { reason: format!("{folder}: {reason}") }
        }
        other => other,
    }
}
