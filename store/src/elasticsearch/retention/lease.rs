//! Which of several processes acts: the one that a document names, as long as it shows signs of life. One that ends leaves it without a name.
//!
//! No two machines' clocks are compared. Each process notes by its own when it first saw the document in
//! its present state; a document that stays as it was for longer than the lease lasts has a dead holder.

use std::time::{Duration, Instant};

use elasticsearch::http::Method;
use serde_json::{Value, json};

use logpipeline_cluster::{Connection, RequestError};

const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Lease {
    index: String,
    /// This process, among others.
    holder: String,
    lasts: Duration,
    seen: Option<Seen>,
    held: bool,
}

/// The document's state, and since when it is known.
#[derive(Debug, Clone, Copy)]
struct Seen {
    number: i64,
    term: i64,
    at: Instant,
}

impl Lease {
    pub(super) fn new(pipeline: &str, lasts: Duration) -> Self {
        Self {
            index: format!("logpipeline-{pipeline}-lease"),
            holder: format!("{:032x}", rand::random::<u128>()),
            lasts,
            seen: None,
            held: false,
        }
    }

    /// Whether this process is the one to act, from now until the lease has lasted.
    pub(super) async fn take(&mut self, connection: &Connection) -> Result<bool, RequestError> {
        let path = format!("/{}/_doc/holder", self.index);
        let mut tries = 0;
        let found: Value = loop {
            tries += 1;
            match connection.ask(Method::Get, &path, None).await {
                Ok(found) => break found,
                Err(error) if error.status() == Some(404) => return self.create(connection).await,
                // As while another process makes the index.
                Err(error) if error.status() == Some(503) && tries < TRIES => {
                    tokio::time::sleep(BETWEEN_TRIES).await;
                }
                Err(error) => return Err(error),
            }
        };
        let (Some(number), Some(term)) = (found["_seq_no"].as_i64(), found["_primary_term"].as_i64()) else {
            return Err(RequestError::Garbled { url: path, reason: "a document has no version".to_owned() });
        };
        let same = self.seen.filter(|seen| (seen.number, seen.term) == (number, term));
        let seen = same.unwrap_or_else(|| Seen { number, term, at: Instant::now() });
        self.seen = Some(seen);
        let holder = &found["_source"]["holder"];
        if holder.is_null() || *holder == self.holder.as_str() {
            return self.renew(connection).await;
        }
        self.held = false;
        // As long as its holder takes it to last.
        let theirs = Duration::from_millis(found["_source"]["lastsMillis"].as_u64().unwrap_or_default());
        if seen.at.elapsed() < self.lasts.max(theirs) {
            return Ok(false);
        }
        tracing::info!(index = self.index, "taking over retention from a process that gave no sign of life");
        self.renew(connection).await
    }

    /// Whether it still is, just before it does what cannot be undone.
    pub(super) async fn keep(&mut self, connection: &Connection) -> Result<bool, RequestError> {
        match self.seen {
            Some(seen) if seen.at.elapsed() < self.lasts / 4 => Ok(true),
            _ => self.renew(connection).await,
        }
    }

    /// Lets another act at once, where it was for this process to.
    pub(super) async fn release(&mut self, connection: &Connection) -> Result<(), RequestError> {
        if self.held {
            self.replace(connection, false).await?;
        }
        Ok(())
    }

    async fn create(&mut self, connection: &Connection) -> Result<bool, RequestError> {
        let body = json!({
            "settings": { "index": {
                "number_of_shards": 1, "auto_expand_replicas": "0-1", "hidden": true,
            } },
            "mappings": { "dynamic": false, "properties": {} },
        });
        match connection.ask::<Value>(Method::Put, &format!("/{}", self.index), Some(&body)).await {
            Ok(_) => {}
            Err(RequestError::Refused { kind, .. }) if kind == "resource_already_exists_exception" => {}
            Err(error) => return Err(error),
        }
        self.write(connection, "op_type=create", true).await
    }

    async fn renew(&mut self, connection: &Connection) -> Result<bool, RequestError> {
        self.replace(connection, true).await
    }

    /// Whether the document was still in the state that is known.
    async fn replace(&mut self, connection: &Connection, hold: bool) -> Result<bool, RequestError> {
        let Some(Seen { number, term, .. }) = self.seen else { return Ok(false) };
        self.write(connection, &format!("if_seq_no={number}&if_primary_term={term}"), hold).await
    }

    async fn write(
        &mut self,
        connection: &Connection,
        condition: &str,
        hold: bool,
    ) -> Result<bool, RequestError> {
        let path = format!("/{}/_doc/holder?{condition}", self.index);
        let lasts = u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX);
        let body = json!({ "holder": hold.then_some(&self.holder), "lastsMillis": lasts });
        self.held = false;
        // From before the request: others count from after it.
        let at = Instant::now();
        let written: Value = match connection.ask(Method::Put, &path, Some(&body)).await {
            Ok(written) => written,
            // Somebody else was first.
            Err(error) if error.status() == Some(409) => {
                self.seen = None;
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let number = |name: &str| written[name].as_i64().unwrap_or(-1);
        self.seen = Some(Seen { number: number("_seq_no"), term: number("_primary_term"), at });
        self.held = hold;
        Ok(true)
    }
}
