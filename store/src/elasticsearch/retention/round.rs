//! One round over all indices.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use elasticsearch::http::Method;
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Classes, Lifecycle, Rollover};
use serde_json::{Value, json};

use super::super::options::Options;
use super::indices::{self, Backing, Newest, Stream};
use super::lease::Lease;
use crate::{RetentionPolicy, RetentionReport};
use logpipeline_cluster::{Connection, RequestError};

/// From when on the lifecycle of an index counts that has entries behind all times that engines know: the
/// year 9999, in milliseconds of the Unix epoch.
const FAR: i64 = 253_402_300_799_999;

pub(super) struct Round<'a> {
    connection: &'a Connection,
    options: &'a Options,
    policy: RetentionPolicy,
    now: Timestamp,
    lease: &'a mut Lease,
    known: &'a mut HashMap<String, (u64, Newest)>,
    report: RetentionReport,
    /// What kept one index from being looked at does not keep the others.
    failed: Option<RequestError>,
}

/// What became of an attempt to remove an index.
#[derive(Debug, PartialEq, Eq)]
enum Removal {
    Done,
    /// It holds what must be kept.
    Kept,
    /// Another process acts now.
    Lost,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        options: &'a Options,
        policy: RetentionPolicy,
        now: Timestamp,
        lease: &'a mut Lease,
        known: &'a mut HashMap<String, (u64, Newest)>,
    ) -> Self {
        let report = RetentionReport::default();
        Self { connection, options, policy, now, lease, known, report, failed: None }
    }

    /// An error where nothing could be removed because of it.
    pub(super) async fn run(mut self) -> Result<RetentionReport, RequestError> {
        let streams = indices::streams(self.connection, &self.options.classes.pattern()).await?;
        let there: HashSet<_> =
            streams.iter().flat_map(|stream| &stream.closed).map(|one| &one.name).collect();
        self.known.retain(|name, _| there.contains(name));
        let mut total: u64 = streams.iter().map(|stream| stream.open.bytes).sum();
        let mut rest = Vec::new();
        for mut stream in streams {
            if self.options.layout.lifecycle == Lifecycle::Ism {
                indices::note_managed(self.connection, &mut stream).await?;
            }
            let keep = keep(&self.options.classes, &stream.name, self.policy.max_age);
            let by_engine = self.options.layout.lifecycle != Lifecycle::Ingestor;
            if (!by_engine || self.policy.max_bytes.is_some())
                && let Err(error) = self.roll_over(&stream, keep).await
            {
                self.fails(&stream.open.name, error);
            }
            // The index that was open stays though it was rolled over just now: the next round will do.
            for index in stream.closed {
                match self.by_age(&index, keep).await {
                    Ok((Removal::Done, _)) => {}
                    Ok((Removal::Kept, newest)) => {
                        total += index.bytes;
                        rest.push((newest, index));
                    }
                    Ok((Removal::Lost, _)) => return Ok(self.report),
                    // Its size counts though its age is not known.
                    Err(error) => {
                        total += index.bytes;
                        self.fails(&index.name, error);
                    }
                }
            }
        }
        self.by_size(total, rest).await;
        match self.failed {
            Some(error) if self.report.removed.is_empty() => Err(error),
            _ => Ok(self.report),
        }
    }

    fn fails(&mut self, index: &str, error: RequestError) {
        tracing::warn!(index, %error, "failed to apply retention to an index; going on with the others");
        self.failed = Some(error);
    }

    async fn roll_over(&self, stream: &Stream, keep: Option<Duration>) -> Result<(), RequestError> {
        // Engines would roll over an empty index too, and so make one after the other for ever.
        if stream.open.entries == 0 {
            return Ok(());
        }
        let Rollover { age, mut shard_bytes } = Rollover::of(keep, &self.options.layout);
        if let Some(most) = self.policy.max_bytes {
            // Small enough that the rest fits beside what is written to.
            let shards = u64::from(self.options.layout.shards.max(1));
            shard_bytes = shard_bytes.min((most / 10 / shards).max(1));
        }
        // OpenSearch knows no other size than that of all primary shards.
        let bytes = shard_bytes.saturating_mul(self.options.layout.shards.into());
        let mut conditions = json!({ "max_size": format!("{bytes}b") });
        if self.options.layout.lifecycle == Lifecycle::Ingestor {
            conditions["max_age"] = json!(format!("{}ms", age.as_millis()));
        }
        let body = json!({ "conditions": conditions });
        let path = format!("/{}/_rollover", stream.name);
        match self.connection.ask::<Value>(Method::Post, &path, Some(&body)).await {
            Err(error) if error.status() != Some(404) => Err(error),
            _ => Ok(()),
        }
    }

    async fn by_age(
        &mut self,
        index: &Backing,
        keep: Option<Duration>,
    ) -> Result<(Removal, Newest), RequestError> {
        let newest = match self.known.get(&index.name) {
            Some((entries, newest)) if *entries == index.entries => *newest,
            _ => {
                let Some(newest) = indices::newest(self.connection, &index.name).await? else {
                    return Ok((Removal::Done, Newest::Nothing));
                };
                self.known.insert(index.name.clone(), (index.entries, newest));
                newest
            }
        };
        let limit = keep.map(|keep| self.now.saturating_sub(keep));
        let is_old = move |newest: Newest| match newest {
            Newest::Nothing => true,
            Newest::At(newest) => limit.is_some_and(|limit| newest < limit),
            Newest::Beyond => false,
        };
        let ours = self.claim(index, newest).await?;
        if !ours || !is_old(newest) {
            return Ok((Removal::Kept, newest));
        }
        Ok((self.remove(index, is_old).await?, newest))
    }

    async fn by_size(&mut self, mut total: u64, mut rest: Vec<(Newest, Backing)>) {
        let Some(most) = self.policy.max_bytes else { return };
        // By when it was written to last, not by what senders say: one wrong clock must not cost the entries of now.
        let age = |index: &Backing| (index.closed_at.is_none(), index.closed_at, index.name.clone());
        rest.sort_by_cached_key(|(_, index)| age(index));
        for (newest, index) in rest {
            if total <= most {
                return;
            }
            match self.remove(&index, |found| found <= newest).await {
                Ok(Removal::Done) => total -= index.bytes,
                Ok(Removal::Kept) => {}
                Ok(Removal::Lost) => return,
                Err(error) => self.fails(&index.name, error),
            }
        }
    }

    /// Removes an index that nobody writes to, if it still is what it was taken for once nobody can.
    async fn remove(
        &mut self,
        index: &Backing,
        may_go: impl Fn(Newest) -> bool,
    ) -> Result<Removal, RequestError> {
        if !self.lease.keep(self.connection).await? {
            return Ok(Removal::Lost);
        }
        // Entries on their way while it was rolled over may still come: they go to its successor instead.
        match self.block(&index.name).await {
            Ok(()) => {}
            Err(error) if error.status() == Some(404) => return Ok(Removal::Done),
            Err(error) => return Err(error),
        }
        let Some(newest) = indices::newest(self.connection, &index.name).await? else {
            return Ok(Removal::Done);
        };
        if !may_go(newest) {
            self.known.insert(index.name.clone(), (index.entries, newest));
            self.unblock(&index.name).await?;
            return Ok(Removal::Kept);
        }
        match self.connection.ask::<Value>(Method::Delete, &format!("/{}", index.name), None).await {
            Ok(_) => {
                self.report.entries += index.entries;
                self.report.bytes += index.bytes;
                self.report.removed.push(index.name.clone());
                Ok(Removal::Done)
            }
            Err(error) if error.status() == Some(404) => Ok(Removal::Done),
            Err(error) => Err(error),
        }
    }

    async fn block(&self, index: &str) -> Result<(), RequestError> {
        let path = format!("/{index}/_block/write");
        match self.connection.ask::<Value>(Method::Put, &path, None).await {
            Ok(answer) if answer["shards_acknowledged"] == true => Ok(()),
            // It was blocked before, by this process or another.
            Ok(answer) if answer["indices"].as_array().is_some_and(Vec::is_empty) => Ok(()),
            Ok(_) => {
                Err(RequestError::Unanswered(format!("{index} could not be blocked for writing in time")))
            }
            // It is read-only already, as when the disk is full: just then it should go.
            Err(RequestError::Refused { kind, .. }) if kind == "cluster_block_exception" => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn unblock(&self, index: &str) -> Result<(), RequestError> {
        self.set(index, json!({ "index.blocks.write": null })).await
    }

    async fn set(&self, index: &str, settings: Value) -> Result<(), RequestError> {
        let path = format!("/{index}/_settings");
        match self.connection.ask::<Value>(Method::Put, &path, Some(&settings)).await {
            Err(error) if error.status() != Some(404) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether it is for this process to remove an index by its age. Where it is for the engine, and the
    /// index has entries newer than itself, the engine is told so.
    async fn claim(&self, index: &Backing, newest: Newest) -> Result<bool, RequestError> {
        let lifecycle = self.options.layout.lifecycle;
        // Indices that were made before the policy are not under it.
        let by_policy = matches!(lifecycle, Lifecycle::Ilm | Lifecycle::Ism);
        if lifecycle == Lifecycle::Ingestor || (by_policy && !index.managed) {
            return Ok(true);
        }
        let newest = match newest {
            Newest::Nothing => return Ok(false),
            // To the next millisecond.
            Newest::At(newest) => i64::try_from(newest.unix_nanos().div_euclid(1_000_000) + 1).unwrap_or(FAR),
            Newest::Beyond => FAR,
        };
        if index.closed_at.is_none_or(|closed| newest <= closed) {
            return Ok(false);
        }
        if lifecycle == Lifecycle::Ism {
            let path = format!("/_plugins/_ism/remove/{}", index.name);
            self.connection.ask::<Value>(Method::Post, &path, None).await?;
            return Ok(true);
        }
        if !index.dated {
            self.set(&index.name, json!({ "index.lifecycle.origination_date": newest })).await?;
        }
        Ok(false)
    }
}

/// How long the entries of a data stream are kept. Those of a class that is no more, as long as any.
fn keep(classes: &Classes, stream: &str, otherwise: Option<Duration>) -> Option<Duration> {
    let of = |class: &logpipeline_model::elasticsearch::RetentionClass| class.keep.or(otherwise);
    match classes.iter().find(|class| classes.stream(class) == stream) {
        Some(class) => of(class),
        None => classes.iter().map(of).reduce(|one, other| Some(one?.max(other?))).flatten(),
    }
}

#[cfg(test)]
mod tests {
    use logpipeline_model::elasticsearch::RetentionClass;

    use super::*;

    #[test]
    fn each_class_keeps_its_own_time_and_what_has_none_the_longest() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let short =
            RetentionClass { name: "short".to_owned(), levels: vec!["debug".to_owned()], keep: seconds(3) };
        let classes = Classes::new("shop", seconds(30), vec![short.clone()]).unwrap();
        assert_eq!(keep(&classes, "logs-shop.short", seconds(9)), seconds(3));
        assert_eq!(keep(&classes, "logs-shop.default", seconds(9)), seconds(30));
        assert_eq!(keep(&classes, "logs-shop.gone", seconds(9)), seconds(30));
        let for_ever = Classes::new("shop", None, vec![short]).unwrap();
        assert_eq!(keep(&for_ever, "logs-shop.default", seconds(9)), seconds(9));
        assert_eq!(keep(&for_ever, "logs-shop.default", None), None);
        assert_eq!(keep(&for_ever, "logs-shop.gone", seconds(2)), seconds(3));
        assert_eq!(keep(&for_ever, "logs-shop.gone", None), None);
    }
}
