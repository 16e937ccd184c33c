//! Random numbers that are the same on every machine and in every version.

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number from 0 to `bound - 1`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A whole number from `low` to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in a while: `per_mille` times of a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// Around `typical`, with the long tail that latencies have: half lie within 0.7 and 1.4 times it, one in
    /// twelve beyond twice, one in a hundred beyond four times.
    pub fn latency(&mut self, typical: u64) -> u64 {
        let shape = self.below(1_000);
        let (low, high) = match shape {
            0..250 => (400, 700),
            250..750 => (700, 1_400),
            750..917 => (1_400, 2_000),
            917..990 => (2_000, 4_000),
            _ => (4_000, 12_000),
        };
        (typical * self.within(low, high) / 1_000).max(1)
    }

    pub fn pick<T>(&mut self, from: &[T]) -> T
    where
        T: Copy,
    {
        from[self.below(from.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // The first numbers from seed 1234567, as in the reference implementation's test vectors.
        let mut dice = Dice::new(1_234_567);
        assert_eq!(
            [dice.bits(), dice.bits(), dice.bits()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn draws_stay_in_their_range_and_are_spread_evenly() {
        let mut dice = Dice::new(7);
        let mut counts = [0u32; 10];
        for _ in 0..100_000 {
            counts[dice.below(10) as usize] += 1;
            assert!((3..=5).contains(&dice.within(3, 5)));
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        let hits = (0..100_000).filter(|_| dice.chance(50)).count();
        assert!((4_700..5_300).contains(&hits), "{hits}");
    }

    #[test]
    fn latencies_have_a_long_tail() {
        let mut dice = Dice::new(7);
        let draws: Vec<u64> = (0..100_000).map(|_| dice.latency(1_000)).collect();
        let share = |from: u64, to: u64| draws.iter().filter(|draw| (from..to).contains(draw)).count();
        assert!((48_000..=52_000).contains(&share(700, 1_400)));
        assert!((7_800..=8_800).contains(&share(2_000, u64::MAX)));
        assert!((850..=1_150).contains(&share(4_000, u64::MAX)));
    }
}
