use logpipeline_model::Timestamp;

/// First and last of some times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first: Timestamp,
    pub last: Timestamp,
}

/// What a block says about one of its columns without inflating anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSummary {
    pub field: logpipeline_model::query::Field,
    /// Rows that have the value: of an array, the first element, the second, and so on are columns of their own.
    pub rows: usize,
    /// How many different values there are, where the block knows.
    pub distinct: Option<usize>,
    /// Each value with the rows that have it, where the block knows them all.
    pub values: Option<Vec<(String, usize)>>,
}
