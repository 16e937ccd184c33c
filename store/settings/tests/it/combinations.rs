//! Settings that go together, and those that do not.

use std::time::Duration;

use clap::Parser;
use logpipeline_store::RetentionPolicy;

use crate::{ELSEWHERE, Reader, Writer, keep_a_day, open, reader, refusal, writer};

#[test]
fn without_flags_the_store_is_the_folder_below_the_data() {
    let folder = tempfile::tempdir().unwrap();
    open(writer(&[]), folder.path()).unwrap();
    assert!(folder.path().join("store").is_dir());
    assert!(folder.path().join("dead-letters/store").is_dir());
    reader(&[]).open_reader(folder.path()).unwrap();
}

#[test]
fn what_is_for_elasticsearch_alone_is_refused_with_the_embedded_store() {
    for flag in [
        "--elasticsearch-url=http://localhost:9200",
        "--elasticsearch-user=me",
        "--elasticsearch-password-file=f",
        "--elasticsearch-api-key-file=f",
        "--elasticsearch-token-file=f",
        "--elasticsearch-ca-file=f",
        "--elasticsearch-client-certificate-file=f",
        "--elasticsearch-gzip",
        "--pipeline=shop",
        "--retention-class=short=debug:3d",
        "--elasticsearch-shards=2",
        "--elasticsearch-replicas=0",
        "--elasticsearch-refresh-interval=5s",
        "--elasticsearch-rollover-age=1d",
        "--elasticsearch-rollover-size=10GiB",
        "--elasticsearch-lifecycle=ingestor",
        "--elasticsearch-logsdb",
    ] {
        let name = flag.split('=').next().unwrap();
        let error = refusal(&[flag]);
        assert!(
            error.starts_with(&format!("{name} is for --store elasticsearch, but the store is embedded")),
            "{error}"
        );
    }
}

#[test]
fn a_server_that_is_down_can_be_opened_for_writing_and_reading() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [&ELSEWHERE[..], &["--elasticsearch-url=http://127.0.0.1:2,http://127.0.0.1:3"]].concat();
    let store = writer(&flags);
    assert_eq!(store.store.elasticsearch_url.len(), 3);
    open(store, folder.path()).unwrap();
    reader(&flags).open_reader(folder.path()).unwrap();
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "nothing is written here");
}

#[test]
fn addresses_that_cannot_be_used_are_refused_without_telling_what_they_hold() {
    let refused = |url: &str| refusal(&["--store=elasticsearch", &format!("--elasticsearch-url={url}")]);
    assert!(refusal(&["--store=elasticsearch"]).contains("set --elasticsearch-url, such as"));
    assert!(refused("localhost:9200").starts_with("--elasticsearch-url \"localhost:9200\" is no address"));
    assert!(refused("").contains("is no address"));
    for url in ["https://me:hunter2@host:9200", "me:hunter2@host:9200"] {
        let error = refused(url);
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert!(refused("https://me:hunter2@host").contains("set --elasticsearch-user"));
}

#[test]
fn names_that_no_data_stream_can_have_and_classes_that_clash_are_refused() {
    let refused = |flags: &[&str]| refusal(&[&ELSEWHERE, flags].concat());
    assert!(refused(&["--pipeline=Shop"]).contains("the pipeline's name \"Shop\" must be"));
    assert!(refused(&["--retention-class=a.b=debug:3d"]).contains("the retention class \"a.b\" must be"));
    let twice = ["--retention-class=a=debug:3d", "--retention-class=b=DBG:5d"];
    assert!(refused(&twice).contains("the level \"debug\" is in two retention classes"));
    let error = refused(&["--retention-class=default=info:3d"]);
    assert!(error.contains("--retention-max-age says how long"), "{error}");
    for (flag, reason) in [
        ("--elasticsearch-refresh-interval=1ms", "is too short: at least 100ms"),
        ("--elasticsearch-rollover-age=1s", "is too short: at least 1m"),
        ("--elasticsearch-rollover-size=1kB", "is too small: at least 1MiB"),
    ] {
        let name = flag.split('=').next().unwrap();
        assert_eq!(refused(&[flag]), format!("{name} {reason}"));
    }
}

#[test]
fn retention_runs_here_where_there_is_something_to_see_to() {
    let nothing = RetentionPolicy::default();
    assert!(!writer(&[]).retains(nothing));
    assert!(writer(&[]).retains(keep_a_day()));
    // Indices are rolled over at a size though nothing is ever removed.
    assert!(writer(&ELSEWHERE).retains(nothing));
    // An engine's own lifecycle knows no size, and no times of entries.
    for lifecycle in ["data-stream", "ilm", "ism", "auto"] {
        let flag = format!("--elasticsearch-lifecycle={lifecycle}");
        assert!(writer(&[&ELSEWHERE[..], &[&flag]].concat()).retains(keep_a_day()));
    }
}

#[test]
fn dead_letters_are_kept_for_a_month_and_on_this_disk_up_to_a_gigabyte() {
    let month = Some(Duration::from_secs(30 * 86_400));
    let policy = |flags: &[&str]| writer(flags).dead_letter_policy();
    assert_eq!(policy(&[]), RetentionPolicy { max_age: month, max_bytes: Some(1 << 30) });
    assert_eq!(policy(&ELSEWHERE), RetentionPolicy { max_age: month, max_bytes: None });
    let flags = ["--dead-letters-max-age=0", "--dead-letters-max-bytes=0"];
    assert_eq!(policy(&flags), RetentionPolicy::default());
    let flags = [&ELSEWHERE[..], &["--dead-letters-max-age=1d", "--dead-letters-max-bytes=5MiB"]].concat();
    let day = Some(Duration::from_secs(86_400));
    assert_eq!(policy(&flags), RetentionPolicy { max_age: day, max_bytes: Some(5 << 20) });
}

#[test]
fn classes_come_from_one_flag_or_several() {
    let one = writer(&["--retention-class=short=debug,trace:3d;audit=audit:365d"]).retention_class;
    let two = writer(&["--retention-class=short=debug,trace:3d", "--retention-class=audit=audit:365d"])
        .retention_class;
    assert_eq!(one, two);
    assert_eq!(one.iter().map(|class| &class.name[..]).collect::<Vec<_>>(), ["short", "audit"]);
}

#[test]
fn a_reader_is_not_asked_how_entries_are_laid_out_and_no_password_has_a_flag() {
    for flag in ["--elasticsearch-shards=1", "--retention-class=a=b:1d", "--elasticsearch-password=x"] {
        assert!(Reader::try_parse_from(["x", flag]).is_err(), "{flag}");
    }
    assert!(Writer::try_parse_from(["x", "--elasticsearch-password=x"]).is_err());
}
