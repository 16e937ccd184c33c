#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod combinations;
mod secrets;

use std::path::Path;
use std::time::Duration;

use clap::Parser;
use logpipeline_model::Timestamp;
use logpipeline_store::{RetentionPolicy, Stores};
use logpipeline_store_settings::{SettingsError, StoreArgs, WriteArgs};

#[derive(Debug, Parser)]
struct Reader {
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Parser)]
struct Writer {
    #[command(flatten)]
    store: WriteArgs,
}

fn reader(flags: &[&str]) -> StoreArgs {
    Reader::try_parse_from([&["x"], flags].concat()).unwrap().store
}

fn writer(flags: &[&str]) -> WriteArgs {
    Writer::try_parse_from([&["x"], flags].concat()).unwrap().store
}

/// What is said of flags that a writer cannot be opened with.
fn refusal(flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let error: SettingsError = open(writer(flags), folder.path()).expect_err(&format!("{flags:?}"));
    assert!(!folder.path().join("store").exists(), "nothing is written: {flags:?}");
    error.to_string()
}

fn open(store: WriteArgs, folder: &Path) -> Result<Stores, SettingsError> {
    store.open_writer(folder, RetentionPolicy::default(), Duration::from_secs(60), Timestamp::MIN)
}

fn keep_a_day() -> RetentionPolicy {
    RetentionPolicy { max_age: Some(Duration::from_secs(86_400)), max_bytes: None }
}

/// The flags of a server that nobody needs to reach.
const ELSEWHERE: [&str; 2] = ["--store=elasticsearch", "--elasticsearch-url=http://127.0.0.1:1"];
