//! A disk that is full as the system has it: the log, the store and a stranger's file on one small file system.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rand::RngExt;

use crate::support::process::Process;
use crate::support::query::Query;
use crate::support::{eventually, within};

const MOUNTED: &str = "LOGPIPELINE_SMALL_DISK";
const FLAGS: [&str; 4] = ["--max-entry=64KiB", "--wal-segment-size=1MiB", "--wal-size=24MiB", "--grace=2s"];
/// Entries a request.
const BATCH: u64 = 50;

/// In a mount namespace of its own, so that nothing is left behind however the test ends.
fn with_a_small_disk(namespace: &[&str], folder: &Path, then: &str) -> std::io::Result<Output> {
    let mount = format!("mount -t tmpfs -o size=64m small \"${MOUNTED}\" && {then}");
    let mut command = Command::new("unshare");
    command.args(namespace).args(["--", "sh", "-c", &mount]).arg(std::env::current_exe()?);
    command.env(MOUNTED, folder).output()
}

#[test]
fn on_a_full_disk_nothing_acknowledged_is_lost_and_all_goes_on_by_itself_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    // Root may mount where the machine lets it, others in a user namespace of their own.
    let namespaces = [&["--mount"][..], &["--user", "--map-root-user", "--mount"]];
    let mounts = |namespace: &&[&str]| {
        with_a_small_disk(namespace, folder.path(), "true").is_ok_and(|output| output.status.success())
    };
    let Some(namespace) = namespaces.into_iter().find(mounts) else {
        panic!(
            "no small file system can be mounted here, so that nothing is known of a full disk: run the test as root \
             with leave to mount, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), and have \
             unshare and mount of util-linux"
        );
    };
    let inside = r#"exec "$0" --exact small_disk::with_log_and_store_on_a_small_disk --ignored"#;
    let output = with_a_small_disk(namespace, folder.path(), inside).unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Takes room on the disk, all of it or all but some.
fn ballast(disk: &Path, name: &str, spared: u64) -> PathBuf {
    let path = disk.join(name);
    let mut file = File::create(&path).unwrap();
    let spare = disk.join("spare");
    std::fs::write(&spare, vec![0; spared as usize]).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    std::fs::remove_file(spare).unwrap();
    path
}

/// Sends batches of entries that hardly compress.
#[derive(Default)]
struct Sender {
    client: reqwest::Client,
    sent: u64,
    acknowledged: Vec<String>,
    refusals: u64,
}

impl Sender {
    /// Sends a batch; whether it was acknowledged. Otherwise it was refused for want of room.
    async fn send(&mut self, process: &Process) -> bool {
        let mut random = rand::rng();
        let messages: Vec<String> =
            (self.sent..self.sent + BATCH).map(|number| format!("entry {number}")).collect();
        self.sent += BATCH;
        let mut body = String::new();
        for message in &messages {
            let noise: String = (0..24).map(|_| format!("{:016x}", random.random::<u64>())).collect();
            body += &format!("{{\"message\":\"{message}\",\"noise\":\"{noise}\"}}\n");
        }
        let request = self.client.post(format!("http://{}/logs", process.address)).body(body);
        let answer = request.send().await.unwrap();
        let (status, wait) = (answer.status().as_u16(), answer.headers().get("retry-after").cloned());
        if status == 202 {
            self.acknowledged.extend(messages);
            return true;
        }
        let text = answer.text().await.unwrap();
        assert!(status == 507 && text.contains("urn:logpipeline:problem:disk-full"), "{status}: {text}");
        assert!(wait.is_some(), "{text}");
        self.refusals += 1;
        false
    }

    async fn send_for(&mut self, process: &Process, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.send(process).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "on_a_full_disk_… runs it, where a small file system is mounted"]
async fn with_log_and_store_on_a_small_disk() {
    let disk = PathBuf::from(std::env::var(MOUNTED).unwrap());
    let data = disk.join("data");
    let mut sender = Sender::default();
    let mut process = Process::start(&data, &FLAGS);
    assert!(sender.send(&process).await);
    eventually("the first are stored", async || process.delivery().await["waiting"] == 0).await;

    // Log and store fill what others leave them,
    let others = ballast(&disk, "others", 14 << 20);
    while sender.send(&process).await {
        assert!(sender.sent < 200_000, "the disk never fills");
    }
    let own = sender.acknowledged.len();
    assert!(own > 1_000, "{own} entries until the disk was full");
    // and then others take the last byte.
    let last = ballast(&disk, "last", 0);
    sender.send_for(&process, Duration::from_secs(2)).await;
    assert!(sender.refusals > 5, "{}", sender.refusals);
    let figures = process.delivery().await;
    assert_eq!(figures["received"], sender.acknowledged.len(), "{figures}");

    // It starts on a full disk, after a kill and after an orderly end.
    process.kill();
    process = Process::start(&data, &FLAGS);
    sender.send_for(&process, Duration::from_secs(1)).await;
    process.signal("TERM");
    assert!(process.wait().success(), "{:?}", process.log.lock().unwrap());
    drop(process);
    let process = Process::start(&data, &FLAGS);
    let refused = sender.refusals;
    sender.send_for(&process, Duration::from_secs(1)).await;
    assert!(sender.refusals > refused, "the disk is still full");
    let query = Query::start(&data, &[]).await;
    eventually("what was stored is found on a full disk", async || query.finds("entry 0", 1).await).await;

    std::fs::remove_file(last).unwrap();
    std::fs::remove_file(others).unwrap();
    let begun = Instant::now();
    let mut again = async || sender.send(&process).await;
    within(Duration::from_secs(15), "entries are taken again", &mut again).await;
    let taken = begun.elapsed();
    let shipped = async || process.delivery().await["waiting"] == 0;
    within(Duration::from_secs(60), "everything is stored", shipped).await;
    let figures = process.delivery().await;
    assert_eq!(figures["received"], sender.acknowledged.len(), "{figures}");
    assert_eq!(figures["stored"], sender.acknowledged.len(), "{figures}");
    assert_eq!(figures["deadLettered"], 0, "{figures}");

    let all = sender.acknowledged.len() as u64;
    eventually("all of it is found", async || query.total("").await == all).await;
    let mut found: HashMap<String, u64> = HashMap::new();
    for message in query.messages().await {
        *found.entry(message).or_default() += 1;
    }
    assert!(sender.acknowledged.iter().all(|message| found.get(message) == Some(&1)), "lost or doubled");
    assert_eq!(found.len(), sender.acknowledged.len(), "what was refused is not found");
    writeln!(
        std::io::stdout(),
        "{own} entries until the disk was full, {} refusals, taken again after {taken:?}",
        sender.refusals
    )
    .unwrap();
}
