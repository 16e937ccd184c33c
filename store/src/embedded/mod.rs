//! Tantivy in time partitions, for one machine: one process writes, any number read.
