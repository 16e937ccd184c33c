//! People who sign in with a name and a password. Only argon2id hashes of the passwords are kept.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use logpipeline_service::Shutdown;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::watched::{AccessError, Malformed, Watched};

const FORM: &str = "write NAME:HASH, the hash as `logpipeline-query hash-password` prints it";
const LONGEST_NAME: usize = 128;
/// What checking one password may cost, whoever wrote its hash: 256 MiB, and passes over them.
const MOST_MEMORY_KIB: u32 = 256 << 10;
const MOST_PASSES: u32 = 16;
const SHORTEST_PASSWORD: usize = 8;
/// Passwords that are checked at the same time: each takes a processor, and memory as its hash says.
const AT_ONCE: usize = 2;
/// How long a password may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who may sign in, as a file has it, read again when it changes.
#[derive(Debug, Clone)]
pub struct Users {
    file: Arc<Watched<Known>>,
    turns: Arc<Semaphore>,
}

/// Somebody who is known, and with which password.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    name: Arc<str>,
    fingerprint: [u8; 32],
}

/// As many passwords as may be checked at once have been for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct TooMany;

impl User {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Another for each hash of a password.
    pub(crate) fn fingerprint(&self) -> &[u8] {
        &self.fingerprint
    }
}

/// The name alone.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.name).finish()
    }
}

impl Users {
    /// # Errors
    /// A file that cannot be read, or a line that is none.
    pub fn open(path: &Path) -> Result<Self, AccessError> {
        Ok(Self { file: Watched::open(path, parse)?, turns: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Follows the file until stopping begins.
    pub fn spawn(&self, shutdown: &Shutdown) {
        self.file.spawn(shutdown);
    }

    /// Who has that name now.
    pub fn find(&self, name: &str) -> Option<User> {
        self.file.get().find(name).map(|entry| entry.user.clone())
    }

    /// Who it is, where the password is right. Takes as long where nobody has that name.
    ///
    /// # Errors
    /// Too many others wait.
    pub async fn verify(&self, name: String, password: String) -> Result<Option<User>, TooMany> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(TooMany) };
        let known = self.file.get();
        // The turn ends with the work, even where nobody waits for its end any more.
        let checked = tokio::task::spawn_blocking(move || {
            let user = known.verify(&name, password.as_bytes());
            drop(turn);
            user
        });
        Ok(checked.await.unwrap_or_default())
    }
}

struct Entry {
    user: User,
    hash: PasswordHash,
}

/// The users of a file: one at least.
struct Known(Vec<Entry>);

impl Known {
    fn find(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| *entry.user.name == *name)
    }

    fn verify(&self, name: &str, password: &[u8]) -> Option<User> {
        let found = self.find(name);
        let entry = found.or_else(|| self.stand_in(name))?;
        let right = Argon2::default().verify_password(password, &entry.hash).is_ok();
        found.filter(|_| right).map(|entry| entry.user.clone())
    }

    /// For a name that nobody has, somebody to spend the time of a check on, always the same one: hashes may differ in
    /// what they cost.
    fn stand_in(&self, name: &str) -> Option<&Entry> {
        let hash: [u8; 32] = Sha256::digest(name).into();
        let [first, second, ..] = hash;
        self.0.get(usize::from(u16::from_be_bytes([first, second])) % self.0.len())
    }
}

fn parse(text: &str) -> Result<Known, Malformed> {
    let mut users: Vec<Entry> = Vec::new();
    let mut lines = 0;
    for (line, text) in (1..).zip(text.lines()) {
        lines = line;
        let wrong = |problem: String| Malformed { line, problem };
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, hash) = text.split_once(':').ok_or_else(|| wrong(format!("there is no colon; {FORM}")))?;
        if !is_name(name) {
            let form = format!("1 to {LONGEST_NAME} of the characters A-Z a-z 0-9 . _ - @ +");
            return Err(wrong(format!("the name before the colon is none, it has {form}; {FORM}")));
        }
        if users.iter().any(|entry| *entry.user.name == *name) {
            return Err(wrong(format!("{name} has a line already; leave one")));
        }
        let fingerprint = Sha256::digest(hash).into();
        let hash = read_hash(hash).map_err(|problem| wrong(format!("the hash of {name} {problem}")))?;
        users.push(Entry { user: User { name: name.into(), fingerprint }, hash });
    }
    if users.is_empty() {
        let problem = format!("there is no user up to here, so nobody could sign in; {FORM}");
        return Err(Malformed { line: lines.max(1), problem });
    }
    Ok(Known(users))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

fn read_hash(text: &str) -> Result<PasswordHash, String> {
    const MAKE: &str = "make one with `logpipeline-query hash-password`";
    let hash =
        PasswordHash::new(text).map_err(|_| format!("is none, it begins with $argon2id$v=19$m=; {MAKE}"))?;
    if hash.algorithm != Algorithm::Argon2id.ident() || hash.version != Some(Version::V0x13.into()) {
        return Err(format!("is not one of argon2id, version 19; {MAKE}"));
    }
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(format!("is cut off: after the costs stand salt and hash; {MAKE}"));
    }
    let params = Params::try_from(&hash).map_err(|_| format!("has costs that are none; {MAKE}"))?;
    if params.m_cost() > MOST_MEMORY_KIB || params.t_cost() > MOST_PASSES {
        return Err(format!(
            "asks for m={} (KiB) and t={}; this server takes at most m={MOST_MEMORY_KIB} and t={MOST_PASSES}",
            params.m_cost(),
            params.t_cost()
        ));
    }
    Ok(hash)
}

/// Why there is no hash of a password.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("the password has fewer than {SHORTEST_PASSWORD} characters; choose a longer one")]
    TooShort,
    #[error("failed to hash the password: {0}")]
    Hash(#[from] argon2::password_hash::Error),
}

/// What stands in a users file for a password.
///
/// # Errors
/// A password that is too short; a system without randomness.
pub fn hash_password(password: &str) -> Result<String, HashError> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(HashError::TooShort);
    }
    let hash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// Says how many there are, and nothing of their hashes.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|entry| &entry.user)).finish()
    }
}

#[cfg(test)]
mod tests;
