//! The schema version of a directory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::{error, folder, schema};
use crate::StoreError;

const FILE: &str = "schema-version";

/// Checks that the directory's schema is this program's; `false` where the directory holds no store yet.
pub(super) fn check(directory: &Path) -> Result<bool, StoreError> {
    let path = directory.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error::io("read", &path, &error)),
    };
    let found = text.trim().parse().map_err(|_| StoreError::Damaged {
        reason: format!(
            "{} holds {:?} instead of a schema version; restore it from a backup",
            path.display(),
            text.chars().take(40).collect::<String>()
        ),
    })?;
    if found == schema::VERSION {
        return Ok(true);
    }
    let age = if found > schema::VERSION { "newer" } else { "older" };
    Err(StoreError::SchemaVersion {
        path: directory.display().to_string(),
        found,
        expected: schema::VERSION,
        hint: format!(
            "a {age} release wrote it: run that release, or move the directory away and start with an \
             empty one; to keep the entries, export them with that release as NDJSON and send them again"
        ),
    })
}

/// Makes the directory a store of this program's schema.
pub(super) fn establish(directory: &Path) -> Result<(), StoreError> {
    if check(directory)? {
        return Ok(());
    }
    let (path, draft) = (directory.join(FILE), directory.join(".schema-version"));
    let write = || -> io::Result<()> {
        let mut file = File::create(&draft)?;
        writeln!(file, "{}", schema::VERSION)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        folder::sync(directory)
    };
    write().map_err(|error| error::io("write", &path, &error))
}
