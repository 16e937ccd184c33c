//! A block that was written once is read by every later program of its version.

use std::path::Path;

use crate::support::{Owned, built, entries, opened};

const GOLDEN: &str = "tests/golden/version-1.block";

/// What the block holds.
fn expected() -> Vec<Owned> {
    let members = [
        r#","level":"info","message":"user 17 logged in from 10.0.0.7","resourceId":"auth-1","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","metadata":{"n":17,"ratio":0.25,"ok":true}"#,
        r#","level":"info","message":"user 18 logged in from 10.0.0.8","resourceId":"auth-1","traceId":"00f067aa0ba902b700f067aa0ba902b7","metadata":{"n":18,"ratio":0.50,"ok":false}"#,
        r#","level":"warn","message":"user 19 logged in from 10.0.0.9","resourceId":"auth-2","metadata":{"n":19,"ratio":1e3,"ok":null}"#,
        r#","level":"error","message":"disk full\n\tat /var: \"0 bytes\"","resourceId":"db","metadata":{"tags":["a","b",3],"deep":{"er":"\u00e9"}}"#,
        r#","message":"user 20 logged in from 10.0.0.10","resourceId":"auth-1""#,
        r#" , "message" : "größe ٣" "#,
    ];
    let mut stored: Vec<Owned> =
        (0..).zip(members).map(|(number, members)| Owned::new(number, members)).collect();
    stored.push(Owned { stored: b"\xff no JSON".to_vec(), ..Owned::new(6, "") });
    stored
}

#[test]
fn the_golden_block_holds_what_it_held() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("LOGPIPELINE_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, built(&expected())).unwrap();
    }
    let found = entries(&opened(std::fs::read(path).unwrap()).unwrap()).unwrap();
    assert_eq!(found.len(), expected().len());
    for (found, expected) in found.iter().zip(expected()) {
        assert_eq!(String::from_utf8_lossy(&found.stored), String::from_utf8_lossy(&expected.stored));
        assert_eq!(found.stored, expected.stored);
        assert_eq!(
            (found.id, found.timestamp, found.received_at),
            (expected.id, expected.timestamp, expected.received_at)
        );
    }
}
