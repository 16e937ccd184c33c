//! The place where a page ended, as an opaque text that belongs to one search.

use logpipeline_model::EntryId;
use logpipeline_model::Timestamp;
use logpipeline_store::{Order, Position};
use sha2::{Digest, Sha256};

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 1 + 16 + 16 + 16 + 8;

/// Where a page ended. `now` is that of the first page, so that relative times mean the same on every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) order: Order,
    pub(crate) after: Position,
    pub(crate) now: Timestamp,
    pub(crate) search: SearchHash,
}

/// Tells searches apart: the query's text and its time range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SearchHash([u8; 8]);

impl SearchHash {
    pub(crate) fn of(query: &str, from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        let bound =
            |bound: Option<Timestamp>| bound.map_or([0xff; 16], |time| time.unix_nanos().to_be_bytes());
        let digest = Sha256::new()
            .chain_update(bound(from))
            .chain_update(bound(to))
            .chain_update(query.as_bytes())
            .finalize();
        let mut hash = [0; 8];
        hash.copy_from_slice(&digest[..8]);
        Self(hash)
    }
}

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend([VERSION, u8::from(self.order == Order::Asc)]);
        bytes.extend(self.after.time.unix_nanos().to_be_bytes());
        bytes.extend(self.after.id.0);
        bytes.extend(self.now.unix_nanos().to_be_bytes());
        bytes.extend(self.search.0);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// `None` for a text that [`encode`](Self::encode) did not write.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        if text.len() != 2 * LENGTH || !text.is_ascii() {
            return None;
        }
        let bytes: Option<Vec<u8>> =
            (0..LENGTH).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect();
        let mut rest = bytes?.into_iter();
        let order = match (rest.next()?, rest.next()?) {
            (VERSION, 0) => Order::Desc,
            (VERSION, 1) => Order::Asc,
            _ => return None,
        };
        let time = time(&mut rest)?;
        let id = EntryId(take(&mut rest)?);
        let now = self::time(&mut rest)?;
        Some(Self { order, after: Position { time, id }, now, search: SearchHash(take(&mut rest)?) })
    }
}

fn take<const N: usize>(rest: &mut impl Iterator<Item = u8>) -> Option<[u8; N]> {
    rest.take(N).collect::<Vec<_>>().try_into().ok()
}

fn time(rest: &mut impl Iterator<Item = u8>) -> Option<Timestamp> {
    let nanos = i128::from_be_bytes(take(rest)?);
    let time = Timestamp::from_unix_nanos(nanos);
    (time.unix_nanos() == nanos).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Cursor {
        Cursor {
            order: Order::Asc,
            after: Position { time: Timestamp::from_unix_nanos(-1), id: EntryId::from_parts(7, u64::MAX) },
            now: Timestamp::from_unix_seconds(1_694_764_800),
            search: SearchHash::of("level:error", Some(Timestamp::MIN), None),
        }
    }

    #[test]
    fn a_cursor_round_trips() {
        assert_eq!(Cursor::decode(&sample().encode()), Some(sample()));
        let other = Cursor { order: Order::Desc, ..sample() };
        assert_eq!(Cursor::decode(&other.encode()), Some(other));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let text = sample().encode();
        let other_version = text.replacen("01", "02", 1);
        let beyond_time = format!("{}{}{}", &text[..4], "7f".repeat(16), &text[36..]);
        for bad in [
            "",
            "abc",
            &text[1..],
            &text[..114],
            &other_version,
            &beyond_time,
            &"é".repeat(58),
            &text.replace('0', "g"),
        ] {
            assert_eq!(Cursor::decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_part_of_a_search_counts() {
        let (first, last) = (Some(Timestamp::MIN), Some(Timestamp::MAX));
        let hashes = [
            ("a", None, None),
            ("b", None, None),
            ("a", first, None),
            ("a", None, first),
            ("a", first, last),
        ]
        .map(|(query, from, to)| SearchHash::of(query, from, to));
        for (index, hash) in hashes.iter().enumerate() {
            assert!(!hashes[index + 1..].contains(hash), "{index}");
        }
    }
}
