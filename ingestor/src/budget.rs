//! How many bytes of requests may be held in memory at once, whatever the senders do.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const UNIT: usize = 1024;

/// A budget of bytes; clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    units: Arc<Semaphore>,
    capacity: usize,
}

/// Bytes taken from a budget; given back when dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
}

/// The budget has not that many bytes left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted;

impl Budget {
    pub fn new(bytes: u64) -> Self {
        let capacity = usize::try_from(bytes / UNIT as u64).unwrap_or(usize::MAX).min(u32::MAX as usize);
        Self { units: Arc::new(Semaphore::new(capacity)), capacity }
    }

    pub fn reservation(&self) -> Reservation {
        Reservation { budget: self.clone(), permit: None }
    }

    pub fn bytes_taken(&self) -> usize {
        (self.capacity - self.units.available_permits()) * UNIT
    }

    pub fn bytes(&self) -> usize {
        self.capacity * UNIT
    }
}

impl Reservation {
    /// Makes the reservation `bytes` large, or leaves it as it is.
    pub fn resize(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let wanted = bytes.div_ceil(UNIT);
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if wanted > held {
            let more = u32::try_from(wanted - held).map_err(|_| Exhausted)?;
            let more = Arc::clone(&self.budget.units).try_acquire_many_owned(more).map_err(|_| Exhausted)?;
            match &mut self.permit {
                Some(permit) => permit.merge(more),
                none => *none = Some(more),
            }
        } else if let Some(permit) = &mut self.permit {
            drop(permit.split(held - wanted));
        }
        Ok(())
    }

    pub fn bytes(&self) -> usize {
        self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) * UNIT
    }

    /// Whether this reservation alone takes so much that waiting for others would not help.
    pub fn dominates(&self) -> bool {
        self.bytes() >= self.budget.bytes() / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_given_back() {
        let budget = Budget::new(10 * 1024);
        let mut one = budget.reservation();
        let mut other = budget.reservation();
        assert_eq!(one.resize(6_000), Ok(()));
        assert_eq!(budget.bytes_taken(), 6 * 1024);
        assert_eq!(other.resize(4 * 1024 + 1), Err(Exhausted));
        assert_eq!(other.resize(4 * 1024), Ok(()));
        assert!(one.dominates() && !other.dominates());
        assert_eq!(one.resize(1), Ok(()));
        assert_eq!(budget.bytes_taken(), 5 * 1024);
        drop((one, other));
        assert_eq!(budget.bytes_taken(), 0);
    }
}
