//! Where entries come from.

use std::time::Duration;

use crate::workload::Workload;

/// A sequence of entries, numbered from 0 in the order in which they are appended.
pub trait Source: Send {
    /// Appends the next entry as a line of NDJSON, tagged with its run and number. Waits for one at most
    /// `wait` where the source is a stream.
    fn append_next(&mut self, out: &mut Vec<u8>, wait: Duration) -> Next;

    /// Names the entries that were appended since the last call by what they are, so that sent again under
    /// that name they are stored once; `None` where they are new each time.
    fn take_key(&mut self) -> Option<String> {
        None
    }

    /// How many entries there are, where that is known beforehand.
    fn len_hint(&self) -> Option<u64> {
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Appended,
    /// Nothing was appended, because a request must end here; more follows.
    Cut,
    /// Nothing came in the time given; more may follow.
    Waiting,
    End,
}

impl Source for Workload {
    fn append_next(&mut self, out: &mut Vec<u8>, _wait: Duration) -> Next {
        self.append(out);
        Next::Appended
    }
}
