use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// Where the bytes of a block are read from.
pub trait Source: Debug + Send + Sync {
    /// Bytes of the block.
    fn length(&self) -> u64;

    /// Fills `into` with the bytes from `offset` on; an error where there are not as many.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
}

/// A block that is part of a file.
#[derive(Debug, Clone)]
pub struct FilePart {
    pub file: Arc<File>,
    /// The block's first byte in the file.
    pub offset: u64,
    pub length: u64,
}

impl Source for FilePart {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&*self.file, into, self.offset.saturating_add(offset))
    }
}

fn copy(bytes: &[u8], offset: u64, into: &mut [u8]) -> io::Result<()> {
    let start = usize::try_from(offset).ok();
    let end = start.and_then(|start| start.checked_add(into.len()));
    let part = start.zip(end).and_then(|(start, end)| bytes.get(start..end));
    into.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
    Ok(())
}

impl Source for Vec<u8> {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        copy(self, offset, into)
    }
}

impl Source for Arc<[u8]> {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        copy(self, offset, into)
    }
}
