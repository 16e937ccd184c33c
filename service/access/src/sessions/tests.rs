use std::fs;

use tempfile::TempDir;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const KEY: &str = "0123456789abcdef0123456789abcdef";
/// Of the password "correct horse", cheaply.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$b25lIGhhc2ggb2YgaXQgb25lIGhhc2g";
const OTHER_HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$YW5vdGhlciBoYXNoIGFub3RoZXIgaGE";

struct Given {
    folder: TempDir,
    users: Users,
    sessions: Sessions,
    now: SystemTime,
}

impl Given {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (users, key) = (folder.path().join("users"), folder.path().join("key"));
        fs::write(&users, format!("ada:{HASH}\neve@example.com:{HASH}")).unwrap();
        fs::write(&key, format!("{KEY}\n")).unwrap();
        let (users, sessions) = (Users::open(&users).unwrap(), Sessions::open(Some(&key)).unwrap());
        Self { folder, users, sessions, now: UNIX_EPOCH + Duration::from_secs(1_800_000_000) }
    }

    fn sign_in(&self, name: &str) -> HeaderValue {
        self.sessions.begin(self.users.find(name).unwrap(), self.now).unwrap()
    }

    fn find(&self, cookie: &str, later: Duration) -> Option<Session> {
        self.find_by(&self.sessions, cookie, later)
    }

    fn find_by(&self, sessions: &Sessions, cookie: &str, later: Duration) -> Option<Session> {
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        sessions.find(&headers, &self.users, self.now + later)
    }

    /// The user of a session.
    fn user(&self, cookie: &str, later: Duration) -> Option<String> {
        self.find(cookie, later).map(|session| session.user().to_owned())
    }
}

/// What a browser sends back.
fn pair(set_cookie: &HeaderValue) -> &str {
    set_cookie.to_str().unwrap().split(';').next().unwrap()
}

#[test]
fn who_signed_in_is_known_by_a_cookie_that_no_script_reads_and_no_other_site_sends() {
    let given = Given::new();
    let cookie = given.sign_in("eve@example.com");
    let text = cookie.to_str().unwrap();
    let attributes = "; Max-Age=43200; Path=/; HttpOnly; Secure; SameSite=Strict";
    assert!(text.starts_with("__Host-logpipeline-session=") && text.ends_with(attributes), "{text}");
    assert!(!text.contains(KEY) && !text.contains("c29tZXNhbHRzb21lc2FsdA"), "{text}");
    assert_eq!(given.user(pair(&cookie), Duration::ZERO).as_deref(), Some("eve@example.com"));
    let beside = format!("theme=dark; {}; {COOKIE}=x.1.2.y", pair(&cookie));
    assert_eq!(given.user(&beside, HOUR).as_deref(), Some("eve@example.com"));
}

#[test]
fn a_session_ends_when_it_is_not_used_and_goes_on_while_it_is_for_a_week_at_most() {
    let given = Given::new();
    let cookie = given.sign_in("ada");
    assert!(given.find(pair(&cookie), 12 * HOUR - Duration::from_secs(1)).is_some());
    assert!(given.find(pair(&cookie), 12 * HOUR).is_none());

    let mut cookie = cookie;
    let mut age = Duration::ZERO;
    while let Some(session) = given.find(pair(&cookie), age) {
        cookie = given.sessions.renew(&session, given.now + age).unwrap_or(cookie);
        age += 11 * HOUR;
    }
    assert_eq!(age, 176 * HOUR, "in use every 11 hours, it is found until 165 of 168");
    assert!(given.find(pair(&cookie), 168 * HOUR - Duration::from_secs(1)).is_some());
    assert!(given.find(pair(&cookie), 168 * HOUR).is_none());
}

#[test]
fn a_cookie_is_written_anew_once_a_minute_at_most() {
    let given = Given::new();
    let cookie = given.sign_in("ada");
    let session = given.find(pair(&cookie), Duration::ZERO).unwrap();
    let renewed = |later| given.sessions.renew(&session, given.now + Duration::from_secs(later));
    assert_eq!(renewed(59), None);
    assert_eq!(given.user(pair(&renewed(60).unwrap()), 12 * HOUR).as_deref(), Some("ada"));
}

#[test]
fn nothing_of_a_cookie_can_be_changed() {
    let given = Given::new();
    let cookie = given.sign_in("ada");
    let value = pair(&cookie).strip_prefix("__Host-logpipeline-session=").unwrap();
    let (content, signature) = value.rsplit_once('.').unwrap();
    let eve = BASE64_URL_SAFE_NO_PAD.encode("eve@example.com");
    let parts: Vec<&str> = content.split('.').collect();
    let other = given.sign_in("eve@example.com");
    let other_signature = pair(&other).rsplit_once('.').unwrap().1;
    let mut flipped = signature.as_bytes().to_vec();
    flipped[0] = if flipped[0] == b'A' { b'B' } else { b'A' };
    for forged in [
        format!("{eve}.{}.{}.{signature}", parts[1], parts[2]),
        format!("{}.{}.9999999999.{signature}", parts[0], parts[1]),
        format!("{}.9999999999.{}.{signature}", parts[0], parts[2]),
        format!("{content}.{other_signature}"),
        format!("{content}.{}", String::from_utf8(flipped).unwrap()),
        format!("{content}.{}", &signature[..22]),
        format!("{content}."),
        content.to_owned(),
        format!("{content}.x.{signature}"),
        format!("{}.{}.{signature}", parts[0], parts[1]),
        format!("...{signature}"),
        String::new(),
    ] {
        assert!(given.find(&format!("{COOKIE}={forged}"), Duration::ZERO).is_none(), "{forged}");
    }
    assert!(given.find(&format!("{COOKIE}={value}"), Duration::ZERO).is_some());
    assert!(given.find(&format!("logpipeline-session={value}"), Duration::ZERO).is_none(), "another cookie");
}

#[test]
fn replicas_with_one_key_agree_and_one_with_another_does_not() {
    let given = Given::new();
    let cookie = given.sign_in("ada");
    let same = Sessions::open(Some(&given.folder.path().join("key"))).unwrap();
    assert!(given.find_by(&same, pair(&cookie), HOUR).is_some());
    let path = given.folder.path().join("another");
    fs::write(&path, KEY.replace('0', "1")).unwrap();
    assert!(given.find_by(&Sessions::open(Some(&path)).unwrap(), pair(&cookie), HOUR).is_none());
    for _ in 0..2 {
        assert!(given.find_by(&Sessions::open(None).unwrap(), pair(&cookie), HOUR).is_none());
    }
    let (one, other) = (Sessions::open(None).unwrap(), Sessions::open(None).unwrap());
    let cookie = one.begin(given.users.find("ada").unwrap(), given.now).unwrap();
    assert!(given.find_by(&one, pair(&cookie), HOUR).is_some());
    assert!(given.find_by(&other, pair(&cookie), HOUR).is_none());
}

#[test]
fn another_password_ends_the_sessions_and_so_does_the_end_of_the_user() {
    let given = Given::new();
    let (ada, eve) = (given.sign_in("ada"), given.sign_in("eve@example.com"));
    let path = given.folder.path().join("users");
    fs::write(&path, format!("ada:{OTHER_HASH}")).unwrap();
    let users = Users::open(&path).unwrap();
    for cookie in [&ada, &eve] {
        let headers = HeaderMap::from_iter([(header::COOKIE, pair(cookie).parse().unwrap())]);
        assert_eq!(given.sessions.find(&headers, &users, given.now), None);
    }
}

#[test]
fn a_key_that_is_too_short_is_refused_without_being_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "\n  secret-but-short  \n").unwrap();
    let error = Sessions::open(Some(&path)).unwrap_err().to_string();
    assert!(error.contains("holds no key of 32 bytes") && error.contains("openssl rand -hex 32"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    fs::write(&path, [0xff; 32]).unwrap();
    assert!(!format!("{:?}", Sessions::open(Some(&path)).unwrap()).contains("255"), "bytes are a key too");
}

#[test]
fn signing_out_takes_the_cookie_away() {
    let cookie = end().unwrap();
    assert_eq!(pair(&cookie), "__Host-logpipeline-session=");
    assert!(cookie.to_str().unwrap().contains("Max-Age=0;"));
}
