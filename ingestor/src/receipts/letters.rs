//! An entry among the files of the dead letters.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use logpipeline_model::{EntryId, Timestamp};
use serde::{Deserialize, Serialize};

use super::NoAnswer;

/// The letter about an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub id: EntryId,
    pub at: Timestamp,
    pub reason: String,
}

#[derive(Deserialize)]
struct Stored {
    timestamp: Timestamp,
    metadata: Reason,
}

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

impl Letter {
    /// What a letter says that was stored with the id `id`.
    pub(super) fn stored(id: EntryId, body: &[u8]) -> Option<Self> {
        let Stored { timestamp, metadata } = serde_json::from_slice(body).ok()?;
        Some(Self { id, at: timestamp, reason: metadata.reason })
    }
}

/// The letter about the entry `id`, in the newest file that has one.
pub(super) fn find(folder: &Path, id: EntryId, until: Instant) -> Result<Option<Letter>, NoAnswer> {
    let mut paths: Vec<_> = match std::fs::read_dir(folder) {
        Ok(files) => files.filter_map(|file| Some(file.ok()?.path())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
    paths.sort();
    let text = format!("\"id\":\"{id}\"");
    let finder = memchr::memmem::Finder::new(text.as_bytes());
    for path in paths.iter().rev() {
        let mut reader = BufReader::with_capacity(256 << 10, std::fs::File::open(path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if finder.find(&line).is_some()
                && let Ok(letter) = serde_json::from_slice::<Letter>(&line)
                && letter.id == id
            {
                return Ok(Some(letter));
            }
            line.clear();
            if Instant::now() > until {
                return Err(NoAnswer::TooLong);
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_letter_is_found_by_the_id_of_its_entry() {
        let folder = tempfile::tempdir().unwrap();
        let id = |low| EntryId::from_parts(7, low);
        let letter = |low, reason| {
            format!(
                "{{\"at\":\"2026-11-30T10:00:00Z\",\"reason\":\"{reason}\",\"id\":\"{}\",\"entry\":{{\"id\":\"{}\"}}}}\n",
                id(low),
                id(99)
            )
        };
        let until = Instant::now() + Duration::from_secs(60);
        let found = |low| find(&folder.path().join("letters"), id(low), until).unwrap();
        assert_eq!(found(1), None, "there is no folder");
        std::fs::create_dir(folder.path().join("letters")).unwrap();
        let file = |name: &str, text: String| std::fs::write(folder.path().join("letters").join(name), text);
        file("dead-letters-1.ndjson", letter(1, "early") + &letter(2, "other")).unwrap();
        file("dead-letters-2.ndjson", letter(1, "late") + "{\"torn").unwrap();
        assert_eq!(found(1).unwrap().reason, "late");
        assert_eq!(found(2).unwrap().reason, "other");
        assert_eq!(found(99), None, "another entry is named in its body only");
    }
}
