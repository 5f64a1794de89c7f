//! What the writer, the readers and the background check share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comptoir_core::position::Epoch;
use ed25519_dalek::SigningKey;
use tokio::sync::watch;

use super::clock::ClockState;
use super::directory::{Directory, Identity};
use super::environment::{Environment, FreeSpace};
use super::finding::Finding;
use super::ids::Ids;
use super::queue::Queue;
use super::store::Store;
use super::{Head, LowDisk};

/// Whether the log takes appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It does.
    Open,
    /// A check found something: reads go on, appends are refused until an operator has dealt with it or a new epoch is opened.
    Damaged(Finding),
    /// A write or flush failed: nothing is known about what reached the disk, so nothing is written before a restart.
    Failed {
        /// What failed.
        reason: String,
    },
}

impl State {
    /// Why appends are refused, if they are.
    pub fn refusal(&self) -> Option<String> {
        match self {
            State::Open => None,
            State::Damaged(finding) => Some(finding.to_string()),
            State::Failed { reason } => Some(reason.clone()),
        }
    }
}

/// How far the check of the whole chain has come, which runs behind every open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Still reading.
    Running {
        /// Records followed so far, over all epochs.
        records: u64,
    },
    /// Every record of every epoch fits.
    Clean {
        /// How many there were.
        records: u64,
    },
    /// It stopped here.
    Found(Finding),
    /// The log was closed before it was done.
    Stopped,
}

/// How the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whether it takes appends.
    pub state: State,
    /// The check of the whole chain.
    pub check: Check,
    /// The end of the log.
    pub head: Head,
    /// How often it was opened.
    pub boot: u64,
    /// Room on its disk, if that can be told.
    pub disk: Option<FreeSpace>,
    /// Whether appends are refused for want of room.
    pub disk_low: bool,
}

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) environment: Environment,
    pub(crate) identity: Identity,
    pub(crate) head: watch::Sender<Head>,
    pub(crate) ids: Arc<Ids>,
    pub(crate) boot: u64,
    pub(crate) queue: Queue,
    key: SigningKey,
    dir: PathBuf,
    low_disk: LowDisk,
    epochs: Mutex<Vec<Epoch>>,
    health: Mutex<(State, Check)>,
    clock: Mutex<Option<ClockState>>,
    stopping: AtomicBool,
    /// Released last: the store is closed before another process may open it.
    _directory: Directory,
}

/// What [`Shared`] is made of at open.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) environment: Environment,
    pub(crate) identity: Identity,
    pub(crate) head: Head,
    pub(crate) ids: Arc<Ids>,
    pub(crate) boot: u64,
    pub(crate) key: SigningKey,
    pub(crate) dir: PathBuf,
    pub(crate) low_disk: LowDisk,
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) state: State,
    pub(crate) directory: Directory,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Shared {
        Shared {
            store: parts.store,
            environment: parts.environment,
            identity: parts.identity,
            head: watch::Sender::new(parts.head),
            ids: parts.ids,
            boot: parts.boot,
            queue: Queue::default(),
            key: parts.key,
            dir: parts.dir,
            low_disk: parts.low_disk,
            epochs: Mutex::new(parts.epochs),
            health: Mutex::new((parts.state, Check::Running { records: 0 })),
            clock: Mutex::default(),
            stopping: AtomicBool::new(false),
            _directory: parts.directory,
        }
    }

    pub(crate) fn epochs(&self) -> Vec<Epoch> {
        self.epochs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add_epoch(&self, epoch: Epoch) {
        self.epochs.lock().unwrap_or_else(PoisonError::into_inner).push(epoch);
    }

    /// What is known of the machine's clock, once the writer has looked at it.
    pub(crate) fn clock(&self) -> Option<ClockState> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_clock(&self, state: ClockState) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn state(&self) -> State {
        self.health().0.clone()
    }

    /// A finding never hides a failed write, and a first finding is not replaced by what follows from it.
    pub(crate) fn damaged(&self, finding: Finding) {
        tracing::error!(%finding, "The log failed its check and refuses appends: {finding}");
        let mut health = self.health();
        if health.0 == State::Open {
            health.0 = State::Damaged(finding);
        }
    }

    pub(crate) fn failed(&self, reason: String) {
        tracing::error!(%reason, "The log is read-only until it is restarted: {reason}");
        self.health().0 = State::Failed { reason };
    }

    /// A new epoch answers a finding: what was found lies behind it.
    pub(crate) fn healed_by_new_epoch(&self) {
        self.health().0 = State::Open;
    }

    pub(crate) fn checked(&self, check: Check) {
        self.health().1 = check;
    }

    pub(crate) fn status(&self) -> Status {
        let disk = (self.environment.free_space)(&self.dir).ok();
        let (state, check) = self.health().clone();
        let disk_low = self.disk_low().is_some();
        Status { state, check, head: *self.head.borrow(), boot: self.boot, disk, disk_low }
    }

    /// What is free and what has to be, where there is too little. A probe that fails does not stop sales: the write will tell.
    pub(crate) fn disk_low(&self) -> Option<(u64, u64)> {
        let found = (self.environment.free_space)(&self.dir).ok()?;
        let needed = self.low_disk.needed_of(found.total_bytes);
        (found.free_bytes < needed).then_some((found.free_bytes, needed))
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn health(&self) -> MutexGuard<'_, (State, Check)> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
