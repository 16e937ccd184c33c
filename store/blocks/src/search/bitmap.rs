/// A set of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    rows: usize,
}

impl Bitmap {
    /// None of so many rows.
    pub fn none(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)], rows }
    }

    /// All of so many rows.
    pub fn all(rows: usize) -> Self {
        let mut all = Self { words: vec![u64::MAX; rows.div_ceil(64)], rows };
        all.clear_rest();
        all
    }

    /// Adds a row; one that the block does not have is left out.
    #[inline]
    pub fn add(&mut self, row: usize) {
        if row < self.rows
            && let Some(word) = self.words.get_mut(row / 64)
        {
            *word |= 1 << (row % 64);
        }
    }

    /// Takes a row away.
    #[inline]
    pub fn remove(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 64) {
            *word &= !(1 << (row % 64));
        }
    }

    /// Adds rows from `start` to before `end`.
    pub fn add_range(&mut self, start: usize, end: usize) {
        let end = end.min(self.rows);
        let mut row = start;
        while row < end {
            if row.is_multiple_of(64) && row + 64 <= end {
                self.words[row / 64] = u64::MAX;
                row += 64;
            } else {
                self.words[row / 64] |= 1 << (row % 64);
                row += 1;
            }
        }
    }

    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows there are in it.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The rows, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(index * 64 + bit)
            })
        })
    }

    /// Keeps the rows that `other` has too.
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds the rows of `other`.
    pub fn unite(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Takes the rows of `other` away.
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Has each row that it had not, and no other.
    pub fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.clear_rest();
    }

    fn clear_rest(&mut self) {
        if !self.rows.is_multiple_of(64)
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << (self.rows % 64)) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(rows in 0..200usize, one in proptest::collection::vec(0..220usize, 0..50), start in 0..220usize, end in 0..220usize) {
            let mut bitmap = Bitmap::none(rows);
            one.iter().for_each(|row| bitmap.add(*row));
            bitmap.add_range(start, end);
            let expected: BTreeSet<usize> = one.into_iter().chain(start..end).filter(|row| *row < rows).collect();
            prop_assert_eq!(bitmap.iter().collect::<BTreeSet<_>>(), expected.clone());
            prop_assert_eq!(bitmap.count(), expected.len());
            let mut others = bitmap.clone();
            others.invert();
            prop_assert_eq!(others.count(), rows - expected.len());
            others.unite(&bitmap);
            prop_assert_eq!(&others, &Bitmap::all(rows));
            others.subtract(&bitmap);
            others.intersect(&bitmap);
            prop_assert!(others.is_empty());
        }
    }
}
