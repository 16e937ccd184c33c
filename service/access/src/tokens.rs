//! Bearer tokens: who may send, and which programs may read. Only hashes of them are kept.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, header};
use logpipeline_service::Shutdown;
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::watched::{AccessError, Malformed, Watched};

const FORM: &str = "write NAME:TOKEN";
const LEAST: usize = 16;
const LONGEST_NAME: usize = 63;

/// What a token is called, for traces and logs; it is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(Arc<str>);

impl TokenName {
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a token may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schemes {
    /// `Authorization: Bearer TOKEN`
    Bearer,
    /// Also as those who send logs have it: the password of `Authorization: Basic`, `Authorization: Splunk TOKEN`, or `DD-API-KEY`.
    BearerOrBasic,
}

/// The tokens of all files, each file read again when it changes.
#[derive(Debug, Clone)]
pub struct Tokens(Vec<Arc<Watched<Named>>>);

impl Tokens {
    /// # Errors
    /// A file that cannot be read, or a line that is none.
    pub fn open(paths: &[PathBuf]) -> Result<Self, AccessError> {
        paths.iter().map(|path| Watched::open(path, parse)).collect::<Result<_, _>>().map(Self)
    }

    /// Follows the files until stopping begins.
    pub fn spawn(&self, shutdown: &Shutdown) {
        for file in &self.0 {
            file.spawn(shutdown);
        }
    }

    /// Whose token it is. Takes as long whichever it is, and whether it is one.
    pub fn find(&self, token: &[u8]) -> Option<TokenName> {
        let hash: Hash = Sha256::digest(token).into();
        let mut found = None;
        for file in &self.0 {
            found = file.get().find(&hash).or(found);
        }
        found
    }

    /// Whose token a request bears.
    pub fn bearer(&self, headers: &HeaderMap, schemes: Schemes) -> Option<TokenName> {
        presented(headers, schemes).and_then(|token| self.find(&token))
    }
}

/// The key of Datadog's agents and clients.
const DATADOG: &str = "dd-api-key";

/// What the header `Authorization` holds, or the key of Datadog's clients if there is no such header. A header that comes twice gives no token.
fn presented(headers: &HeaderMap, schemes: Schemes) -> Option<Vec<u8>> {
    if schemes == Schemes::BearerOrBasic && !headers.contains_key(header::AUTHORIZATION) {
        let mut values = headers.get_all(DATADOG).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        return Some(value.as_bytes().trim_ascii().to_vec());
    }
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, rest) = value.to_str().ok()?.trim().split_once(' ')?;
    let rest = rest.trim();
    let splunk = schemes == Schemes::BearerOrBasic && scheme.eq_ignore_ascii_case("splunk");
    if splunk || scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    if schemes == Schemes::BearerOrBasic && scheme.eq_ignore_ascii_case("basic") {
        let pair = BASE64_STANDARD.decode(rest).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        return pair.get(colon + 1..).map(<[u8]>::to_vec);
    }
    None
}

type Hash = [u8; 32];

/// The tokens of one file.
pub struct Named(Vec<(TokenName, Hash)>);

impl Named {
    fn find(&self, hash: &Hash) -> Option<TokenName> {
        let mut found = u64::MAX;
        for (index, (_, known)) in (0_u64..).zip(&self.0) {
            found.conditional_assign(&index, known.ct_eq(hash));
        }
        let (name, _) = self.0.get(usize::try_from(found).ok()?)?;
        Some(name.clone())
    }
}

/// The names alone.
impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn parse(text: &str) -> Result<Named, Malformed> {
    let mut tokens: Vec<(TokenName, Hash)> = Vec::new();
    let mut lines = 0;
    for (line, text) in (1..).zip(text.lines()) {
        lines = line;
        let wrong = |problem: String| Malformed { line, problem };
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, token) =
            text.split_once(':').ok_or_else(|| wrong(format!("there is no colon; {FORM}")))?;
        if !is_name(name) {
            let form = format!("1 to {LONGEST_NAME} of the characters A-Z a-z 0-9 . _ -");
            return Err(wrong(format!("the name before the colon is none, it has {form}; {FORM}")));
        }
        if tokens.iter().any(|(other, _)| other.as_str() == name) {
            return Err(wrong(format!("{name} has a token already; give each its own name")));
        }
        let hash = hash(token).map_err(|problem| wrong(problem.to_owned()))?;
        tokens.push((TokenName(name.into()), hash));
    }
    if tokens.is_empty() {
        let problem = format!("there is no token up to here, so nobody could come in; {FORM}");
        return Err(Malformed { line: lines.max(1), problem });
    }
    Ok(Named(tokens))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

fn hash(token: &str) -> Result<Hash, &'static str> {
    if let Some(digits) = token.strip_prefix("sha256:") {
        return digest(digits)
            .ok_or("sha256: is followed by the 64 hexadecimal digits of the token's hash; these are others");
    }
    if token.len() < LEAST {
        return Err(
            "the token is shorter than 16 characters; take a random one, as of `openssl rand -hex 32`",
        );
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "the token has a space or another character that cannot be sent; take visible ASCII ones",
        );
    }
    Ok(Sha256::digest(token).into())
}

fn digest(digits: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if digits.len() != 2 * hash.len() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests;
