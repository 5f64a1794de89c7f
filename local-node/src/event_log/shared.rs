use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comptoir_core::chain::ChainHash;
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::status_v1::MissingRecords;
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::sync::watch;

use super::clock_state::ClockState;
use super::directory::{Directory, Identity};
use super::environment::{Environment, FreeSpace};
use super::epochs::{Closed, EpochRow};
use super::errors::ReadError;
use super::finding::Finding;
use super::ids::Ids;
use super::queue::Queue;
use super::secret_key::SecretKey;
use super::store::Store;
use super::{Head, LowDisk};

/// Whether the log takes appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The log takes appends.
    Open,
    /// A check found damage: reads continue, appends are refused until an operator acts or a new epoch is opened.
    Damaged(Finding),
    /// A write or flush failed: nothing is known about what reached the disk, so nothing is written before a restart.
    Failed {
        /// The failed operation and its error.
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

    /// The missing records, if that is the damage.
    pub fn missing(&self) -> Option<MissingRecords> {
        match self {
            State::Damaged(finding) => finding.missing(),
            State::Open | State::Failed { .. } => None,
        }
    }
}

/// Progress of the check of the whole chain, which runs after every open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Still reading.
    Running {
        /// Records followed so far, over all epochs.
        records: u64,
    },
    /// Every record of every epoch fits.
    Clean {
        /// Number of records.
        records: u64,
    },
    /// The check found a defect.
    Found(Finding),
    /// The log was closed before it was done.
    Stopped,
}

/// State of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whether the log takes appends.
    pub state: State,
    /// The check of the whole chain.
    pub check: Check,
    /// The end of the log.
    pub head: Head,
    /// How often the log was opened.
    pub boot: u64,
    /// Free space of its disk, if it can be read.
    pub disk: Option<FreeSpace>,
    /// Whether appends are refused because the disk is nearly full.
    pub disk_low: bool,
}

pub(crate) struct SharedLog {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) environment: Environment,
    pub(crate) identity: Identity,
    pub(crate) head: watch::Sender<Head>,
    pub(crate) ids: Arc<Ids>,
    pub(crate) boot: u64,
    pub(crate) queue: Queue,
    key: SigningKey,
    pub(crate) secret_key: SecretKey,
    pub(crate) derivation_root: [u8; 32],
    dir: PathBuf,
    low_disk: LowDisk,
    epochs: Mutex<Vec<EpochRow>>,
    health: Mutex<(State, Check)>,
    clock: Mutex<Option<ClockState>>,
    stopping: AtomicBool,
    /// Whether the node was taken out of use: no record is added any more, and decisions are still stored.
    retired: AtomicBool,
    /// Released last: the store is closed before another process may open it.
    _directory: Directory,
}

/// The parts of [`SharedLog`] at open.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) environment: Environment,
    pub(crate) identity: Identity,
    pub(crate) head: Head,
    pub(crate) ids: Arc<Ids>,
    pub(crate) boot: u64,
    pub(crate) key: SigningKey,
    pub(crate) secret_key: SecretKey,
    pub(crate) derivation_root: [u8; 32],
    pub(crate) dir: PathBuf,
    pub(crate) low_disk: LowDisk,
    pub(crate) epochs: Vec<EpochRow>,
    pub(crate) state: State,
    pub(crate) directory: Directory,
}

impl SharedLog {
    pub(crate) fn new(parts: Parts) -> SharedLog {
        SharedLog {
            store: parts.store,
            environment: parts.environment,
            identity: parts.identity,
            head: watch::Sender::new(parts.head),
            ids: parts.ids,
            boot: parts.boot,
            queue: Queue::default(),
            key: parts.key,
            secret_key: parts.secret_key,
            derivation_root: parts.derivation_root,
            dir: parts.dir,
            low_disk: parts.low_disk,
            epochs: Mutex::new(parts.epochs),
            health: Mutex::new((parts.state, Check::Running { records: 0 })),
            clock: Mutex::default(),
            stopping: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            _directory: parts.directory,
        }
    }

    pub(crate) fn epochs(&self) -> Vec<Epoch> {
        self.epoch_rows().iter().map(|row| row.epoch).collect()
    }

    pub(crate) fn add_epoch(&self, epoch: Epoch, closed: Closed) {
        self.epoch_rows().push(EpochRow { epoch, closed: Some(closed) });
    }

    /// The end of a closed epoch; `None` for the open one.
    pub(crate) fn closed(&self, epoch: u32) -> Option<Closed> {
        self.epoch_rows().iter().filter_map(|row| row.closed).find(|closed| closed.epoch == epoch)
    }

    /// The last durable record of an epoch: the head's for the open one. Zero for an unknown epoch.
    pub(crate) fn end_of(&self, epoch: u32) -> (Seq, Option<ChainHash>) {
        match self.closed(epoch) {
            Some(closed) => (closed.seq, Some(closed.chain)),
            None => {
                let head = *self.head.borrow();
                if head.epoch.number == epoch { (head.marks.durable, Some(head.chain)) } else { (Seq::ZERO, None) }
            }
        }
    }

    fn epoch_rows(&self) -> MutexGuard<'_, Vec<EpochRow>> {
        self.epochs.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Signs with the node's key.
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.key.sign(text).to_bytes()
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    pub(crate) fn state(&self) -> State {
        self.health().0.clone()
    }

    /// A finding never hides a failed write, and a first finding is not replaced by what follows from it.
    pub(crate) fn damaged(&self, finding: Finding) {
        let mut health = self.health();
        // The check covered the state at open; a later read found damage.
        if matches!(health.1, Check::Clean { .. }) {
            health.1 = Check::Found(finding.clone());
        }
        if health.0 == State::Open {
            tracing::error!(%finding, "The log is damaged and refuses appends: {finding}");
            health.0 = State::Damaged(finding);
        }
    }

    /// Returns a read's result, and records the damage that it met.
    pub(crate) fn noticing<T>(&self, read: Result<T, ReadError>) -> Result<T, ReadError> {
        match &read {
            Ok(_) => {}
            Err(ReadError::Damaged(finding)) => self.damaged(finding.clone()),
            Err(ReadError::Store(error)) => self.damaged(Finding::Store(error.clone())),
        }
        read
    }

    pub(crate) fn failed(&self, reason: String) {
        tracing::error!(%reason, "The log is read-only until it is restarted: {reason}");
        self.health().0 = State::Failed { reason };
    }

    /// A new epoch settles a finding, which precedes it.
    pub(crate) fn healed_by_new_epoch(&self) {
        self.health().0 = State::Open;
    }

    /// A log that is known to be damaged does not become clean by a check that did not reach the damage.
    pub(crate) fn checked(&self, check: Check) {
        let mut health = self.health();
        health.1 = match (&health.0, check) {
            (State::Damaged(finding), Check::Clean { .. }) => Check::Found(finding.clone()),
            (_, check) => check,
        };
    }

    pub(crate) fn status(&self) -> Status {
        let disk = (self.environment.free_space)(&self.dir).ok();
        let (state, check) = self.health().clone();
        let disk_low = self.disk_low().is_some();
        Status { state, check, head: *self.head.borrow(), boot: self.boot, disk, disk_low }
    }

    /// Free and required bytes if there is too little space. A failing probe does not stop sales: the write would report the
    /// error.
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
