//! When requests were synced: remembered until whoever follows the log has written it down.

use std::collections::VecDeque;

use logpipeline_model::Timestamp;

/// The latest are kept.
const MOST: usize = 65_536;

/// By the number of each request's note, in ascending order.
#[derive(Debug, Default)]
pub(crate) struct Synced(VecDeque<(u64, Timestamp)>);

impl Synced {
    pub(crate) fn add(&mut self, at: Timestamp, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            if self.0.len() == MOST {
                self.0.pop_front();
            }
            self.0.push_back((number, at));
        }
    }

    pub(crate) fn get(&self, number: u64) -> Option<Timestamp> {
        let at = self.0.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.0.get(at).map(|(_, at)| *at)
    }

    /// Lets go of those up to `number`.
    pub(crate) fn forget(&mut self, number: u64) {
        let count = self.0.partition_point(|(known, _)| *known <= number);
        self.0.drain(..count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_known_until_they_are_forgotten() {
        let mut synced = Synced::default();
        let at = Timestamp::from_unix_seconds;
        for number in 0..MOST as u64 + 2 {
            synced.add(at(number as i64), [10 * number]);
        }
        assert_eq!((synced.get(0), synced.get(10), synced.get(20)), (None, None, Some(at(2))));
        assert_eq!(synced.get(25), None);
        synced.forget(25);
        assert_eq!((synced.get(20), synced.get(30)), (None, Some(at(3))));
    }
}
