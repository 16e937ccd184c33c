//! What the writer of an embedded store may use.

/// Bounds of the writer's memory, threads and files.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes that entries not yet committed may take in memory, over all partitions open for writing.
    /// Never less than 15 MB for each of `open_partitions`.
    pub memory_bytes: usize,
    /// Partitions held open for writing at once; a batch that needs more commits and closes the least
    /// recently used.
    pub open_partitions: usize,
    /// A partition that has grown to this many bytes gets a successor. Removing a partition is how
    /// retention frees space, so this is also the step by which it does.
    pub partition_bytes: u64,
    /// Threads that merge segments, for each partition open for writing.
    pub merge_threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory_bytes: 192 << 20, open_partitions: 6, partition_bytes: 2 << 30, merge_threads: 1 }
    }
}

impl Options {
    /// Tantivy takes no less for one writer.
    const LEAST_MEMORY: usize = 15_000_000;
    /// The arena's addresses have 32 bits.
    const MOST_MEMORY: usize = 2_000_000_000;

    pub(super) fn memory_per_partition(&self) -> usize {
        (self.memory_bytes / self.open_partitions.max(1)).clamp(Self::LEAST_MEMORY, Self::MOST_MEMORY)
    }
}
