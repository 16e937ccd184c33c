//! Ids that are derived from a sender's key.

use logpipeline_model::EntryId;
use proptest::prelude::*;

proptest! {
    #[test]
    fn lines_of_one_request_order_as_they_were_sent(
        key in "[!-~]{1,255}",
        lines in proptest::collection::btree_set(1..=u64::from(u32::MAX), 2..50),
    ) {
        let ids: Vec<_> = lines.iter().map(|line| EntryId::derived(&key, *line)).collect();
        prop_assert!(ids.is_sorted_by(|one, next| one < next));
        prop_assert!(ids.is_sorted_by(|one, next| one.to_string() < next.to_string()));
        for id in ids {
            prop_assert!(id.is_derived());
            // Version 8 and the variant of RFC 9562, section 4.
            let text = id.to_string();
            prop_assert_eq!(text.as_bytes()[14], b'8');
            prop_assert!(b"89ab".contains(&text.as_bytes()[19]));
        }
    }

    #[test]
    fn other_keys_make_other_ids_and_do_not_mingle_with_these(
        keys in proptest::collection::hash_set("[!-~]{1,255}", 2..=2),
        line in 1..=u64::MAX,
        other in 1..=u64::from(u32::MAX),
    ) {
        let keys: Vec<_> = keys.into_iter().collect();
        let id = EntryId::derived(&keys[0], line);
        prop_assert_eq!(EntryId::derived(&keys[0], line), id);
        prop_assert_ne!(EntryId::derived(&keys[1], line), id);
        // What is left of the line's bits is the same for all lines of a key.
        prop_assert_eq!(
            EntryId::derived(&keys[0], other).parts().0,
            EntryId::derived(&keys[0], 1).parts().0
        );
        prop_assert_ne!(EntryId::derived(&keys[1], other).parts().0, EntryId::derived(&keys[0], 1).parts().0);
    }
}

#[test]
fn no_two_of_many_keys_share_their_hash() {
    let keys = (0..10_000).flat_map(|number| [format!("key-{number}"), format!("{number}")]);
    let mut hashes = std::collections::HashSet::new();
    for key in keys {
        let (high, low) = EntryId::derived(&key, 1).parts();
        assert_eq!(low as u32, 1);
        assert!(hashes.insert((high, low >> 32)), "{key}");
    }
}
