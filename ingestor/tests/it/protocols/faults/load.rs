//! Senders that go on whatever happens: each batch is sent until it is acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::sender::{Batch, Kind};

const SENDERS: usize = 3;

#[derive(Default)]
pub struct Load {
    /// Where the server is, while there is one.
    target: RwLock<Option<SocketAddr>>,
    stop: AtomicBool,
    batches: AtomicU64,
    /// Whatever was acknowledged.
    acknowledged: Mutex<Vec<String>>,
    /// Sends that were not answered, or not wholly.
    unanswered: AtomicU64,
}

pub struct Senders {
    kind: Kind,
    load: Arc<Load>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    async fn send(self: Arc<Self>, kind: Kind) {
        let mut sender = (kind.sender)();
        while !self.stop.load(Ordering::SeqCst) {
            let mut batch = Batch::new(self.batches.fetch_add(1, Ordering::SeqCst));
            while !batch.is_acknowledged() {
                let target = *self.target.read().unwrap();
                if let Some(target) = target {
                    let acknowledged = sender.send(target, &batch).await;
                    let more = batch.messages[batch.acknowledged..acknowledged].iter().cloned();
                    self.acknowledged.lock().unwrap().extend(more);
                    batch.acknowledged = acknowledged;
                }
                if !batch.is_acknowledged() {
                    self.unanswered.fetch_add(u64::from(target.is_some()), Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
}

impl Senders {
    pub fn start(kind: Kind) -> Self {
        let load = Arc::new(Load::default());
        let tasks = (0..SENDERS).map(|_| tokio::spawn(Arc::clone(&load).send(kind))).collect();
        Self { kind, load, tasks }
    }

    pub fn point_at(&self, target: Option<SocketAddr>) {
        *self.load.target.write().unwrap() = target;
    }

    fn acknowledged(&self) -> usize {
        self.load.acknowledged.lock().unwrap().len()
    }

    /// Waits until more is acknowledged; whether it was within a minute.
    pub async fn go_on(&self) -> bool {
        let before = self.acknowledged();
        let more = async {
            while self.acknowledged() == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), more).await.is_ok()
    }

    /// Lets each sender end with a batch that is acknowledged.
    pub async fn finish(&mut self) {
        self.load.stop.store(true, Ordering::SeqCst);
        for task in self.tasks.drain(..) {
            let ended = tokio::time::timeout(Duration::from_secs(30), task).await;
            ended.unwrap_or_else(|_| panic!("{}: a batch is never acknowledged", self.kind.name)).unwrap();
        }
    }

    /// Every message that was sent is acknowledged by now: each must be there once, and nothing else.
    #[allow(clippy::print_stderr)]
    pub fn check(&self, found: impl IntoIterator<Item = (String, u64)>, faults: u64) {
        let (name, mut expected) = (self.kind.name, BTreeMap::new());
        for message in self.load.acknowledged.lock().unwrap().iter() {
            *expected.entry(message.clone()).or_insert(0_u64) += 1;
        }
        assert!(expected.values().all(|count| *count == 1), "{name}: acknowledged once each");
        let mut counts = BTreeMap::new();
        for (message, count) in found {
            // Lines of plain text have their time in front.
            let begin = message.find("batch ").unwrap_or(0);
            *counts.entry(message[begin..].to_owned()).or_insert(0) += count;
        }
        let lost: Vec<_> = expected.keys().filter(|message| !counts.contains_key(*message)).collect();
        assert!(lost.is_empty(), "{name}: {} of {} lost: {:?}", lost.len(), expected.len(), lost.first());
        let doubled: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
        assert!(doubled.is_empty(), "{name}: {} doubled: {:?}", doubled.len(), doubled.first());
        let odd = counts.keys().find(|message| !expected.contains_key(*message));
        assert_eq!(odd, None, "{name}: found, but never sent");
        let unanswered = self.load.unanswered.load(Ordering::SeqCst);
        eprintln!("{name}: {} messages, each once; {unanswered} sends were not answered", expected.len());
        assert!(expected.len() as u64 > faults * Batch::SIZE, "{name}: {} messages", expected.len());
        assert!(unanswered >= faults, "{name}: {unanswered} sends were not answered in {faults} faults");
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
