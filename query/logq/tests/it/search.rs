//! What logq finds.

use crate::server::Server;

#[test]
fn the_sample_entry_is_found_by_each_sample_query() {
    let server = Server::with_sample();
    for args in [
        &["level:error"][..],
        &["message:\"Failed to connect\""],
        &["resourceId:server-1234"],
        &["timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]"],
        &["--from", "2023-09-10T00:00:00Z", "--to", "2023-09-15T23:59:59Z"],
        &["level:error", "resourceId:server-1234"],
        &["--", "-level:info"],
        &["-level:info"],
        &["-status:info", "-metadata.n=5", "-level:debug -n:5"],
    ] {
        let (code, out, err) = server.run(args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        assert_eq!(
            out, "2023-09-15 08:00:00.000Z  ERROR  server-1234  Failed to connect to DB\n",
            "{args:?}"
        );
    }
}

#[test]
fn nothing_found_is_exit_code_1_and_says_where_there_is_something() {
    let server = Server::with_sample();
    let at = "2023-09-15T08:00:00Z";
    for (args, words) in [
        (&["level:info"][..], "nothing found; no entry of any time matches".to_owned()),
        (&["--all", "level:info"], "nothing found; no entry of any time matches".to_owned()),
        (
            &["level:info", "--since", "15m"],
            "nothing found in the last 15 minutes, nor at any other time".to_owned(),
        ),
        (
            &["--since", "1h"],
            format!("nothing found in the last hour; 1 match at {at}: in place of --since, give --from {at}"),
        ),
        (
            &["--histogram", "--from", "2023-10"],
            format!("nothing found from 2023-10 on; 1 match at {at}: give --from {at}"),
        ),
        (&["--to", "2022"], format!("nothing found up to 2022; 1 match at {at}: give --to {at}")),
        (&["--values", "level", "x"], "nothing found; no entry of any time matches".to_owned()),
        (
            &["--values", "level", "--since", "1h"],
            format!("nothing found in the last hour; 1 match at {at}: in place of --since, give --from {at}"),
        ),
        (
            &["--values", "metadata.no such"],
            "no entry has the field metadata.no such; `logq --list-fields` shows those there are".to_owned(),
        ),
    ] {
        assert_eq!(server.run(args), (1, String::new(), format!("logq: {words}\n")), "{args:?}");
    }
    let (code, out, err) = server.run(&["--since", "1h", "-o", "ndjson"]);
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", ""), "programs have the exit code");
}

#[test]
fn several_matches_are_told_by_their_first_and_last() {
    let server = Server::with_sample();
    assert_eq!(Server::start().run(&[]).2, "logq: nothing found; the store has no entries yet\n");
    server.ingest(&[r#"{"message":"m","timestamp":"2023-09-16T08:00:00Z"}"#.to_owned()]);
    let (_, _, err) = server.run(&["--from", "2022", "--to", "2022"]);
    let (first, last) = ("2023-09-15T08:00:00Z", "2023-09-16T08:00:00Z");
    let expected = format!(
        "logq: nothing found from 2022 to 2022; 2 matches from {first} to {last}: give --from {first} --to {last}\n"
    );
    assert_eq!(err, expected);
    let (code, _, err) = server.run(&["--from", first, "--to", last]);
    assert_eq!((code, err.as_str()), (0, ""), "the advice is right");
}

#[test]
fn a_limit_spans_pages_and_all_is_all() {
    let server = Server::start();
    let entries: Vec<String> = (0..2_500)
        .map(|n| format!(r#"{{"message":"m{n}","timestamp":"2023-09-15T08:{:02}:{:02}Z"}}"#, n / 60, n % 60))
        .collect();
    server.ingest(&entries);
    let lines = |args: &[&str]| {
        let (code, out, err) = server.run(args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        out.lines().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let newest: Vec<String> = (0..2_500).rev().map(|n| format!("m{n}")).collect();
    assert_eq!(lines(&[]), newest[..50]);
    assert_eq!(lines(&["-n", "2200"]), newest[..2_200]);
    assert_eq!(lines(&["--all"]), newest);
    let mut oldest = newest;
    oldest.reverse();
    assert_eq!(lines(&["--all", "--order", "asc"]), oldest);
}

#[test]
fn an_entry_comes_with_its_context() {
    let server = Server::start();
    let entries: Vec<String> =
        (0..9).map(|n| format!(r#"{{"message":"m{n}","timestamp":"2023-09-15T08:00:0{n}Z"}}"#)).collect();
    let ids = server.ingest(&entries);
    let (code, out, _) = server.run(&["--context", &ids[4].to_string(), "-n", "2", "--fields", "message"]);
    assert_eq!((code, out.as_str()), (0, "  message\n  m2\n  m3\n> m4\n  m5\n  m6\n"));
    let (code, _, err) = server.run(&["--context", "018a97d2-5c00-7000-8000-000000000000"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("There is no entry"), "{err}");
}

#[test]
fn figures_are_printed_for_people_and_for_scripts() {
    let server = Server::with_sample();
    server.ingest(&[r#"{"message":"m","level":"info","timestamp":"2023-09-15T08:00:00.5Z"}"#.to_owned()]);
    let (code, out, _) =
        server.run(&["--histogram", "--from", "2023-09-15T08:00", "--to", "2023-09-15T08:00"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("2023-09-15 08:00:00.000Z  2  ████")
            && out.contains("error 1")
            && out.contains("info 1"),
        "{out}"
    );
    let csv = |args: &[&str]| server.run(&[args, &["-o", "csv"]].concat()).1;
    assert_eq!(csv(&["--histogram"]).lines().next(), Some("start,level,count"));
    assert_eq!(csv(&["--values", "level"]), "value,count,exact\r\nerror,1,true\r\ninfo,1,true\r\n");
    assert_eq!(server.run(&["--values", "level", "level:error"]).1, "1  error\n");
    assert!(server.run(&["--list-fields"]).1.contains("keyword  metadata.parentResourceId\n"));
    assert!(server.run(&["--values", "level", "-o", "json"]).1.contains(r#""withField":2"#));
}
