//! Folders whose names survive a power cut.

use std::fs::{self, File};
use std::io;
use std::path::Path;

pub(super) fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(test)]
    faults::strike(folder)?;
    File::open(folder)?.sync_all()
}

/// Makes a folder and those above it, where they are missing, and syncs their names.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let parent = match folder.parent() {
        None => return Ok(()),
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    };
    if !folder.is_dir() {
        make(parent)?;
        fs::create_dir_all(folder)?;
        return sync(parent);
    }
    // A process may have been killed before it synced what it made. But the parent of a folder made by
    // others, such as a mount point, need not be within reach.
    if let Err(error) = sync(parent) {
        tracing::debug!(folder = %parent.display(), %error, "failed to sync");
    }
    Ok(())
}

/// What goes wrong with a folder's next syncs.
#[cfg(test)]
pub(super) mod faults {
    use std::path::PathBuf;
    use std::sync::Mutex;

    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Fault {
        Error,
        Panic,
        /// The sync succeeds; it is the one after it that is meant.
        None,
    }

    static FAULTS: Mutex<Vec<(PathBuf, Fault)>> = Mutex::new(Vec::new());

    /// The next sync of `folder` that has no fault yet.
    pub(crate) fn inject(folder: &Path, fault: Fault) {
        FAULTS.lock().unwrap().push((folder.to_owned(), fault));
    }

    pub(crate) fn left(folder: &Path) -> usize {
        FAULTS.lock().unwrap().iter().filter(|(at, _)| at == folder).count()
    }

    pub(crate) fn strike(folder: &Path) -> io::Result<()> {
        let fault = {
            let mut faults = FAULTS.lock().unwrap();
            let at = faults.iter().position(|(at, _)| at == folder);
            at.map(|at| faults.remove(at).1)
        };
        match fault {
            None | Some(Fault::None) => Ok(()),
            Some(Fault::Error) => Err(io::Error::from_raw_os_error(5)),
            Some(Fault::Panic) => panic!("as it was told to"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_what_is_missing_and_leaves_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("one/two/three");
        make(&folder).unwrap();
        fs::write(folder.join("file"), "text").unwrap();
        make(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("file")).unwrap(), "text");
        assert!(make(&folder.join("file")).is_err());
        assert!(make(&folder.join("file/four")).is_err());
        make(Path::new("src")).unwrap();
        make(Path::new("/")).unwrap();
    }
}
