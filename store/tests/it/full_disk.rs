//! A device that takes no more: reported, and survived once it does again.

use std::process::Command;

use logpipeline_store::embedded::EmbeddedStore;
use logpipeline_store::{LogStore, NewEntry, StoreError};
use serde_json::json;

use crate::dice::Dice;
use crate::ground::{entry, find, small, store_all};

const DIRECTORY: &str = "LOGPIPELINE_FULL_DISK";

/// Entries that hardly compress.
fn batch(dice: &mut Dice, from: u64, count: u64) -> Vec<NewEntry> {
    let noise = |dice: &mut Dice| (0..24).map(|_| format!("{:x}", dice.roll())).collect::<String>();
    (from..from + count).map(|n| entry(n, json!({"message": format!("noise {}", noise(dice))}))).collect()
}

/// A process of its own, whose files may not grow beyond a limit. Writing beyond it fails as it does on a
/// full disk, with another error number.
#[test]
fn a_full_disk_is_an_error_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args([
            "-c",
            r#"trap "" XFSZ; ulimit -S -f 500; exec "$0" --exact full_disk::with_little_room --ignored"#,
        ])
        .arg(std::env::current_exe().unwrap())
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "a_full_disk_is_an_error_that_passes runs it, in a process with little room"]
async fn with_little_room() {
    let directory = std::env::var(DIRECTORY).unwrap();
    let store = EmbeddedStore::open_writer(&directory, small()).unwrap();
    let mut dice = Dice::new(1);
    // Each of these fits, but not what they would be merged to.
    for n in 0..12 {
        store_all(&store, batch(&mut dice, n * 100, 100)).await;
    }
    let large = batch(&mut dice, 1_200, 2_000);
    for _ in 0..3 {
        let error = store.write(large.clone()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    }
    let found = store.search(crate::ground::request("noise")).await.unwrap();
    assert_eq!(found.total, Some(1_200));
    let lifted = Command::new("prlimit")
        .args(["--fsize=unlimited", "--pid", &std::process::id().to_string()])
        .status()
        .unwrap();
    assert!(lifted.success());
    store_all(&store, large).await;
    drop(store);
    let store = EmbeddedStore::open_writer(&directory, small()).unwrap();
    assert_eq!(store.health().await.unwrap().entries, 3_200);
    assert_eq!(find(&store, "id:00000000*").await, Vec::<String>::new());
    let all = store.search(crate::ground::request("noise")).await.unwrap();
    assert_eq!(all.total, Some(3_200));
}
