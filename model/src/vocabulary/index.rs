//! Finds a name's row without comparing it with others: parsers ask for each key of each entry.

use super::TABLE;

const PLACES: usize = 1 << 9;

/// The rank of the row whose name begins to be looked for here, and one; 0 for none. A row whose place is taken has the next
/// one that is free.
static RANKS: [u8; PLACES] = {
    assert!(TABLE.len() < u8::MAX as usize);
    let mut ranks = [0; PLACES];
    let mut rank = 0;
    while rank < TABLE.len() {
        let mut place = place(TABLE[rank].name.as_bytes());
        while ranks[place] != 0 {
            place = (place + 1) % PLACES;
        }
        ranks[place] = rank as u8 + 1;
        rank += 1;
    }
    ranks
};

/// The rank of the row that has this name.
#[inline]
pub(super) fn find(name: &str) -> Option<usize> {
    let mut place = place(name.as_bytes());
    loop {
        let rank = usize::from(RANKS[place]).checked_sub(1)?;
        if same(TABLE[rank].name.as_bytes(), name.as_bytes()) {
            return Some(rank);
        }
        place = (place + 1) % PLACES;
    }
}

/// Whether two names are equal. Most have 4 to 16 bytes, which two comparisons of whole words tell sooner than a call.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    fn ends<const N: usize>(name: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
        Some((name.first_chunk()?, name.last_chunk()?))
    }
    one.len() == other.len()
        && match one.len() {
            8..=16 => ends::<8>(one) == ends::<8>(other),
            4..=7 => ends::<4>(one) == ends::<4>(other),
            _ => one == other,
        }
}

/// Where a name is looked for first, by its length, its first four bytes and its last.
#[inline]
const fn place(name: &[u8]) -> usize {
    let (first, last) = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => (u32::from_le_bytes(*first), u32::from_le_bytes(*last)),
        _ => match name {
            [first, .., last] => (*first as u32, *last as u32),
            _ => (0, 0),
        },
    };
    let mixed = (first as u64 | (last as u64) << 32) ^ (name.len() as u64) << 16;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn names_are_the_same_only_where_every_byte_is() {
        for length in 0..40 {
            let name: Vec<u8> = (0..length).collect();
            assert!(same(&name, &name.clone()));
            for at in 0..name.len() {
                let mut other = name.clone();
                other[at] ^= 0x20;
                assert!(!same(&name, &other), "byte {at} of {length}");
            }
            assert!(!same(&name, &[&name[..], b"x"].concat()));
        }
    }
}
