//! Sessions of people who signed in: a signed cookie, and nothing on the server, so that any replica with the same key
//! knows it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, header};
use logpipeline_service::Shutdown;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;

use crate::users::{User, Users};
use crate::watched::{AccessError, Watched};

/// The prefix makes browsers refuse one that another host or plain HTTP would set.
pub const COOKIE: &str = "__Host-logpipeline-session";

/// A session that nobody uses for so long ends.
const IDLE: Duration = Duration::from_secs(12 * 3_600);
/// So does any, so long after the sign-in.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);
/// A cookie is written anew once it is so old: not with each answer.
const RENEWED_AFTER: Duration = Duration::from_secs(60);
const LEAST_KEY_BYTES: usize = 32;
/// What is signed begins so: a signature by the same key for anything else is none of a session.
const PURPOSE: &[u8] = b"logpipeline session 1\0";

/// Begins sessions and knows them again.
#[derive(Debug, Clone)]
pub struct Sessions(Key);

#[derive(Clone)]
enum Key {
    File(Arc<Watched<Secret>>),
    OfThisProcess(Arc<Secret>),
}

struct Secret(Vec<u8>);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    File(#[from] AccessError),
    #[error("failed to make a key for sessions: {0}")]
    Random(String),
}

/// Who signed in, and for how long that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    user: User,
    /// Seconds since 1970, both.
    signed_in: u64,
    expires: u64,
}

impl Session {
    pub fn user(&self) -> &str {
        self.user.name()
    }

    fn of(user: User, signed_in: u64, now: u64) -> Self {
        let expires = (now + IDLE.as_secs()).min(signed_in + LONGEST.as_secs());
        Self { user, signed_in, expires }
    }
}

impl Sessions {
    /// With the key in that file, read again when it changes; without one, with a key of this process.
    ///
    /// # Errors
    /// A file that cannot be read or holds too little; a system without randomness.
    pub fn open(key: Option<&Path>) -> Result<Self, KeyError> {
        let Some(path) = key else {
            let mut bytes = vec![0; LEAST_KEY_BYTES];
            SysRng.try_fill_bytes(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
            return Ok(Self(Key::OfThisProcess(Arc::new(Secret(bytes)))));
        };
        let name = path.display().to_string();
        let key = Watched::open_all(vec![path.to_owned()], move |contents| {
            let content = contents.first().map(Vec::as_slice).unwrap_or_default().trim_ascii();
            if content.len() < LEAST_KEY_BYTES {
                let advice = "make one with `openssl rand -hex 32`";
                return Err(AccessError::Content(format!(
                    "{name} holds no key of {LEAST_KEY_BYTES} bytes or more; {advice}"
                )));
            }
            Ok(Secret(content.to_vec()))
        })?;
        Ok(Self(Key::File(key)))
    }

    /// Follows the key's file until stopping begins.
    pub fn spawn(&self, shutdown: &Shutdown) {
        if let Key::File(file) = &self.0 {
            file.spawn(shutdown);
        }
    }

    /// The cookie of who has just signed in.
    pub fn begin(&self, user: User, now: SystemTime) -> Option<HeaderValue> {
        let now = seconds(now);
        self.cookie(&Session::of(user, now, now), now)
    }

    /// The session that a request belongs to.
    pub fn find(&self, headers: &HeaderMap, users: &Users, now: SystemTime) -> Option<Session> {
        let now = seconds(now);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(name, _)| *name == COOKIE).find_map(|(_, value)| self.read(value, users, now))
    }

    /// The cookie that lets a session in use go on; `None` where the one it has is good for now.
    pub fn renew(&self, session: &Session, now: SystemTime) -> Option<HeaderValue> {
        let now = seconds(now);
        let renewed = Session::of(session.user.clone(), session.signed_in, now);
        let longer = renewed.expires.saturating_sub(session.expires) >= RENEWED_AFTER.as_secs();
        if longer { self.cookie(&renewed, now) } else { None }
    }

    fn read(&self, value: &str, users: &Users, now: u64) -> Option<Session> {
        let (content, signature) = value.rsplit_once('.')?;
        let mut parts = content.split('.');
        let (name, signed_in, expires) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let name = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(name).ok()?).ok()?;
        let (signed_in, expires) = (signed_in.parse().ok()?, expires.parse().ok()?);
        let session = Session { user: users.find(&name)?, signed_in, expires };
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(content, &session.user)?.verify_slice(&signature).ok()?;
        (now < session.expires).then_some(session)
    }

    fn cookie(&self, session: &Session, now: u64) -> Option<HeaderValue> {
        let name = BASE64_URL_SAFE_NO_PAD.encode(session.user.name());
        let content = format!("{name}.{}.{}", session.signed_in, session.expires);
        let signature = self.mac(&content, &session.user)?.finalize().into_bytes();
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        let age = session.expires.saturating_sub(now);
        set(&format!("{content}.{signature}"), age)
    }

    /// Signs the content, and with it which password the user has: another makes the signature another.
    fn mac(&self, content: &str, user: &User) -> Option<Hmac<Sha256>> {
        let mut mac = match &self.0 {
            Key::File(file) => Hmac::<Sha256>::new_from_slice(&file.get().0),
            Key::OfThisProcess(key) => Hmac::<Sha256>::new_from_slice(&key.0),
        }
        .ok()?;
        mac.update(PURPOSE);
        mac.update(user.fingerprint());
        mac.update(content.as_bytes());
        Some(mac)
    }
}

/// Takes the cookie away.
pub fn end() -> Option<HeaderValue> {
    set("", 0)
}

fn set(value: &str, age: u64) -> Option<HeaderValue> {
    let attributes = "Path=/; HttpOnly; Secure; SameSite=Strict";
    HeaderValue::from_str(&format!("{COOKIE}={value}; Max-Age={age}; {attributes}")).ok()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Says nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File",
            Self::OfThisProcess(_) => "OfThisProcess",
        })
    }
}

#[cfg(test)]
mod tests;
