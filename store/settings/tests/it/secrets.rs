//! Credentials, from files alone.

use std::path::Path;

use crate::{ELSEWHERE, reader, refusal};

/// What is said of credentials that cannot be used; `None` where they can.
fn opened(flags: &[&str]) -> Option<String> {
    let store = reader(&[&ELSEWHERE, flags].concat());
    store.open_reader(Path::new("unused")).err().map(|error| error.to_string())
}

#[test]
fn credentials_come_from_files_and_an_empty_or_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, empty, binary) =
        (file("good", b"s3cret\n"), file("empty", b"\r\n"), file("binary", b"\xff\xfe"));
    for flag in ["--elasticsearch-api-key-file", "--elasticsearch-token-file"] {
        assert_eq!(opened(&[&format!("{flag}={good}")]), None);
        assert_eq!(opened(&[&format!("{flag}={empty}")]), Some(format!("{flag} {empty} is empty")));
        assert_eq!(opened(&[&format!("{flag}={binary}")]), Some(format!("{flag} {binary} is not text")));
        let error = opened(&[&format!("{flag}=/nowhere/f")]).unwrap();
        assert!(error.starts_with(&format!("failed to read {flag} /nowhere/f: ")), "{error}");
    }
    let password = format!("--elasticsearch-password-file={good}");
    assert_eq!(opened(&["--elasticsearch-user=me", &password]), None);
    assert!(opened(&[&password]).unwrap().contains("needs --elasticsearch-user"));
    assert!(opened(&["--elasticsearch-user=me"]).unwrap().contains("needs a password"));
    let error = opened(&[&format!("--elasticsearch-ca-file={good}")]).unwrap();
    assert!(error.contains("certificate"), "{error}");
}

#[test]
fn two_ways_to_say_who_asks_exclude_each_other() {
    let flags = ["--elasticsearch-api-key-file=a", "--elasticsearch-token-file=b"];
    let error = refusal(&[&ELSEWHERE[..], &flags].concat());
    assert_eq!(
        error,
        "--elasticsearch-api-key-file and --elasticsearch-token-file exclude each other: set one of them"
    );
}
