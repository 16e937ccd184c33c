//! As whom logq asks.

use std::fs;
use std::path::Path;
use std::process::Command;

use logpipeline_query::access::{Access, AccessArgs};
use tempfile::TempDir;

use crate::server::{SAMPLE, Server, finish, logq};

pub const PASSWORD: &str = "correct horse battery";
const TOKEN: &str = "0123456789abcdef";

/// A server that asks who it is, and its files.
fn guarded() -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let access = access(folder.path()).open().unwrap();
    (with_sample(access), folder)
}

fn with_sample(access: Access) -> Server {
    let server = Server::guarded(access);
    server.ingest(&[SAMPLE.to_owned()]);
    server
}

pub fn access(folder: &Path) -> AccessArgs {
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        path
    };
    file("password", &format!("{PASSWORD}\n"));
    file("token", &format!("{TOKEN}\n"));
    let hash = logpipeline_access::users::hash_password(PASSWORD).unwrap();
    AccessArgs {
        users_file: Some(file("users", &format!("ada:{hash}"))),
        tokens_file: vec![file("tokens", &format!("grafana:{TOKEN}"))],
        ..AccessArgs::default()
    }
}

fn found(command: &mut Command) {
    let (code, out, err) = finish(command);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("Failed to connect to DB"), "{out}");
}

fn refused(command: &mut Command, code: i32) -> String {
    let (status, out, err) = finish(command);
    assert_eq!((status, out.as_str()), (code, ""), "{err}");
    assert!(!err.contains(PASSWORD) && !err.contains(TOKEN), "{err}");
    err
}

#[test]
fn a_token_or_a_password_lets_in_from_a_file_or_a_variable() {
    let (server, folder) = guarded();
    let at = |name: &str| folder.path().join(name);
    found(server.logq().arg("--token-file").arg(at("token")));
    found(server.logq().env("LOGQ_TOKEN_FILE", at("token")));
    found(server.logq().env("LOGQ_TOKEN", TOKEN));
    found(server.logq().env("LOGQ_TOKEN", "another-token-than-it").arg("--token-file").arg(at("token")));
    for mode in [&[][..], &["--all"]] {
        found(server.logq().args(mode).args(["--user", "ada", "--password-file"]).arg(at("password")));
    }
    found(server.logq().env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", PASSWORD));
    found(server.logq().env("LOGQ_USER", "ada").env("LOGQ_PASSWORD_FILE", at("password")));
    found(server.logq().env("LOGQ_USER", "").env("LOGQ_TOKEN", TOKEN));
}

#[test]
fn who_is_not_known_is_told_what_to_give_with_exit_code_3() {
    let (server, folder) = guarded();
    let at = |name: &str| folder.path().join(name);
    for mode in [&[][..], &["--all"], &["--follow"], &["--values", "level"]] {
        let err = refused(server.logq().args(mode), 3);
        assert!(
            err.contains("asks who you are: give --token-file FILE (or LOGQ_TOKEN), or --user NAME"),
            "{err}"
        );
    }
    fs::write(at("token"), "0123456789abcdeg").unwrap();
    let err = refused(server.logq().arg("--token-file").arg(at("token")), 3);
    assert!(
        err.contains(&format!("does not know the token of --token-file {}", at("token").display())),
        "{err}"
    );
    let err = refused(server.logq().env("LOGQ_TOKEN", "0123456789abcdeg"), 3);
    assert!(err.contains("does not know the token of LOGQ_TOKEN: ask"), "{err}");
    let err = refused(server.logq().env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", "wrong"), 3);
    assert!(err.ends_with("does not let ada in: the name or the password is wrong\n"), "{err}");
    for _ in 0..5 {
        refused(server.logq().env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", "wrong"), 3);
    }
    let err = refused(server.logq().env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", PASSWORD), 3);
    assert!(err.contains("does not let ada in: Too many wrong passwords. Try again in"), "{err}");
}

#[test]
fn what_is_no_token_and_no_password_is_bad_usage() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("empty"), "\n").unwrap();
    fs::write(at("two"), format!("{TOKEN}\n{TOKEN}\n")).unwrap();
    for (args, expected) in [
        (vec!["--token-file", &at("none")], "none: No such file"),
        (vec!["--token-file", &at("empty")], "empty: the file is empty"),
        (vec!["--token-file", &at("two")], "two: a token is one line of visible characters"),
        (
            vec!["--user", "ada"],
            "--user ada needs a password: give --password-file FILE, or the password in LOGQ_PASSWORD",
        ),
        (vec!["--password-file", &at("two")], "--password-file is the password of --user NAME"),
        (vec!["--ca-file", &at("none")], "none: No such file"),
        (vec!["--ca-file", &at("two")], "two: it holds no certificate as PEM"),
    ] {
        let err = refused(logq().args(&args), 2);
        assert!(err.contains(expected), "{args:?}: {err}");
    }
    let err = refused(logq().args(["--user", "ada"]).env("LOGQ_TOKEN", TOKEN), 2);
    assert!(err.contains("there are a token (LOGQ_TOKEN) and a user (--user ada): leave out one"), "{err}");
}

#[test]
fn a_server_that_asks_nobody_answers_whoever_says_who_they_are() {
    let server = Server::with_sample();
    found(server.logq().env("LOGQ_TOKEN", TOKEN));
    found(server.logq().env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", PASSWORD));
}

#[test]
fn a_server_without_people_asks_for_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut access = access(folder.path());
    access.users_file = None;
    let server = with_sample(access.open().unwrap());
    let err = refused(server.logq().env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", PASSWORD), 3);
    assert!(err.contains("lets nobody sign in, and asks for a token: give --token-file"), "{err}");
    found(server.logq().env("LOGQ_TOKEN", TOKEN));
}

#[test]
fn a_server_behind_https_is_reached_where_its_authority_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = "req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 \
                   -subj /CN=query -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:localhost \
                   -keyout tls.key -out tls.crt";
    let made =
        Command::new("openssl").current_dir(&folder).args(openssl.split_whitespace()).output().unwrap();
    assert!(made.status.success());
    let at = |name: &str| folder.path().join(name);
    let mut args = access(folder.path());
    args.tls.tls_certificate_file = Some(at("tls.crt"));
    args.tls.tls_key_file = Some(at("tls.key"));
    let server = Server::over(args.open().unwrap(), args.tls.open().unwrap());
    server.ingest(&[SAMPLE.to_owned()]);
    let url = format!("https://localhost:{}", server.address.port());
    let command = || {
        let mut command = logq();
        command.args(["--server", &url]).env("LOGQ_USER", "ada").env("LOGQ_PASSWORD", PASSWORD);
        command
    };
    found(command().arg("--ca-file").arg(at("tls.crt")));
    found(command().env("LOGQ_CA_FILE", at("tls.crt")));
    let err = refused(&mut command(), 3);
    assert!(err.contains("failed to reach") && err.contains("certificate"), "{err}");
}
