use std::fs;
use std::time::Instant;

use super::*;

/// Cheap, so that the tests are fast.
fn hash(password: &str) -> String {
    costly(password, 8, 1)
}

fn costly(password: &str, memory: u32, passes: u32) -> String {
    let params = Params::new(memory, passes, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password(password.as_bytes()).unwrap().to_string()
}

fn users(folder: &tempfile::TempDir, text: &str) -> Users {
    let path = folder.path().join("users");
    fs::write(&path, text).unwrap();
    Users::open(&path).unwrap()
}

async fn name(users: &Users, name: &str, password: &str) -> Option<String> {
    let user = users.verify(name.to_owned(), password.to_owned()).await.unwrap();
    user.map(|user| user.name().to_owned())
}

#[tokio::test]
async fn who_has_the_right_password_is_known_and_nobody_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "# people\r\n\nada:{}\n  eve@example.com:{} \n",
        hash("correct horse"),
        hash("battery staple")
    );
    let users = users(&folder, &text);
    assert_eq!(name(&users, "ada", "correct horse").await.as_deref(), Some("ada"));
    assert_eq!(name(&users, "eve@example.com", "battery staple").await.as_deref(), Some("eve@example.com"));
    for (who, password) in [
        ("ada", "battery staple"),
        ("ada", ""),
        ("ada", "correct horse "),
        ("Ada", "correct horse"),
        ("", "correct horse"),
        ("nobody", "correct horse"),
        ("nobody", "battery staple"),
    ] {
        assert_eq!(name(&users, who, password).await, None, "{who} {password}");
    }
}

#[test]
fn a_name_that_nobody_has_costs_a_check_as_those_that_somebody_has() {
    let known = parse(&format!("ada:{}", costly("correct horse", 16 << 10, 2))).unwrap();
    let time = |name: &str| {
        let times = (0..5).map(|_| {
            let started = Instant::now();
            assert_eq!(known.verify(name, b"wrong"), None);
            started.elapsed()
        });
        times.min().unwrap()
    };
    let (known, unknown) = (time("ada"), time("nobody"));
    assert!(unknown > known / 3, "{unknown:?} in place of {known:?}");
}

#[test]
fn a_name_that_nobody_has_always_costs_the_same_where_hashes_differ() {
    let text: String = (0..50).map(|number| format!("u{number}:{}\n", hash("correct horse"))).collect();
    let known = parse(&text).unwrap();
    let stand_in = |name: &str| known.stand_in(name).unwrap().user.clone();
    let others = (0..50).filter(|number| stand_in(&format!("x{number}")) != stand_in("x")).count();
    assert!(others > 25, "another name mostly has another");
    assert_eq!(stand_in("x"), stand_in("x"));
}

#[tokio::test]
async fn beyond_two_at_once_a_check_waits_for_its_turn_and_is_then_refused() {
    let folder = tempfile::tempdir().unwrap();
    let users = users(&folder, &format!("ada:{}", hash("correct horse")));
    let held = Arc::clone(&users.turns).acquire_many_owned(2).await.unwrap();
    tokio::time::pause();
    let refused = users.verify("ada".to_owned(), "correct horse".to_owned()).await;
    assert_eq!(refused, Err(TooMany));
    drop(held);
    assert_eq!(name(&users, "ada", "correct horse").await.as_deref(), Some("ada"));
}

#[test]
fn another_password_is_another_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let users = users(&folder, &format!("ada:{}", hash("correct horse")));
    let before = users.find("ada").unwrap();
    assert_eq!(users.find("ada"), Some(before.clone()));
    fs::write(folder.path().join("users"), format!("ada:{}", hash("correct horse"))).unwrap();
    users.file.refresh();
    assert_ne!(users.find("ada"), Some(before), "even the same password, hashed anew");
    assert_eq!(users.find("eve"), None);
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_without_the_hash() {
    let good = hash("correct horse");
    let salted = good.rsplit_once('$').unwrap().0.to_owned();
    let argon2i = good.replace("argon2id", "argon2i");
    let version = good.replace("v=19", "v=16");
    let long = "n".repeat(129);
    for (text, expected) in [
        (String::new(), "line 1: there is no user up to here"),
        ("# none\n".to_owned(), "line 1: there is no user up to here"),
        (good.clone(), "line 1: there is no colon"),
        (format!("\n:{good}"), "line 2: the name before the colon is none"),
        (format!("a b:{good}"), "line 1: the name before the colon is none"),
        (format!("{long}:{good}"), "line 1: the name before the colon is none"),
        (format!("ada:{good}\nada:{good}"), "line 2: ada has a line already"),
        ("ada:a password".to_owned(), "line 1: the hash of ada is none"),
        ("ada:$2b$12$abcdefghijklmnopqrstuv".to_owned(), "line 1: the hash of ada is"),
        (format!("ada:{argon2i}"), "line 1: the hash of ada is not one of argon2id"),
        (format!("ada:{version}"), "line 1: the hash of ada is not one of argon2id"),
        (format!("ada:{salted}"), "line 1: the hash of ada is cut off"),
        (format!("ada:{}", good.replace("m=8", "m=262145")), "line 1: the hash of ada asks for m=262145"),
        (
            format!("ada:{}", good.replace("t=1", "t=17")),
            "line 1: the hash of ada asks for m=8 (KiB) and t=17",
        ),
        (format!("ada:{}", good.replace("m=8", "m=1")), "line 1: the hash of ada has costs that are none"),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
        assert!(!error.contains("password,") && !error.contains(&salted), "{error}");
    }
    assert!(parse(&format!("ada:{}", good.replace("m=8", "m=262144").replace("t=1", "t=16"))).is_ok());
}

#[test]
fn a_password_is_hashed_as_the_file_wants_it_and_never_twice_alike() {
    let [one, other] = [(); 2].map(|()| hash_password("correct horse").unwrap());
    assert_ne!(one, other);
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
    let known = parse(&format!("ada:{one}")).unwrap();
    assert!(known.verify("ada", b"correct horse").is_some());
    assert!(matches!(hash_password("seven77"), Err(HashError::TooShort)));
}

#[test]
fn no_hash_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let users = users(&folder, &format!("ada:{}", hash("correct horse")));
    assert_eq!(format!("{:?}", users.file.get()), r#"[User("ada")]"#);
    assert!(!format!("{users:?}").contains("argon2"));
}
