//! The power goes at any operation of the disk: every receipt that was given is known.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use logpipeline_ingestor::receipts::{Journal, Receipts, Recorder, Rules, State};
use logpipeline_ingestor::wal::{Checkpoint, Opened};
use logpipeline_ingestor::{Settled, wal};
use logpipeline_store::{LogStore, Stores, WriteOutcome};

use crate::support::log::{SEGMENT, SMALL, anonymous, close, metrics, noted, receipt, try_open};
use crate::support::power::PowerDisk;
use crate::support::store::FakeStore;

const OPTIONS: wal::Options = wal::Options { size: 6 * SEGMENT, ..SMALL };
/// Files of 16 KiB, so that some are compressed.
const JOURNAL: u64 = 512 << 10;

/// A log and its journal on one disk.
struct Machine {
    opened: Opened,
    journal: Arc<Journal>,
    recorder: Recorder,
    store: Arc<FakeStore>,
}

#[derive(Default)]
struct World {
    /// Numbers of the last entries of acknowledged requests.
    acknowledged: BTreeSet<u64>,
    sent: u64,
}

fn start(folder: &Path, disk: &PowerDisk) -> Option<Machine> {
    let opened = try_open(&folder.join("wal"), OPTIONS, disk.handle()).ok()?;
    let journal = Arc::new(Journal::open(&folder.join("receipts"), JOURNAL, disk.handle(), metrics()));
    let recorder = Recorder::new(Arc::clone(&journal));
    Some(Machine { opened, journal, recorder, store: FakeStore::new() })
}

impl Machine {
    async fn ship(&mut self) {
        let Self { opened, recorder, store, .. } = self;
        while let Ok(chunk) = opened.reader.read(10_000, 100)
            && !chunk.is_empty()
        {
            let outcomes = vec![WriteOutcome::Stored; chunk.entries.len()];
            recorder.record(&opened.wal, &**store, &chunk, &outcomes).await;
        }
        let checkpoint = Checkpoint { position: opened.reader.position(), settled: Settled::default() };
        if opened.checkpoints.write(&checkpoint).is_ok() {
            let _ = opened.wal.release(&checkpoint);
        }
    }

    fn receipts(&self) -> Arc<Receipts> {
        Arc::new(Receipts::new(
            Arc::clone(&self.journal),
            self.opened.wal.clone(),
            Stores { logs: Arc::clone(&self.store) as Arc<dyn LogStore>, dead_letters: FakeStore::new() },
            "there are none".into(),
            Rules::default(),
        ))
    }
}

impl World {
    async fn work(&mut self, machine: &mut Machine) {
        for round in 0..25u64 {
            let sizes = [1, if round % 13 == 7 { 700 } else { 5 }, 2, 1];
            let appends: Vec<_> = sizes
                .map(|size| {
                    let (wal, first) = (machine.opened.wal.clone(), self.sent);
                    self.sent += size;
                    let last = self.sent - 1;
                    let batch = noted(first..self.sent);
                    tokio::spawn(async move { (wal.append(batch, 0, anonymous(), None, None).await, last) })
                })
                .into();
            for append in appends {
                let (result, last) = append.await.unwrap();
                if result.is_ok() {
                    self.acknowledged.insert(last);
                }
            }
            if round % 3 == 2 {
                machine.ship().await;
            }
        }
    }

    /// Every receipt that was given is known, whatever was shipped by now.
    async fn check(&self, machine: &Machine, what: &str) {
        let receipts = machine.receipts();
        for last in &self.acknowledged {
            let answer = receipts.request(receipt(*last)).await.unwrap();
            let answer = answer.unwrap_or_else(|| panic!("{what}: the receipt {last} is not known"));
            let counts = answer.counts;
            assert_eq!(counts.stored + counts.waiting, answer.accepted, "{what}: {answer:?}");
            let expected = match counts.waiting {
                0 => State::Delivered,
                waiting if waiting == answer.accepted => State::Waiting,
                _ => State::PartlyDelivered,
            };
            assert_eq!(answer.state, expected, "{what}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn every_receipt_that_was_given_is_known_after_a_power_cut_at_any_operation() {
    let folder = tempfile::tempdir().unwrap();
    let disk = PowerDisk::new();
    let mut machine = start(folder.path(), &disk).unwrap();
    let mut world = World::default();
    world.work(&mut machine).await;
    world.check(&machine, "without a cut, in part").await;
    let operations = disk.operations();
    machine.ship().await;
    world.check(&machine, "without a cut").await;
    close(machine.opened).await;
    assert_eq!(world.acknowledged.len(), 100);
    let files = disk.handle().list(folder.path()).unwrap();
    let compressed = files.iter().filter(|path| path.extension().is_some_and(|it| it == "zst")).count();
    assert!(compressed > 0, "{files:?}");

    let step = (operations / 120).max(1);
    for (seed, cut) in (0..operations).step_by(usize::try_from(step).unwrap()).enumerate() {
        let what = format!("cut after {cut} operations");
        let folder = tempfile::tempdir().unwrap();
        let mut disk = PowerDisk::new();
        let mut world = World::default();
        // A second cut comes while the first is recovered from.
        for (round, cut) in [cut, 7 + cut % 90].into_iter().enumerate() {
            disk.cut_after(cut);
            if let Some(mut machine) = start(folder.path(), &disk) {
                world.work(&mut machine).await;
                close(machine.opened).await;
            }
            disk = disk.after_power_cut(seed as u64 * 2 + round as u64);
        }
        let mut machine = start(folder.path(), &disk).unwrap_or_else(|| panic!("{what}: it does not open"));
        world.check(&machine, &what).await;
        machine.ship().await;
        world.check(&machine, &what).await;
        close(machine.opened).await;
    }
}
