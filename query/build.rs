//! Writes the table of the web UI's files, so that the binary carries them. Without a built UI the table is empty.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let dist = root.join("ui").join("dist");
    // Cargo watches a folder only if it exists; one that is missing would make every build start anew.
    // Where the sources are read-only there is nothing to watch.
    let _ = fs::create_dir(&dist);
    writeln!(io::stdout(), "cargo:rerun-if-changed=build.rs\ncargo:rerun-if-changed={}", dist.display())?;

    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&dist).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let mut hash = DefaultHasher::new();
        fs::read(&file)?.hash(&mut hash);
        let etag = format!("\"{:016x}\"", hash.finish());
        writeln!(table, "    Asset {{ name: {name:?}, etag: {etag:?}, bytes: include_bytes!({file:?}) }},")
            .map_err(io::Error::other)?;
    }
    table.push(']');
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("assets.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            // Source maps are for developers, who have the sources.
            false if path.extension().is_some_and(|extension| extension == "map") => {}
            false => files.push(path),
        }
    }
    Ok(())
}
