#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod combinations;
mod secrets;

use std::time::Duration;

use clap::Parser;
use logpipeline_model::Timestamp;
use logpipeline_store::RetentionPolicy;
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
    refusal_with(flags, RetentionPolicy::default())
}

fn refusal_with(flags: &[&str], policy: RetentionPolicy) -> String {
    let folder = tempfile::tempdir().unwrap();
    let opened = writer(flags).open_writer(folder.path(), policy, Timestamp::MIN);
    let error: SettingsError = opened.expect_err(&format!("{flags:?}"));
    assert!(!folder.path().join("store").exists(), "nothing is written: {flags:?}");
    error.to_string()
}

fn keep_a_day() -> RetentionPolicy {
    RetentionPolicy { max_age: Some(Duration::from_secs(86_400)), max_bytes: None }
}

/// The flags of a server that nobody needs to reach.
const ELSEWHERE: [&str; 2] = ["--store=elasticsearch", "--elasticsearch-url=http://127.0.0.1:1"];
