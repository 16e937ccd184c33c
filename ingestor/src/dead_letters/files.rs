//! The last resort: letters that no store takes, and what damage cost, in NDJSON files for people and programs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use logpipeline_model::{EntryId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

/// A file is not added to beyond this many bytes.
const FILE_BYTES: u64 = 64 << 20;

/// A folder of files `dead-letters-<milliseconds>.ndjson`, in order of time.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    file: Option<(File, u64)>,
}

/// One line of a file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    /// When it was given up.
    pub at: Timestamp,
    pub reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// The entry in its stored form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<&'a RawValue>,
    /// What stands for the entry where it cannot be read: its bytes as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<&'a str>,
    /// The file that keeps the bytes of entries that are damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a Path>,
    /// How many entries this line is about, where it is not one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u64>,
}

impl Files {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, file: None }
    }

    /// Appends letters, and returns once they are on disk. After an error nothing is known of them:
    /// append them again.
    pub fn append(&mut self, letters: &[Line<'_>]) -> io::Result<()> {
        if letters.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for letter in letters {
            serde_json::to_writer(&mut lines, letter)?;
            lines.push(b'\n');
        }
        // Taken out, so that a file whose write or sync failed is not used again.
        let (mut file, size) = match self.file.take() {
            Some((file, size)) if size < FILE_BYTES => (file, size),
            _ => (self.create()?, 0),
        };
        file.write_all(&lines)?;
        file.sync_data()?;
        self.file = Some((file, size + lines.len() as u64));
        Ok(())
    }

    fn create(&self) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        if let Some(parent) = self.folder.parent() {
            File::open(parent)?.sync_all()?;
        }
        let mut millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        loop {
            let path = self.folder.join(format!("dead-letters-{millis:013}.ndjson"));
            match OpenOptions::new().append(true).create_new(true).open(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => millis += 1,
                Err(error) => return Err(error),
                Ok(file) => {
                    File::open(&self.folder)?.sync_all()?;
                    return Ok(file);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_lines_with_the_entry_and_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mut letters = Files::new(folder.path().join("dead-letters"));
        let entry = serde_json::value::to_raw_value(&serde_json::json!({"message": "m"})).unwrap();
        let letter = |reason| Line {
            at: Timestamp::from_unix_seconds(0),
            reason,
            id: Some(EntryId([1; 16])),
            entry: Some(&entry),
            raw: None,
            file: None,
            entries: None,
        };
        letters.append(&[letter("first"), letter("second")]).unwrap();
        letters.append(&[letter("third")]).unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path().join("dead-letters")).unwrap().collect();
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
        let reasons: Vec<_> = text
            .lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(line["entry"]["message"], "m");
                assert_eq!(line["id"], EntryId([1; 16]).to_string());
                line["reason"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(reasons, ["first", "second", "third"]);
    }
}
