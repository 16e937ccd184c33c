//! The identity of an entry, made once at acceptance.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{Timestamp, hex};

/// A UUID: version 7 (RFC 9562) for an entry that nothing identifies, version 8 when it is derived from what identifies the
/// entry or its request, such as an `Idempotency-Key`, so that a retry gives the same entry the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub [u8; 16]);

impl EntryId {
    /// A version 7 UUID from the time of receipt, and a counter or random bits: `rand_a` (12 bits are
    /// used) orders ids of one millisecond, `rand_b` (62 bits are used) makes them unique.
    pub fn v7(received_at: Timestamp, rand_a: u16, rand_b: u64) -> Self {
        let millis = received_at.unix_millis().clamp(0, (1 << 48) - 1) as u64;
        let high = millis << 16 | 0x7000 | u64::from(rand_a & 0x0fff);
        let low = 0b10 << 62 | rand_b & (u64::MAX >> 2);
        Self::from_parts(high, low)
    }

    /// The id of line `line` (from 1) of what `key` alone identifies; [`IdSeed`] is for keys of several parts. Ids of one key
    /// order as its lines do, up to 2³² of them.
    ///
    /// From the highest bit: 90 bits of a hash of the key around version and variant, then 32 bits of the
    /// line. Ids of two different keys can be equal only where those 90 bits are: among a billion keys
    /// (2³⁰), by a chance of 2⁻³¹.
    pub fn derived(key: &str, line: u64) -> Self {
        IdSeed::new(&[key.as_bytes()]).id(line)
    }

    pub fn from_parts(high: u64, low: u64) -> Self {
        Self((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }

    /// The first and the last eight bytes, big-endian: `(high, low)` pairs order as ids do.
    pub fn parts(self) -> (u64, u64) {
        let whole = u128::from_be_bytes(self.0);
        ((whole >> 64) as u64, whole as u64)
    }

    /// The id of another line of the request that this derived id is of; for lines of 32 bits.
    pub fn of_line(self, line: u32) -> Self {
        let mut bytes = self.0;
        bytes[12..].copy_from_slice(&line.to_be_bytes());
        Self(bytes)
    }

    /// Whether a second entry may carry this id, because a sender's retry derives the same.
    pub fn is_derived(self) -> bool {
        self.0[6] >> 4 == 8
    }

    /// Whether two derived ids are of one seed.
    pub fn has_seed_of(self, other: Self) -> bool {
        self.0.first_chunk::<SEED>() == other.0.first_chunk::<SEED>()
    }

    /// What the texts of all derived ids of one seed begin with.
    pub fn seed_text(self) -> [u8; 28] {
        let mut text = [0; 28];
        text.copy_from_slice(&self.to_text()[..28]);
        text
    }

    /// The 36 characters of the hyphenated form.
    pub fn to_text(self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        for (byte, at) in self.0.iter().zip(PLACES) {
            text[at..at + 2].copy_from_slice(&hex::PAIRS[usize::from(*byte)]);
        }
        text
    }
}

/// Bytes that derived ids of one seed begin with.
const SEED: usize = 12;

/// Where the digits of each byte stand in the hyphenated form.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What ids of one key have in common, computed once for a request.
#[derive(Debug, Clone)]
pub struct IdSeed {
    key: Vec<u8>,
    /// The first bytes of ids whose line has 32 bits.
    prefix: [u8; 12],
}

impl IdSeed {
    /// The seed of the key that `parts` make together; the lengths of all parts but the last tell keys apart.
    pub fn new(parts: &[&[u8]]) -> Self {
        let mut key = Vec::new();
        if let [parts @ .., last] = parts {
            for part in parts {
                key.extend_from_slice(&(part.len() as u32).to_be_bytes());
                key.extend_from_slice(part);
            }
            key.extend_from_slice(last);
        }
        let prefix = prefix(0, &key);
        Self { key, prefix }
    }

    /// The id of a line, from 1; see [`EntryId::derived`].
    pub fn id(&self, line: u64) -> EntryId {
        let high = line >> 32;
        let prefix = if high == 0 { self.prefix } else { prefix(high, &self.key) };
        let mut bytes = [0; 16];
        bytes[..12].copy_from_slice(&prefix);
        bytes[12..].copy_from_slice(&(line as u32).to_be_bytes());
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        EntryId(bytes)
    }
}

fn prefix(high: u64, key: &[u8]) -> [u8; 12] {
    let digest = Sha256::new().chain_update(high.to_be_bytes()).chain_update(key).finalize();
    let mut prefix = [0; 12];
    prefix.copy_from_slice(&digest[..12]);
    prefix
}

/// The text is not a UUID in its hyphenated form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an entry id is a UUID such as 018a97d2-5c00-7000-8000-000000000000")]
pub struct InvalidId;

impl FromStr for EntryId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let text = text.as_bytes();
        if text.len() != 36 {
            return Err(InvalidId);
        }
        let mut bytes = [0; 16];
        let mut at = 0;
        for (index, byte) in bytes.iter_mut().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                if text[at] != b'-' {
                    return Err(InvalidId);
                }
                at += 1;
            }
            let digit = |c: u8| char::from(c).to_digit(16).ok_or(InvalidId);
            *byte = (digit(text[at])? << 4 | digit(text[at + 1])?) as u8;
            at += 2;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for EntryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EntryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_v7_id_carries_its_time_version_and_variant() {
        let at = Timestamp::from_unix_nanos(1_645_557_742_000_000_000);
        let id = EntryId::v7(at, 0xcc3, 0x18c4_dc0c_0c07_398f);
        // The example of RFC 9562, appendix A.6.
        assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert!(!id.is_derived());
    }

    #[test]
    fn derived_ids_repeat_for_the_same_key_and_line_only() {
        let id = EntryId::derived("order-1", 1);
        assert_eq!(id, EntryId::derived("order-1", 1));
        assert_ne!(id, EntryId::derived("order-1", 2));
        assert_ne!(id, EntryId::derived("order-2", 1));
        assert!(id.is_derived());
        assert_eq!(id.of_line(2), EntryId::derived("order-1", 2));
        assert_eq!(id.0[8] >> 6, 0b10);
        assert!(
            id.has_seed_of(EntryId::derived("order-1", 7)) && !id.has_seed_of(EntryId::derived("order-2", 1))
        );
        let text = id.seed_text();
        assert!(EntryId::derived("order-1", 1 << 20).to_text().starts_with(&text), "{text:?}");
        // Beyond 32 bits the order is lost, and not the difference.
        assert_ne!(EntryId::derived("order-1", 1 << 32 | 1), id);
    }

    #[test]
    fn seeds_of_different_parts_differ() {
        let of = |parts: &[&[u8]]| IdSeed::new(parts).id(7);
        assert_eq!(of(&[b"order-1"]), EntryId::derived("order-1", 7));
        let all = [of(&[b"a", b"bc"]), of(&[b"ab", b"c"]), of(&[b"abc"]), of(&[b"a", b"b", b"c"])];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one));
        }
        assert_eq!(all[0], of(&[b"a", b"bc"]));
    }

    #[test]
    fn text_round_trips_and_orders_as_bytes_do() {
        let low = EntryId::from_parts(1, u64::MAX);
        let high = EntryId::from_parts(2, 0);
        assert!(low < high && low.to_string() < high.to_string() && low.parts() < high.parts());
        assert_eq!(low.to_string().parse(), Ok(low));
        for text in
            ["", "018a97d2", "018a97d2-5c00-7000-8000-00000000000g", "018a97d2+5c00-7000-8000-000000000000"]
        {
            assert_eq!(text.parse::<EntryId>(), Err(InvalidId), "{text}");
        }
    }
}
