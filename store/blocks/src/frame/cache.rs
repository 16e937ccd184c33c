use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;

/// Inflated frames of any number of blocks, the ones used last, up to a number of bytes.
#[derive(Debug)]
pub struct Cache {
    capacity: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    frames: HashMap<Key, (u64, Arc<[u8]>)>,
    by_use: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
}

/// A block, and a frame of it.
type Key = (u64, u32);

impl Cache {
    /// A cache of at most `capacity` bytes; 0 keeps nothing.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, held: Mutex::default() }
    }

    /// The bytes of the frames that it holds.
    pub fn bytes(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// The frame, inflated by `inflate` where it is not there. The lock is not held meanwhile: two readers may
    /// inflate the same frame.
    pub(crate) fn get(&self, key: Key, inflate: impl FnOnce() -> Result<Arc<[u8]>>) -> Result<Arc<[u8]>> {
        if let Some(frame) = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(frame);
        }
        let frame = inflate()?;
        if frame.len() <= self.capacity {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(key, Arc::clone(&frame));
            held.shrink(self.capacity);
        }
        Ok(frame)
    }

    /// Forgets the frames of a block.
    pub(crate) fn forget(&self, block: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Key> = held.frames.keys().filter(|key| key.0 == block).copied().collect();
        for key in gone {
            held.remove(key);
        }
    }
}

impl Held {
    fn get(&mut self, key: Key) -> Option<Arc<[u8]>> {
        let (used, frame) = self.frames.get_mut(&key)?;
        self.by_use.remove(used);
        self.uses += 1;
        *used = self.uses;
        self.by_use.insert(self.uses, key);
        Some(Arc::clone(frame))
    }

    fn insert(&mut self, key: Key, frame: Arc<[u8]>) {
        self.remove(key);
        self.uses += 1;
        self.bytes += frame.len();
        self.by_use.insert(self.uses, key);
        self.frames.insert(key, (self.uses, frame));
    }

    fn remove(&mut self, key: Key) {
        if let Some((used, frame)) = self.frames.remove(&key) {
            self.by_use.remove(&used);
            self.bytes -= frame.len();
        }
    }

    fn shrink(&mut self, capacity: usize) {
        while self.bytes > capacity
            && let Some((_, key)) = self.by_use.pop_first()
        {
            self.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frames_used_last_are_kept() {
        let cache = Cache::new(20);
        let frame = |byte: u8| Ok(Arc::from([byte; 10]));
        let miss = || -> Result<Arc<[u8]>> { Err(crate::Error::Damaged("not cached")) };
        cache.get((1, 0), || frame(0)).unwrap();
        cache.get((1, 1), || frame(1)).unwrap();
        cache.get((1, 0), miss).unwrap();
        cache.get((1, 2), || frame(2)).unwrap();
        assert_eq!(cache.get((1, 0), miss).unwrap()[0], 0);
        assert!(cache.get((1, 1), miss).is_err());
        assert_eq!(cache.bytes(), 20);
        cache.get((2, 0), || Ok(Arc::from([0; 21]))).unwrap();
        assert_eq!(cache.bytes(), 20);
        cache.forget(1);
        assert_eq!(cache.bytes(), 0);
    }
}
