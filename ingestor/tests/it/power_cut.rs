//! The power goes at any operation of the disk: what was acknowledged is found.

use std::collections::BTreeSet;
use std::path::Path;

use logpipeline_ingestor::wal::{Checkpoint, Opened};
use logpipeline_ingestor::{Settled, wal};

use crate::support::log::{SEGMENT, SMALL, append, close, numbers, try_open};
use crate::support::power::PowerDisk;

const OPTIONS: wal::Options = wal::Options { size: 6 * SEGMENT, ..SMALL };

/// What the store holds: it survives, and keeps an entry once.
#[derive(Default)]
struct World {
    store: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    sent: u64,
}

impl World {
    /// Reads what it can, stores it, and moves the checkpoint if the disk lets it. Nothing of what a power
    /// cut leaves is taken for damage to acknowledged entries.
    fn ship(&mut self, opened: &mut Opened) {
        while let Ok(chunk) = opened.reader.read(10_000, 100)
            && !chunk.is_empty()
        {
            assert!(chunk.damage.is_empty() && chunk.lost == 0, "{:?}, {} lost", chunk.damage, chunk.lost);
            self.store.extend(numbers(&chunk));
        }
        let checkpoint = Checkpoint { position: opened.reader.position(), settled: Settled::default() };
        if opened.checkpoints.write(&checkpoint).is_ok() {
            let _ = opened.wal.release(&checkpoint);
        }
    }

    /// Appends of all sizes, some at once, with shipping now and then, until the power goes or all is done.
    async fn work(&mut self, opened: &mut Opened) {
        for round in 0..40u64 {
            let sizes = [1, 3, if round % 13 == 7 { 700 } else { 40 }];
            let appends: Vec<_> = sizes
                .map(|size| {
                    let (wal, first) = (opened.wal.clone(), self.sent);
                    self.sent += size;
                    tokio::spawn(
                        async move { (append(&wal, first..first + size).await, first..first + size) },
                    )
                })
                .into();
            for append in appends {
                let (result, range) = append.await.unwrap();
                if result.is_ok() {
                    self.acknowledged.extend(range);
                }
            }
            if round % 3 == 2 {
                self.ship(opened);
            }
        }
    }

    /// Everything acknowledged is in the store once the log was shipped, and nothing that was never sent.
    fn check(&self, what: &str) {
        let lost: Vec<_> = self.acknowledged.difference(&self.store).collect();
        assert!(lost.is_empty(), "{what}: lost {} of {}: {lost:?}", lost.len(), self.acknowledged.len());
        assert!(self.store.iter().all(|number| *number < self.sent), "{what}");
    }
}

fn open(folder: &Path, disk: &PowerDisk) -> Option<Opened> {
    try_open(folder, OPTIONS, disk.handle()).ok()
}

#[tokio::test]
async fn whatever_was_acknowledged_survives_a_power_cut_at_any_operation() {
    // How many operations there are to cut at.
    let folder = tempfile::tempdir().unwrap();
    let disk = PowerDisk::new();
    let mut opened = open(folder.path(), &disk).unwrap();
    let mut world = World::default();
    world.work(&mut opened).await;
    world.ship(&mut opened);
    close(opened).await;
    world.check("without a cut");
    assert_eq!(world.acknowledged.len() as u64, world.sent);
    let operations = disk.operations();
    assert!(operations > 300, "{operations}");

    let step = (operations / 400).max(1);
    for (seed, cut) in (0..operations).step_by(usize::try_from(step).unwrap()).enumerate() {
        let what = format!("cut after {cut} operations");
        let folder = tempfile::tempdir().unwrap();
        let mut disk = PowerDisk::new();
        let mut world = World::default();
        // A second cut comes while the log recovers from the first.
        for (round, cut) in [cut, 7 + cut % 90].into_iter().enumerate() {
            disk.cut_after(cut);
            disk.fail_once_after(cut * (seed as u64 % 7) / 7);
            if let Some(mut opened) = open(folder.path(), &disk) {
                world.work(&mut opened).await;
                close(opened).await;
            }
            disk = disk.after_power_cut(seed as u64 * 2 + round as u64);
        }
        let opened = try_open(folder.path(), OPTIONS, disk.handle());
        let mut opened = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(opened.recovery.set_aside.is_empty(), "{what}: {:?}", opened.recovery);
        assert!(!opened.recovery.checkpoint_damaged, "{what}");
        world.ship(&mut opened);
        world.check(&what);
        // And it goes on.
        let first = world.sent;
        world.sent += 10;
        append(&opened.wal, first..first + 10).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        world.acknowledged.extend(first..first + 10);
        world.ship(&mut opened);
        world.check(&what);
        close(opened).await;
    }
}

/// What a refused request leaves of its segments is not taken for entries that are missing.
#[tokio::test]
async fn a_request_of_several_segments_that_failed_leaves_no_gap_after_a_power_cut() {
    let mut refused = 0;
    for (fails, operations) in (0..10).flat_map(|fails| (1..7).map(move |operations| (fails, operations))) {
        let folder = tempfile::tempdir().unwrap();
        let disk = PowerDisk::new();
        let opened = open(folder.path(), &disk).unwrap();
        append(&opened.wal, 0..3).await.unwrap();
        disk.fail_sync_and_cut(fails, operations);
        refused += u32::from(append(&opened.wal, 3..703).await.is_err());
        close(opened).await;
        for seed in 0..8 {
            let disk = disk.look_after_power_cut(seed);
            let mut opened = open(folder.path(), &disk).unwrap();
            let mut world = World { sent: 703, acknowledged: (0..3).collect(), ..World::default() };
            world.ship(&mut opened);
            world.check(&format!(
                "sync {fails} failed, power went {operations} operations later, seed {seed}"
            ));
            close(opened).await;
        }
    }
    assert!(refused > 0);
}
