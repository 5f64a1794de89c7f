//! The agent's rules, against a central in memory that fails by a script. Time is tokio's paused clock: nothing sleeps.

mod central;
mod certificates;
mod down;
mod incidents;
mod line;
mod node;
mod notifying;
mod pulling;
mod results;
mod users;

use std::sync::Arc;
use std::time::Duration;

use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::sync_v1::RecordResult;
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Agent, AgentNotes, Phase, Puller, SyncState};
use crate::blobs::Blobs;
use crate::event_log::memory::MemDisk;
use crate::event_log::{Backend, Environment, FreeSpace, Identity, Log, LogConfig};
use central::{Central, SERVER_TIME};

fn identity() -> Identity {
    Identity {
        tenant: TenantId::from_bytes([1; 16]),
        site: SiteId::from_bytes([2; 16]),
        node: NodeId::from_bytes([3; 16]),
    }
}

/// The node's clock runs five seconds ahead of central's.
const AHEAD: i64 = 5_000_000;

/// A shop's log and its line to central.
struct Shop {
    dir: TempDir,
    disk: MemDisk,
    log: Log,
    central: Central,
    interval: Duration,
    agent: Option<JoinHandle<()>>,
    puller: Option<JoinHandle<()>>,
    state: watch::Receiver<SyncState>,
    retry: Arc<Notify>,
}

impl Shop {
    /// A new shop, whose agent does not run yet.
    fn new() -> Shop {
        let (dir, disk) = (TempDir::new().expect("a directory"), MemDisk::default());
        let log = open(&dir, &disk);
        let (_, state) = watch::channel(SyncState::new(Phase::Idle));
        let interval = Duration::from_secs(30);
        let central = Central::default();
        Shop { dir, disk, log, central, interval, agent: None, puller: None, state, retry: Arc::default() }
    }

    /// Starts the agent, as a process does.
    fn start(&mut self) -> &mut Shop {
        let mut recalled = SyncState::new(Phase::Idle);
        AgentNotes::load(&self.notes()).recall(&mut recalled);
        let (state, shown) = watch::channel(recalled);
        let agent = Agent::new(
            self.log.clone(),
            self.central.clone(),
            environment(),
            self.blobs(),
            self.interval,
            self.notes(),
            state,
        )
        .with_retry(self.retry.clone());
        (self.agent, self.state) = (Some(tokio::spawn(agent.run())), shown);
        self
    }

    /// Starts the way down alone.
    fn pull(&mut self) -> &mut Shop {
        let (state, shown) = watch::channel(SyncState::new(Phase::Idle));
        let puller = Puller::new(self.log.clone(), self.central.clone(), environment(), self.interval, state);
        (self.puller, self.state) = (Some(tokio::spawn(puller.run())), shown);
        self
    }

    /// Ends the way down wherever it is.
    async fn kill_puller(&mut self) {
        let puller = self.puller.take().expect("it runs");
        puller.abort();
        assert!(puller.await.is_err_and(|error| error.is_cancelled()), "it ends by being killed");
    }

    /// Ends the agent wherever it is.
    async fn kill(&mut self) {
        let agent = self.agent.take().expect("the agent runs");
        agent.abort();
        assert!(agent.await.is_err_and(|error| error.is_cancelled()), "it ends by being killed");
    }

    /// Cuts the power and opens the log again, with what was durable.
    fn after_a_power_cut(self) -> Shop {
        let Shop { dir, disk, log, central, interval, state, agent, puller, retry } = self;
        drop(log);
        disk.cut_power(0);
        Shop { log: open(&dir, &disk), dir, disk, central, interval, state, agent, puller, retry }
    }

    fn blobs(&self) -> Blobs {
        Blobs::new(self.dir.path())
    }

    fn notes(&self) -> std::path::PathBuf {
        self.dir.path().join("central.json")
    }

    /// Sells: each number is an event of its own.
    async fn sell(&self, numbers: std::ops::Range<u64>) {
        let numbers: Vec<u64> = numbers.collect();
        for some in numbers.chunks(100) {
            self.log.append(some.iter().copied().map(draft).collect()).await.expect("selling continues");
        }
    }

    /// Waits until central has answered for everything up to a seq, and the answers are durable.
    async fn acked(&self, seq: u64) {
        let mut heads = self.log.watch();
        heads.wait_for(|head| head.marks.acked == Seq(seq)).await.expect("the log is open");
    }

    /// Waits until the line looks so.
    async fn until(&mut self, looks: impl FnMut(&SyncState) -> bool) -> SyncState {
        self.state.wait_for(looks).await.expect("the agent runs").clone()
    }

    async fn until_alert(&mut self, code: &str) -> SyncState {
        self.until(|state| state.alert.as_ref().is_some_and(|issue| issue.code == code)).await
    }

    async fn until_stopped(&mut self) -> SyncState {
        self.until(|state| state.phase == Phase::Stopped).await
    }

    /// What is stored of central's decision about a record of the open epoch.
    fn decision(&self, seq: u64) -> Option<RecordResult> {
        let bytes = self.log.decision(self.log.head().epoch.number, Seq(seq)).expect("the log reads");
        bytes.map(|bytes| serde_json::from_slice(&bytes).expect("a stored result reads"))
    }
}

fn open(dir: &TempDir, disk: &MemDisk) -> Log {
    let config =
        LogConfig { backend: Backend::Memory(disk.clone()), ..LogConfig::new(dir.path().join("node"), identity()) };
    Log::open(config, environment()).expect("the log opens")
}

/// A stopped clock, no jitter, and room on the disk.
fn environment() -> Environment {
    Environment {
        clock: Arc::new(|| Timestamp(SERVER_TIME.0 + AHEAD)),
        steady: None,
        random: Arc::new(|bytes| {
            bytes.fill(0);
            Ok(())
        }),
        free_space: Arc::new(|_| Ok(FreeSpace { free_bytes: 900 << 30, total_bytes: 1 << 40 })),
    }
}

fn id(number: u64) -> EventId {
    EventId::new(Uuid::from_u64_pair(7, number))
}

fn draft(number: u64) -> Draft {
    let name = |text: &str| Name::new(text).expect("a name");
    let content = Content {
        site: Some(identity().site),
        ..Content::new(
            name("NOTE"),
            name(&format!("n-{number}")),
            name("CREATE"),
            format!(r#"{{"number":{number}}}"#).into_bytes(),
        )
    };
    Draft { id: id(number), occurred_at: None, content }
}
