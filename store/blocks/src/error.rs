use std::io;

/// Why a block, or part of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to read the block")]
    Read(#[from] io::Error),
    #[error("the block is not one of this format: {0}")]
    Format(&'static str),
    #[error("the block has version {0} of the format, and this program reads version {supported}", supported = crate::VERSION)]
    Version(u16),
    #[error("the checksum of the block's {0} does not match")]
    Checksum(Part),
    #[error("the block is damaged: {0}")]
    Damaged(&'static str),
}

/// The parts of a block that have a checksum each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Footer,
    Directory,
    /// By its number.
    Frame(u32),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Footer => f.write_str("footer"),
            Self::Directory => f.write_str("directory"),
            Self::Frame(number) => write!(f, "frame {number}"),
        }
    }
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
