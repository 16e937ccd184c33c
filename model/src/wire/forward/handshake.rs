//! How sender and server prove to each other that they know the same key, without telling it.

use std::sync::Arc;

use sha2::{Digest, Sha512};

use crate::wire::Broken;
use crate::wire::msgpack::{Reader, Token, Writer};

/// The key that senders share with the server.
#[derive(Clone)]
pub struct SharedKey(Arc<[u8]>);

/// It is not shown.
impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedKey")
    }
}

impl SharedKey {
    pub fn new(key: &[u8]) -> Self {
        Self(key.into())
    }
}

/// One handshake.
#[derive(Debug, Clone)]
pub struct Handshake {
    key: SharedKey,
    hostname: Arc<str>,
    nonce: [u8; 16],
    done: bool,
}

impl Handshake {
    /// `nonce` is random, and never used again.
    pub fn new(key: SharedKey, hostname: Arc<str>, nonce: [u8; 16]) -> Self {
        Self { key, hostname, nonce, done: false }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// `["HELO", {"nonce": …, "auth": "", "keepalive": true}]`
    pub(super) fn hello(&self) -> Vec<u8> {
        let hello = Writer::default().array(2).text(b"HELO").map(3);
        let hello = hello.text(b"nonce").binary(&self.nonce).text(b"auth").binary(b"");
        hello.text(b"keepalive").boolean(true).finish()
    }

    /// Answers `["PING", hostname, salt, digest, username, password]`, and says whether the sender knows the key.
    pub(super) fn ping(&mut self, message: &[u8]) -> Result<(Vec<u8>, bool), Broken> {
        let Some(ping) = Ping::read(message) else {
            let reason = "the sender does not begin with the handshake that the shared key asks for: set its shared_key";
            return Err(Broken::Protocol(reason.to_owned()));
        };
        if ping.hostname == self.hostname.as_bytes() {
            return Ok((self.pong(false, b"the sender has the name of the server", b"", b""), false));
        }
        let expected = self.digest(ping.salt, ping.hostname);
        if !is_equal(expected.as_bytes(), ping.digest) {
            return Ok((self.pong(false, b"shared_key mismatch", b"", b""), false));
        }
        self.done = true;
        let own = self.digest(ping.salt, self.hostname.as_bytes());
        Ok((self.pong(true, b"", self.hostname.as_bytes(), own.as_bytes()), true))
    }

    fn pong(&self, is_known: bool, reason: &[u8], hostname: &[u8], digest: &[u8]) -> Vec<u8> {
        Writer::default()
            .array(5)
            .text(b"PONG")
            .boolean(is_known)
            .text(reason)
            .text(hostname)
            .text(digest)
            .finish()
    }

    /// The hexadecimal digits of the digest by which one of both proves that it knows the key.
    pub(super) fn digest(&self, salt: &[u8], hostname: &[u8]) -> String {
        let mut hash = Sha512::new();
        for part in [salt, hostname, &self.nonce, &self.key.0] {
            hash.update(part);
        }
        hash.finalize().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
    }
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

/// Takes as long wherever they differ.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

struct Ping<'a> {
    hostname: &'a [u8],
    salt: &'a [u8],
    digest: &'a [u8],
}

impl<'a> Ping<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(message);
        let Token::Array(4..=6) = reader.token().ok()? else { return None };
        let mut text = || match reader.token().ok()? {
            Token::Text(bytes) | Token::Binary(bytes) => Some(bytes),
            _ => None,
        };
        if text()? != b"PING" {
            return None;
        }
        Some(Self { hostname: text()?, salt: text()?, digest: text()? })
    }
}
