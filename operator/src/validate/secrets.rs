//! The Secrets that a spec names, and what is wrong with them.

use super::error::Invalid;
use super::types::{SecretKey, Tls};
use crate::fetch::{Fetched, SecretData};

pub(super) struct Secrets<'a> {
    namespace: &'a str,
    fetched: &'a Fetched,
    problems: &'a mut Vec<Invalid>,
}

impl<'a> Secrets<'a> {
    pub(super) fn new(namespace: &'a str, fetched: &'a Fetched, problems: &'a mut Vec<Invalid>) -> Self {
        Self { namespace, fetched, problems }
    }

    /// Notes a problem.
    pub(super) fn kept<T>(&mut self, result: Result<T, Invalid>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problem) => {
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }

    /// What a Secret holds.
    pub(super) fn data(&mut self, field: &str, name: &str) -> Option<&'a SecretData> {
        let found = self.fetched.secrets.get(name).and_then(Option::as_ref);
        self.kept(found.ok_or_else(|| Invalid::NoSecret {
            namespace: self.namespace.to_owned(),
            name: name.to_owned(),
            field: field.to_owned(),
        }))
    }

    /// A key that must be there and hold text.
    pub(super) fn key(&mut self, field: &str, name: &str, key: &str) -> Option<SecretKey> {
        let data = self.data(field, name)?;
        let found = self.found(name, data, key);
        self.kept(found)
    }

    /// A key of a Secret that may lack it.
    #[allow(clippy::option_option, reason = "the outer one is whether it failed")]
    pub(super) fn optional_key(&mut self, field: &str, name: &str, key: &str) -> Option<Option<SecretKey>> {
        if self.data(field, name)?.0.contains_key(key) {
            self.key(field, name, key).map(Some)
        } else {
            Some(None)
        }
    }

    fn found(&self, name: &str, data: &SecretData, key: &str) -> Result<SecretKey, Invalid> {
        let (namespace, name, key) = (self.namespace.to_owned(), name.to_owned(), key.to_owned());
        let Some(value) = data.0.get(&key) else {
            return Err(Invalid::NoKey { namespace, name, key });
        };
        let Ok(text) = std::str::from_utf8(value) else {
            return Err(Invalid::Content { namespace, name, key, problem: "is not text" });
        };
        if text.trim().is_empty() {
            return Err(Invalid::Content { namespace, name, key, problem: "is empty" });
        }
        let value = text.trim_end_matches(['\r', '\n']).to_owned();
        Ok(SecretKey { name, key, value: value.into() })
    }

    /// Notes that a Secret does not say who asks.
    pub(super) fn no_credentials<T>(&mut self, name: &str) -> Option<T> {
        let namespace = self.namespace.to_owned();
        self.kept(Err(Invalid::NoCredentials { namespace, name: name.to_owned() }))
    }

    /// A Secret of the type kubernetes.io/tls.
    pub(super) fn tls(&mut self, field: &str, name: &str) -> Option<Tls> {
        let certificate = self.key(field, name, "tls.crt");
        let key = self.key(field, name, "tls.key");
        let signed = self.data(field, name)?.0.contains_key("ca.crt");
        let authority_key = if signed { "ca.crt" } else { "tls.crt" };
        certificate.and(key).map(|key| Tls { secret: key.name, authority_key })
    }
}
