//! A full disk under a whole node: every append gets an accurate error, acknowledged events stay readable, and once there is
//! room the node accepts appends again, without help or after the restart that the operators' page asks for. Tried twice: on a
//! small ext4 file system that is filled to its last block while producers append, and in a process whose every file write is
//! denied (RLIMIT_FSIZE), which needs no privileges and always fails the log's writes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, ensure};
use comptoir_test_support::TestClient;
use comptoir_test_support::processes::RunningServer;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ext4;
use crate::summary::announce;

/// The codes that may refuse an append: each says that nothing was stored, or that the outcome is unknown.
const REFUSALS: [&str; 4] = ["INSUFFICIENT_STORAGE", "LOG_READ_ONLY", "QUEUE_FULL", STORE_UNAVAILABLE];
/// sled completes a page split at its next visit, reads included: after a failed write it refuses such reads until it is
/// reopened, and an edit reads before it appends.
const STORE_UNAVAILABLE: &str = "STORE_UNAVAILABLE";
const PRODUCERS: usize = 16;
/// Refusals that a producer gets before it pauses.
const REFUSED_MAX: usize = 5;
/// Events acknowledged before the disk fills up, and again after there is room.
const APPENDS: u64 = 200;

/// Seq and chain by event.
type Acks = BTreeMap<String, (u64, String)>;

/// How the disk is made full.
enum Rig {
    Mount(ext4::Disk, PathBuf),
    Limit(PathBuf),
}

impl Rig {
    fn path(&self) -> &Path {
        match self {
            Rig::Mount(disk, _) => disk.path(),
            Rig::Limit(path) => path,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Rig::Mount(..) => "full disk",
            Rig::Limit(_) => "writes denied",
        }
    }

    /// Fills the disk to its last block.
    fn fill(&self, node: &RunningServer) -> anyhow::Result<()> {
        match self {
            Rig::Mount(_, filler) => {
                let left = rustix::fs::statvfs(self.path())?;
                let mut file = File::create(filler)?;
                // Nearly all at once. The file system reserves some blocks for itself; the small writes find them.
                let _refused_when_others_were_faster =
                    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, left.f_bavail * left.f_frsize);
                std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
                while file.write_all(&[7; 4096]).is_ok() {}
                Ok(())
            }
            Rig::Limit(_) => limit(node, "0"),
        }
    }

    fn make_room(&self, node: &RunningServer) -> anyhow::Result<()> {
        match self {
            Rig::Mount(_, filler) => Ok(std::fs::remove_file(filler)?),
            Rig::Limit(_) => limit(node, "unlimited"),
        }
    }
}

/// Sets the soft limit, which the owner may raise again.
fn limit(node: &RunningServer, bytes: &str) -> anyhow::Result<()> {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &node.pid().to_string()]).arg(format!("--fsize={bytes}:unlimited"));
    let output = command.output().context("prlimit is part of util-linux")?;
    ensure!(output.status.success(), "prlimit: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn a_node_on_a_full_disk_reports_it_loses_nothing_and_recovers() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    match ext4::Disk::create(folder.path(), "96M") {
        Ok(disk) => goes_through(&Rig::Mount(disk, folder.path().join("disk/filler"))),
        Err(refusal) => {
            announce(&format!(
                "NO FULL DISK on a loop mount here ({refusal:#}): every write is denied instead, in the other test"
            ));
            Ok(())
        }
    }
}

/// Regression: its own log lines cannot be written either. Reporting that once panicked in the log's writer, and appends waited
/// for two minutes.
#[test]
fn a_node_whose_writes_are_denied_reports_it_loses_nothing_and_recovers() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    goes_through(&Rig::Limit(folder.path().join("denied")))
}

fn goes_through(rig: &Rig) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut node = RunningServer::node_alone(rig.path());
    let (mut acks, mut refused, mut restarts, mut unread) = (Acks::new(), BTreeMap::new(), 0, 0);
    let rounds = crate::rounds().div_ceil(10);
    for _ in 0..rounds {
        let enough = Arc::new(AtomicU64::new(0));
        let producers: Vec<_> =
            (0..PRODUCERS).map(|_| runtime.spawn(produce(node.url.clone(), Arc::clone(&enough)))).collect();
        while enough.load(Ordering::Relaxed) < APPENDS && !producers.iter().any(|producer| producer.is_finished()) {
            std::thread::yield_now();
        }
        rig.fill(&node)?;
        for producer in producers {
            let (acked, codes) = runtime.block_on(producer)??;
            acks.extend(acked);
            codes.into_iter().for_each(|code| *refused.entry(code).or_insert(0u64) += 1);
        }
        unread += runtime.block_on(assert_readable(&node, &acks, matches!(rig, Rig::Limit(_))))?;
        rig.make_room(&node)?;
        restarts += u64::from(runtime.block_on(append_after_freeing(&mut node, &mut acks))?);
        runtime.block_on(assert_readable(&node, &acks, false))?;
    }
    println!(
        "{}: {rounds} times, {} acknowledged, 0 lost, refused {refused:?}, {unread} reads refused, {restarts} restarts",
        rig.name(),
        acks.len()
    );
    assert!(!refused.is_empty(), "the disk was never full");
    Ok(())
}

/// Appends until a few appends were refused.
async fn produce(url: String, enough: Arc<AtomicU64>) -> anyhow::Result<(Acks, Vec<String>)> {
    let (http, mut acks, mut refused) = (TestClient::new(), Acks::new(), Vec::new());
    while refused.len() < REFUSED_MAX {
        match append(&http, &url).await? {
            Ok((id, ack)) => {
                acks.insert(id, ack);
                enough.fetch_add(1, Ordering::Relaxed);
            }
            Err(code) => refused.push(code),
        }
    }
    Ok((acks, refused))
}

/// Appends one event; returns its seq and chain, or the code of the refusal.
async fn append(http: &TestClient, url: &str) -> anyhow::Result<Result<(String, (u64, String)), String>> {
    let id = Uuid::now_v7().to_string();
    let client = json!({"id": id, "entity_id": id, "fields": {"name": "Dupont", "note": "x".repeat(2_000)}});
    let answer = http.post(format!("{url}/api/v1/clients")).json(&client).send().await?;
    let status = answer.status();
    let body: Value = answer.json().await?;
    if status.is_success() {
        return Ok(Ok((id, ack(&body["results"][0])?)));
    }
    let code = body["code"].as_str().unwrap_or_default().to_owned();
    ensure!(REFUSALS.contains(&code.as_str()), "{status}: {body}");
    Ok(Err(code))
}

fn ack(of: &Value) -> anyhow::Result<(u64, String)> {
    let (seq, chain) = (of["seq"].as_u64(), of["chain"].as_str());
    Ok((seq.with_context(|| of.to_string())?, chain.with_context(|| of.to_string())?.to_owned()))
}

/// Checks that every acknowledged event is still readable as acknowledged. Returns how many reads were refused, where the store
/// may have stopped.
async fn assert_readable(node: &RunningServer, acks: &Acks, may_be_unavailable: bool) -> anyhow::Result<usize> {
    let (http, mut unread) = (TestClient::new(), 0);
    for (id, acked) in acks {
        let event = http.get(format!("{}/api/v1/events/{id}", node.url)).send().await?;
        let (status, body) = (event.status(), event.json::<Value>().await?);
        if may_be_unavailable && body["code"] == STORE_UNAVAILABLE {
            unread += 1;
            continue;
        }
        ensure!(status.is_success(), "{id} at {acked:?}: {body}");
        let read = ack(&body)?;
        ensure!(read == *acked, "{id} was acknowledged at {acked:?} and is at {read:?}");
    }
    Ok(unread)
}

/// Appends now that there is room. Returns whether a restart was needed, which is expected after a failed write.
async fn append_after_freeing(node: &mut RunningServer, acks: &mut Acks) -> anyhow::Result<bool> {
    let (http, mut accepted, mut restarted) = (TestClient::new(), 0, false);
    while accepted < APPENDS {
        match append(&http, &node.url).await? {
            Ok((id, ack)) => {
                acks.insert(id, ack);
                accepted += 1;
            }
            Err(code) if (code == "LOG_READ_ONLY" || code == STORE_UNAVAILABLE) && !restarted => {
                node.kill_and_restart();
                restarted = true;
            }
            Err(code) => anyhow::bail!("there is room, but an append is refused with {code}: {}", node.words()),
        }
    }
    Ok(restarted)
}
