//! Where entries are, whatever index they were written to; and one copy of each.
//!
//! An engine keeps an id from being there twice within one index, and a data stream has a new one after
//! each rollover. So before an entry is sent that may be there already, all indices are asked for it. What
//! that cannot see is a request that got no answer and that a server executes only after it was sent again
//! and confirmed: where the data stream was rolled over in between, there are two copies. The ids of such
//! entries are looked up again later, some times over several minutes, and all copies but the oldest are
//! removed. A request that lies about for longer than that, or beyond the end of this process, and only
//! then meets a data stream that was rolled over, is the one way to a second copy.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use elasticsearch::http::Method;
use logpipeline_model::EntryId;
use serde_json::{Value, json};

use logpipeline_cluster::{Connection, RequestError};

/// Ids in one request. Engines give at most 10,000 hits, and an id can be there a few times.
const ASKED: usize = 2_500;
const HITS: usize = 10_000;

/// When entries that were in doubt are looked up again, in multiples of a request's time-out, each
/// counted from the time before.
const ROUNDS: [u32; 3] = [1, 4, 15];

/// How often the look may fail, by servers that are away or because it is not allowed.
const MOST_FAILURES: usize = 20;

/// Ids that are looked up again, at most; the oldest are let go.
const MOST_WATCHED: usize = 200_000;

/// Those of some ids that are stored already, in whatever index.
pub(super) async fn find(
    connection: &Connection,
    indices: &str,
    ids: &[EntryId],
) -> Result<HashSet<EntryId>, RequestError> {
    Ok(locate(connection, indices, ids).await?.into_keys().collect())
}

/// The indices that hold each of some ids.
async fn locate(
    connection: &Connection,
    indices: &str,
    ids: &[EntryId],
) -> Result<BTreeMap<EntryId, Vec<String>>, RequestError> {
    let mut found: BTreeMap<EntryId, Vec<String>> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let options = "ignore_unavailable=true&allow_no_indices=true";
    let refresh = format!("/{indices}/_refresh?{options}");
    match connection.ask::<Value>(Method::Post, &refresh, None).await {
        Ok(answer) => whole(&answer)?,
        Err(error) if error.status() == Some(404) => return Ok(found),
        Err(error) => return Err(error),
    }
    let path = format!(
        "/{indices}/_search?{options}&allow_partial_search_results=false\
         &filter_path=hits.hits._id,hits.hits._index,_shards.failed"
    );
    for some in ids.chunks(ASKED) {
        let values: Vec<_> = some.iter().map(ToString::to_string).collect();
        let body = json!({
            "query": { "ids": { "values": values } }, "size": HITS, "_source": false,
            "track_total_hits": false,
        });
        let answer: Value = connection.ask(Method::Post, &path, Some(&body)).await?;
        whole(&answer)?;
        for hit in answer["hits"]["hits"].as_array().into_iter().flatten() {
            let id = hit["_id"].as_str().and_then(|id| id.parse().ok());
            if let (Some(id), Some(index)) = (id, hit["_index"].as_str()) {
                found.entry(id).or_default().push(index.to_owned());
            }
        }
    }
    Ok(found)
}

fn whole(answer: &Value) -> Result<(), RequestError> {
    match answer["_shards"]["failed"].as_u64() {
        Some(1..) => Err(RequestError::Unreachable("some shards do not answer".to_owned())),
        _ => Ok(()),
    }
}

/// Removes all copies but one of each id, always the same one.
async fn remove_surplus(
    connection: &Connection,
    indices: &str,
    ids: &[EntryId],
) -> Result<usize, RequestError> {
    let mut lines = String::new();
    let mut surplus = 0;
    for (id, mut holders) in locate(connection, indices, ids).await? {
        holders.sort_by(|one, other| age(one).cmp(&age(other)));
        for index in holders.iter().skip(1) {
            lines.push_str(&format!("{}\n", json!({ "delete": { "_index": index, "_id": id } })));
            surplus += 1;
        }
    }
    if surplus > 0 {
        let path = "/_bulk?filter_path=items.delete.status";
        let answer: Value = connection.send_lines(path, Bytes::from(lines), connection.timeout()).await?;
        let statuses = answer["items"].as_array().into_iter().flatten();
        let left = statuses.filter(|item| !matches!(item["delete"]["status"].as_u64(), Some(200 | 404)));
        if left.count() > 0 {
            return Err(RequestError::Unreachable("surplus copies cannot be removed".to_owned()));
        }
    }
    Ok(surplus)
}

/// Orders the indices of a data stream, oldest first.
pub(super) fn age(index: &str) -> (Option<u64>, &str) {
    (index.rsplit('-').next().and_then(|number| number.parse().ok()), index)
}

/// Entries that were in doubt and are confirmed: each is there, perhaps more than once.
#[derive(Debug)]
pub(super) struct Watch {
    indices: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    watched: VecDeque<Watched>,
    count: usize,
    running: bool,
}

#[derive(Debug)]
struct Watched {
    ids: Vec<EntryId>,
    rounds: usize,
    failures: usize,
    due: Instant,
}

impl Watch {
    pub(super) fn new(indices: String) -> Arc<Self> {
        Arc::new(Self { indices, state: Mutex::default() })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(self: &Arc<Self>, connection: &Arc<Connection>, ids: Vec<EntryId>) {
        if ids.is_empty() {
            return;
        }
        let mut state = self.state();
        state.count += ids.len();
        state.watched.push_back(Watched { ids, rounds: 0, failures: 0, due: due(connection, 0) });
        while state.count > MOST_WATCHED {
            let Some(oldest) = state.watched.pop_front() else { break };
            state.count -= oldest.ids.len();
        }
        if !state.running {
            state.running = true;
            tokio::spawn(run(Arc::downgrade(self), Arc::clone(connection)));
        }
    }

    fn next(&self) -> Option<Instant> {
        let mut state = self.state();
        let next = state.watched.iter().map(|watched| watched.due).min();
        state.running = next.is_some();
        next
    }

    fn take(&self) -> Vec<Watched> {
        let now = Instant::now();
        let mut state = self.state();
        let (due, rest): (Vec<_>, Vec<_>) = state.watched.drain(..).partition(|watched| watched.due <= now);
        state.watched = rest.into();
        state.count = state.watched.iter().map(|watched| watched.ids.len()).sum();
        due
    }

    async fn look(&self, connection: &Connection) {
        for mut watched in self.take() {
            match remove_surplus(connection, &self.indices, &watched.ids).await {
                Ok(surplus) => {
                    if surplus > 0 {
                        tracing::warn!(
                            surplus,
                            "removed second copies that a late request left behind a rollover"
                        );
                    }
                    watched.rounds += 1;
                }
                Err(error) => {
                    tracing::warn!(%error, "failed to look for second copies that a late request may have left");
                    watched.failures += 1;
                }
            }
            if watched.rounds < ROUNDS.len() && watched.failures < MOST_FAILURES {
                watched.due = due(connection, watched.rounds);
                let mut state = self.state();
                state.count += watched.ids.len();
                state.watched.push_back(watched);
            }
        }
    }
}

fn due(connection: &Connection, round: usize) -> Instant {
    let times = ROUNDS.get(round).copied().unwrap_or(1);
    Instant::now() + connection.timeout().max(Duration::from_millis(100)) * times
}

/// Runs while something is watched and the store is there.
async fn run(watch: Weak<Watch>, connection: Arc<Connection>) {
    loop {
        let Some(next) = watch.upgrade().and_then(|watch| watch.next()) else { return };
        tokio::time::sleep_until(next.into()).await;
        let Some(watch) = watch.upgrade() else { return };
        watch.look(&connection).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_in_the_oldest_index_stays() {
        let mut indices =
            [".ds-logs-a.b-2026.01.02-1000000", ".ds-logs-a.b-2026.01.02-000010", ".ds-logs-a.b-000009"];
        indices.sort_by(|one, other| age(one).cmp(&age(other)));
        let ages: Vec<_> = indices.iter().map(|index| age(index).0).collect();
        assert_eq!(ages, [Some(9), Some(10), Some(1_000_000)]);
    }

    #[test]
    fn what_is_watched_is_bounded() {
        let watch = Watch::new("logs-a.*".to_owned());
        let access = logpipeline_cluster::Access::new(vec!["http://127.0.0.1:1".to_owned()]);
        let connection = Arc::new(Connection::new(&access).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for _ in 0..100 {
                watch.add(&connection, vec![EntryId::from_parts(0, 0); 10_000]);
            }
        });
        let state = watch.state();
        assert_eq!(state.count, MOST_WATCHED);
        assert_eq!(state.watched.iter().map(|watched| watched.ids.len()).sum::<usize>(), MOST_WATCHED);
    }
}
