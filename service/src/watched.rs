//! Files that are read again when their content changes: tokens, users, certificates.

use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Shutdown;

/// A file beyond this is refused: it is none of those that are meant.
pub const MAX_BYTES: u64 = 1 << 20;

/// How long a change may go unseen. Kubernetes itself takes up to a minute to bring a Secret to a node.
const INTERVAL: Duration = Duration::from_secs(2);

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("failed to read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} is larger than 1 MiB, so it is hardly the file that was meant", path = path.display())]
    TooLarge { path: PathBuf },
    #[error("{path} is not text in UTF-8", path = path.display())]
    NotText { path: PathBuf },
    /// With the path, where it is one of several.
    #[error("{0}")]
    Content(String),
}

/// What is wrong with a line of a file, and what to do about it. It must not repeat what may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Malformed {
    /// From 1.
    pub line: usize,
    pub problem: String,
}

type Make<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, FileError> + Send + Sync>;

/// What files said when they last made sense.
pub struct Watched<T> {
    paths: Vec<PathBuf>,
    make: Make<T>,
    value: RwLock<Arc<T>>,
    seen: Mutex<Seen>,
}

/// What was found last, so that a change is told from what was looked at already. The content may be secret:
/// only its hash is kept.
#[derive(PartialEq)]
enum Seen {
    Content([u8; 32]),
    Error(String),
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads and parses the text at `path`, which must make sense now.
    ///
    /// # Errors
    /// A file that cannot be read, is no text, is too large, or that `parse` refuses.
    pub fn open<E: Display + 'static>(
        path: &Path,
        parse: fn(&str) -> Result<T, E>,
    ) -> Result<Arc<Self>, FileError> {
        let name = path.to_owned();
        Self::open_all(vec![path.to_owned()], move |contents| {
            let content = contents.first().map(Vec::as_slice).unwrap_or_default();
            let text = std::str::from_utf8(content).map_err(|_| FileError::NotText { path: name.clone() })?;
            parse(text).map_err(|error| FileError::Content(format!("{}: {error}", name.display())))
        })
    }

    /// As [`open`](Self::open), for files that make sense together only.
    ///
    /// # Errors
    /// A file that cannot be read or is too large, or contents that `make` refuses.
    pub fn open_all(
        paths: Vec<PathBuf>,
        make: impl Fn(&[Vec<u8>]) -> Result<T, FileError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, FileError> {
        let contents = read_all(&paths)?;
        let value = RwLock::new(Arc::new(make(&contents)?));
        let seen = Mutex::new(Seen::of(&Ok(contents)));
        Ok(Arc::new(Self { paths, make: Box::new(make), value, seen }))
    }

    /// What the files said when they last made sense.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the files every two seconds until stopping begins. The content is compared, not times or inodes: they
    /// tell nothing where Kubernetes swaps the link to a folder.
    pub fn spawn(self: &Arc<Self>, shutdown: &Shutdown) {
        let (watched, shutdown) = (Arc::clone(self), shutdown.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(INTERVAL) => {}
                    () = shutdown.stopping() => return,
                }
                let watched = Arc::clone(&watched);
                let _ = tokio::task::spawn_blocking(move || watched.refresh()).await;
            }
        });
    }

    /// Looks at the files now. New contents that make sense replace the value, others are warned of once.
    pub fn refresh(&self) {
        let found = read_all(&self.paths);
        let now = Seen::of(&found);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return;
        }
        *seen = now;
        match found.and_then(|contents| (self.make)(&contents)) {
            Ok(value) => {
                *self.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
                tracing::info!(files = %self.names(), "changed, and were read again");
            }
            Err(error) => {
                tracing::warn!(files = %self.names(), %error, "changed to what is of no use; what was read before holds on");
            }
        }
    }

    fn names(&self) -> String {
        self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }
}

impl Seen {
    fn of(found: &Result<Vec<Vec<u8>>, FileError>) -> Self {
        match found {
            Ok(contents) => {
                let mut hash = Sha256::new();
                for content in contents {
                    hash.update((content.len() as u64).to_be_bytes());
                    hash.update(content);
                }
                Self::Content(hash.finalize().into())
            }
            Err(error) => Self::Error(error.to_string()),
        }
    }
}

/// Says nothing of the value, which may be secret.
impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("paths", &self.paths).finish_non_exhaustive()
    }
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, FileError> {
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    let mut content = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn number(text: &str) -> Result<u32, Malformed> {
        text.trim().parse().map_err(|_| Malformed { line: 1, problem: "write a number".to_owned() })
    }

    #[test]
    fn a_file_that_is_of_no_use_at_the_start_is_refused_with_its_path_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let refused = || Watched::open(&path, number).unwrap_err().to_string();
        let shown = path.display();
        assert!(refused().starts_with(&format!("failed to read {shown}: No such file")), "{}", refused());
        fs::write(&path, "seven").unwrap();
        assert_eq!(refused(), format!("{shown}: line 1: write a number"));
        fs::write(&path, b"\xff7").unwrap();
        assert_eq!(refused(), format!("{shown} is not text in UTF-8"));
        fs::write(&path, " ".repeat(1 << 20) + "7").unwrap();
        assert!(refused().contains("is larger than 1 MiB"), "{}", refused());
        fs::write(&path, " ".repeat((1 << 20) - 1) + "7").unwrap();
        assert_eq!(*Watched::open(&path, number).unwrap().get(), 7);
    }

    #[test]
    fn a_change_is_seen_through_a_swapped_link_as_kubernetes_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (version, content) in [("..one", "1"), ("..two", "2")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("file"), content).unwrap();
        }
        symlink("..one", at("..data")).unwrap();
        symlink("..data/file", at("file")).unwrap();
        let watched = Watched::open(&at("file"), number).unwrap();
        assert_eq!(*watched.get(), 1);
        symlink("..two", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        fs::remove_dir_all(at("..one")).unwrap();
        watched.refresh();
        assert_eq!(*watched.get(), 2);
    }

    #[test]
    fn what_was_good_stays_while_the_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "1").unwrap();
        let watched = Watched::open(&path, number).unwrap();
        fs::write(&path, "one").unwrap();
        watched.refresh();
        assert_eq!(*watched.get(), 1);
        fs::remove_file(&path).unwrap();
        watched.refresh();
        assert_eq!(*watched.get(), 1);
        fs::write(&path, "3").unwrap();
        watched.refresh();
        assert_eq!(*watched.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_file_is_looked_at_until_stopping_begins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "1").unwrap();
        let watched = Watched::open(&path, number).unwrap();
        let shutdown = Shutdown::default();
        watched.spawn(&shutdown);
        fs::write(&path, "2").unwrap();
        while *watched.get() != 2 {
            tokio::time::sleep(INTERVAL).await;
        }
        shutdown.trigger();
        tokio::time::sleep(INTERVAL).await;
        assert_eq!(Arc::strong_count(&watched), 1, "nobody looks at it any more");
    }
}
