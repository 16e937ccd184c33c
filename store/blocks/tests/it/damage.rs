//! Damaged blocks give an error or the right entries.

use logpipeline_model::query::Query;
use proptest::prelude::*;

use crate::support::{Owned, built, entries, opened};

fn sample() -> Vec<Owned> {
    (0..40)
        .map(|number| {
            Owned::new(
                number,
                &format!(
                    ",\"level\":\"info\",\"message\":\"request {number} of user {} took {}.5 ms\",\"resourceId\":\"r{}\",\"traceId\":\"{:032x}\",\"metadata\":{{\"n\":{number},\"s\":\"x{}\"}}",
                    number % 7, number * 3, number % 2, u128::from(number).wrapping_mul(0x1234_5678_9abc_def0_1234_5678_9abc_def1), number % 3
                ),
            )
        })
        .collect()
}

/// Whether the bytes are refused; panics where they give other entries.
fn refused(bytes: Vec<u8>, expected: &[Owned]) -> bool {
    let Ok(block) = opened(bytes) else { return true };
    let query = Query::parse("user 3 n>5 traceId:*", logpipeline_model::Timestamp::MIN).unwrap();
    let _ = block.reader().find(&query);
    match entries(&block) {
        Err(_) => true,
        Ok(found) => {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found.stored, expected.stored);
                assert_eq!((found.id, found.timestamp), (expected.id, expected.timestamp));
            }
            block.verify().is_err()
        }
    }
}

#[test]
fn every_byte_that_is_flipped_is_noticed() {
    let expected = sample();
    let bytes = built(&expected);
    assert!(!refused(bytes.clone(), &expected));
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            assert!(refused(damaged, &expected), "byte {at} of {}", bytes.len());
        }
    }
}

#[test]
fn every_truncation_is_noticed() {
    let expected = sample();
    let bytes = built(&expected);
    for length in 0..bytes.len() {
        assert!(refused(bytes[..length].to_vec(), &expected), "{length} bytes");
    }
}

/// Puts the checksums right, so that what is damaged is read.
fn resealed(mut bytes: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let footer = bytes.split_off(bytes.len() - 32);
    let offset = u64::from_le_bytes(footer[..8].try_into().unwrap()) as usize;
    let length = u32::from_le_bytes(footer[12..16].try_into().unwrap()) as usize;
    let packed = bytes.split_off(offset);
    let mut directory = zstd::bulk::decompress(&packed, length).unwrap();
    change(&mut directory);
    let packed = zstd::bulk::compress(&directory, 3).unwrap();
    let mut end = Vec::new();
    end.extend_from_slice(&footer[..8]);
    end.extend_from_slice(&(packed.len() as u32).to_le_bytes());
    end.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    end.extend_from_slice(&crc32c::crc32c(&packed).to_le_bytes());
    end.extend_from_slice(&footer[20..28]);
    let checksum = crc32c::crc32c(&end);
    end.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(&packed);
    bytes.extend_from_slice(&end);
    bytes
}

/// Reads and searches all there is, whatever it is.
fn exercise(bytes: Vec<u8>) {
    let Ok(block) = opened(bytes) else { return };
    let _ = entries(&block);
    let reader = block.reader();
    for text in [
        "user",
        "3",
        "\"user 3\"",
        "n>5",
        "level:info",
        "traceId:*",
        "id:018a97d2-5c00-7000-8000-000000000000",
        "/took/",
    ] {
        let query = Query::parse(text, logpipeline_model::Timestamp::MIN).unwrap();
        if let Ok(mut found) = reader.find(&query) {
            let _ = reader.settle(&query, &mut found);
        }
    }
    block.fields().for_each(drop);
}

#[test]
fn a_directory_that_is_wrong_and_checked_makes_nothing_panic() {
    let bytes = built(&sample());
    let mut length = 0;
    assert!(!refused(resealed(bytes.clone(), |directory| length = directory.len()), &sample()));
    for at in 0..length {
        for value in [0, 1, 0x7f, 0xff] {
            exercise(resealed(bytes.clone(), |directory| directory[at] = value));
        }
        exercise(resealed(bytes.clone(), |directory| directory.truncate(at)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert!(opened(bytes).is_err());
    }

    #[test]
    fn a_directory_of_parts_of_others_makes_nothing_panic(cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        exercise(resealed(built(&sample()), |directory| {
            for (at, byte) in &cuts {
                let at = at.index(directory.len());
                directory[at] = *byte;
            }
        }));
    }
}
