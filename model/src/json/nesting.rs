/// The containers that are open, a bit for each: nothing is allocated up to 64 levels, and an eighth of
/// a byte a level beyond.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    /// The innermost levels, the last one in the lowest bit; set for an object.
    innermost: u64,
    outer: Vec<u64>,
    depth: usize,
}

impl Nesting {
    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    #[inline]
    pub(crate) fn push(&mut self, object: bool) {
        if self.depth != 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.innermost);
        }
        self.innermost = self.innermost << 1 | u64::from(object);
        self.depth += 1;
    }

    /// Leaves the innermost container; nothing where none is open.
    #[inline]
    pub(crate) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.innermost >>= 1;
        if self.depth != 0 && self.depth.is_multiple_of(64) {
            self.innermost = self.outer.pop().unwrap_or_default();
        }
    }

    #[inline]
    pub(crate) fn in_object(&self) -> bool {
        self.innermost & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_left_in_the_order_they_were_entered() {
        let kinds: Vec<bool> = (0..1_000).map(|n: u32| n.wrapping_mul(2_654_435_761) >> 31 == 1).collect();
        let mut nesting = Nesting::default();
        for kind in &kinds {
            nesting.push(*kind);
        }
        for (depth, kind) in kinds.iter().enumerate().rev() {
            assert_eq!((nesting.depth(), nesting.in_object()), (depth + 1, *kind));
            nesting.pop();
        }
        nesting.pop();
        assert_eq!(nesting.depth(), 0);
    }
}
