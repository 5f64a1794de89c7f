//! The node's log: from here on an event is safe.
//!
//! Promises, in the order they are made good:
//!
//! 1. **No caller hears "ok" before the flush.** One writer thread takes what waits, checks each event id, gives seq and chain,
//!    applies each caller's drafts whole, flushes once for all of them, and only then answers ([`Log::append`]).
//! 2. **Bytes are made once.** A record is encoded when it is sealed, stored, hashed and read as it is.
//! 3. **An id counts once.** The same content again gets the first answer, with `duplicate`; other content is refused.
//! 4. **What is wrong is told, never repaired.** A log that was shortened, changed or emptied refuses to append and says which
//!    seq, expected and found ([`Finding`]); reads go on. After an I/O error it is read-only until a restart.
//!
//! What happens never here: the network, projections, and the wall clock deciding order.
//!
//! Reading order: the key table ([`keys`](self)), the seam to the store ([`store`]), pages and ids; the writer and what it does
//! (append, decisions, epochs); opening and its checks (directory, high-water mark, recovery).

mod append;
mod decisions;
mod directory;
mod environment;
mod epochs;
mod filter;
mod finding;
mod high_water;
mod ids;
mod keys;
pub mod memory;
mod page;
mod read;
mod recovery;
mod shared;
mod sled_store;
pub mod store;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::Draft;
use comptoir_core::id::EventId;
use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_core::position::{Epoch, Marks, Seq};
use comptoir_core::time::Timestamp;
use crossbeam_channel::{Sender, TrySendError};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

pub use directory::Identity;
pub use environment::{Environment, FreeSpace};
pub use epochs::EpochHead;
pub use finding::Finding;
pub use read::{Found, Pending, ReadError, Sealed};
pub use shared::{Check, State, Status};

use shared::Shared;
use store::StoreError;
use writer::Command;

/// When a full queue is worth another try.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Where a log is and whose it is.
#[derive(Clone)]
pub struct LogConfig {
    /// The log's own directory; created at first start.
    pub dir: PathBuf,
    /// Kept at first start, refused when changed later.
    pub identity: Identity,
    /// What keeps the bytes.
    pub backend: Backend,
    /// Below which free space appends are refused.
    pub low_disk: LowDisk,
    /// Callers that may wait for the writer; one more is told to come back.
    pub queue_len: usize,
}

impl LogConfig {
    /// sled in a directory, with the default limits.
    pub fn new(dir: impl Into<PathBuf>, identity: Identity) -> LogConfig {
        LogConfig {
            dir: dir.into(),
            identity,
            backend: Backend::Sled { cache_bytes: 48 * 1024 * 1024 },
            low_disk: LowDisk::default(),
            queue_len: 1_024,
        }
    }
}

/// What keeps the log's bytes.
#[derive(Clone)]
pub enum Backend {
    /// sled, made durable by `durable-sys`.
    Sled {
        /// sled's page cache. Its own default is a gigabyte.
        cache_bytes: u64,
    },
    /// Memory with injected faults, for tests. The lock, the registration and the high-water mark are files all the same.
    Memory(memory::MemDisk),
}

/// Appends are refused when either limit is passed: room is left for reads, for sled's own files and for the operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LowDisk {
    /// Of the file system, in percent.
    pub free_percent_min: u64,
    /// In bytes.
    pub free_bytes_min: u64,
}

impl Default for LowDisk {
    fn default() -> Self {
        LowDisk { free_percent_min: 5, free_bytes_min: 200 * 1024 * 1024 }
    }
}

/// A draft's place in the log: durable when a caller sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The draft's id.
    pub event_id: EventId,
    /// The number of the epoch it was sealed in; a duplicate may stand in an older one.
    pub epoch: u32,
    /// The record's number.
    pub seq: Seq,
    /// The chain after the record.
    pub chain: ChainHash,
    /// Whether it stood there already: a retry.
    pub duplicate: bool,
}

/// A draft whose id is taken by other content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reused {
    /// Which draft of the list, from 0.
    pub index: usize,
    /// Its id.
    pub id: EventId,
    /// The epoch of the record that has the id.
    pub epoch: u32,
    /// The seq of the record that has the id, or would have had it from the same list.
    pub seq: Seq,
}

/// Why drafts were not appended. None of the list was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Too much waits to be written.
    #[error("the log's queue is full, try again in {} s", retry_after.as_secs())]
    Busy {
        /// When a retry is worth it.
        retry_after: Duration,
    },
    /// The disk is nearly full. Reads go on.
    #[error("{free_bytes} bytes are free on the log's disk, it needs {needed_bytes}")]
    DiskLow {
        /// What is free.
        free_bytes: u64,
        /// What has to be.
        needed_bytes: u64,
    },
    /// The log failed its check or a write, or is closed. Whether these drafts reached the disk is not known.
    #[error("the log is read-only: {reason}")]
    ReadOnly {
        /// The finding or the I/O error.
        reason: String,
    },
    /// The list does not fit one batch.
    #[error("{got} {what} are more than {max}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        got: usize,
        /// What is allowed.
        max: usize,
    },
    /// A draft that the record's format has no room for. The types allow none; a defect of ours.
    #[error("{id} cannot be sealed: {error}")]
    Unencodable {
        /// The draft's id.
        id: EventId,
        /// The encoder's words.
        error: String,
    },
    /// Some ids were used before, for other content.
    #[error("{} of the ids were used before for other content, the first is {}", .0.len(), .0[0].id)]
    EventIdReused(Vec<Reused>),
}

/// Why decisions were not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// The writer has too much to do.
    #[error("the log's queue is full, try again in {} s", retry_after.as_secs())]
    Busy {
        /// When a retry is worth it.
        retry_after: Duration,
    },
    /// The mark would pass what is on disk.
    #[error("epoch {epoch}: records are durable up to seq {durable}, decisions came up to {up_to}")]
    NotDurable {
        /// The epoch's number.
        epoch: u32,
        /// The mark asked for.
        up_to: Seq,
        /// The last record that is there.
        durable: Seq,
    },
    /// A record up to the mark would be without a decision.
    #[error("epoch {epoch}: the decision of seq {seq} is missing")]
    Missing {
        /// The epoch's number.
        epoch: u32,
        /// Which record's.
        seq: Seq,
    },
    /// A decision that does not fit one batch.
    #[error("the decision of seq {seq} has {got} bytes, more than {max}")]
    TooLarge {
        /// Which record's.
        seq: Seq,
        /// Its size.
        got: usize,
        /// What is allowed.
        max: usize,
    },
    /// The log failed its check or a write, or is closed.
    #[error("the log is read-only: {reason}")]
    ReadOnly {
        /// The finding or the I/O error.
        reason: String,
    },
}

/// Why no new epoch was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EpochError {
    /// The writer has too much to do.
    #[error("the log's queue is full, try again in {} s", retry_after.as_secs())]
    Busy {
        /// When a retry is worth it.
        retry_after: Duration,
    },
    /// The reason goes into the epoch's first record, which has room for 200 characters.
    #[error("a reason has 1 to 200 characters, got {got}")]
    Reason {
        /// How many there were.
        got: usize,
    },
    /// What has to be sealed again is damaged itself.
    #[error("what has to be sealed again is damaged: {0}")]
    Damaged(Finding),
    /// A write failed, or the log is closed.
    #[error("the log is read-only: {reason}")]
    ReadOnly {
        /// The I/O error.
        reason: String,
    },
}

/// Why a log does not open at all. A log that opens but failed its check refuses appends instead, see [`State::Damaged`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has it open.
    #[error("another process holds {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A log was registered here, and its files are gone. A new one would use seqs again that central already holds.
    #[error("a log was registered here, and {} is missing", path.display())]
    Missing {
        /// Where its files should be.
        path: PathBuf,
    },
    /// There are files, but they hold no log: emptied, or something else's.
    #[error("a log was registered here, and {} holds none", path.display())]
    Emptied {
        /// Where its files should be.
        path: PathBuf,
    },
    /// The setting was given other than at the first start.
    #[error("{setting} was {kept} when this log was created, and is now {given}")]
    IdentityChanged {
        /// Which setting.
        setting: &'static str,
        /// What the log was created for.
        kept: Uuid,
        /// What was given now.
        given: Uuid,
    },
    /// A write and a flush went by without a call of `fdatasync`: an acknowledgement would be worth nothing.
    #[error("the store's flush does not reach the disk: the exported sync_file_range was not called")]
    FlushNotDurable,
    /// A file could not be used.
    #[error("cannot {doing} {}: {error}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// The store does not open, or its first rows do not read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The end of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The open epoch.
    pub epoch: Epoch,
    /// How far its records have come.
    pub marks: Marks,
    /// The chain after the last durable record.
    pub chain: ChainHash,
}

/// A node's log, open in this process. Clones share it; it closes when the last is dropped.
#[derive(Clone)]
pub struct Log(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    commands: Mutex<Option<Sender<Command>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Log {
    /// Opens the log, or creates it at the first start, and checks it.
    pub fn open(config: LogConfig, environment: Environment) -> Result<Log, OpenError> {
        recovery::open(config, environment)
    }

    /// Appends drafts, all or none. When this returns they are on the disk, in their order and without another record between them.
    pub async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, AppendError> {
        if drafts.len() > LIST_DRAFTS_MAX {
            return Err(AppendError::TooLarge { what: "drafts", got: drafts.len(), max: LIST_DRAFTS_MAX });
        }
        let (reply, answer) = oneshot::channel();
        match self.submit(Command::Append { drafts, reply }) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(AppendError::ReadOnly { reason: closed() })),
            Err(Refusal::Busy) => Err(AppendError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Refusal::Closed) => Err(AppendError::ReadOnly { reason: closed() }),
        }
    }

    /// Stores what central decided and raises `acked` to `up_to`, in one step for each part of the list. Every record after the
    /// present mark up to `up_to` needs its decision; decisions of records up to the mark are ignored, since a decision never changes.
    pub async fn store_decisions(
        &self,
        epoch: u32,
        up_to: Seq,
        decisions: Vec<(Seq, Vec<u8>)>,
    ) -> Result<(), DecideError> {
        let (reply, answer) = oneshot::channel();
        match self.submit(Command::Decide { epoch, up_to, decisions, reply }) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(DecideError::ReadOnly { reason: closed() })),
            Err(Refusal::Busy) => Err(DecideError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Refusal::Closed) => Err(DecideError::ReadOnly { reason: closed() }),
        }
    }

    /// Opens a new epoch and seals the open epoch's unacknowledged events in it again, with the same event ids, so that no seq is
    /// ever used twice: after a restore or a fork. `previous` is the old epoch's head as central holds it. It is also the way out of [`State::Damaged`].
    pub async fn open_epoch_and_reseal(
        &self,
        previous: Option<EpochHead>,
        reason: impl Into<String>,
    ) -> Result<Epoch, EpochError> {
        let reason = reason.into();
        let got = reason.chars().count();
        if !(1..=200).contains(&got) {
            return Err(EpochError::Reason { got });
        }
        let (reply, answer) = oneshot::channel();
        match self.submit(Command::OpenEpoch { previous, reason, reply }) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(EpochError::ReadOnly { reason: closed() })),
            Err(Refusal::Busy) => Err(EpochError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Refusal::Closed) => Err(EpochError::ReadOnly { reason: closed() }),
        }
    }

    /// The end of the log as it is now.
    pub fn head(&self) -> Head {
        *self.0.shared.head.borrow()
    }

    /// Wakes its holder whenever the head moves: on append, on decisions, on a new epoch.
    pub fn watch(&self) -> watch::Receiver<Head> {
        self.0.shared.head.subscribe()
    }

    /// Every epoch, oldest first; the last is open.
    pub fn epochs(&self) -> Vec<Epoch> {
        self.0.shared.epochs()
    }

    /// Durable records of an epoch from a seq on, each checked against the chain. At least one if there is one, however large.
    pub fn read(&self, epoch: u32, from: Seq, records_max: usize, bytes_max: usize) -> Result<Vec<Sealed>, ReadError> {
        read::records(&self.0.shared, epoch, from, records_max, bytes_max)
    }

    /// The newest record of an event id, with its decision if there is one.
    pub fn find(&self, id: EventId) -> Result<Option<Found>, ReadError> {
        read::find(&self.0.shared, id)
    }

    /// The stored decision of a record.
    pub fn decision(&self, epoch: u32, seq: Seq) -> Result<Option<Vec<u8>>, ReadError> {
        decisions::read(&*self.0.shared.store, epoch, seq).map_err(ReadError::Store)
    }

    /// How far an epoch's records are decided by central.
    pub fn acked(&self, epoch: u32) -> Result<Seq, ReadError> {
        decisions::acked(&*self.0.shared.store, epoch).map_err(ReadError::Store)
    }

    /// How many events wait for central, and since when.
    pub fn pending(&self) -> Result<Pending, ReadError> {
        read::pending(&self.0.shared)
    }

    /// How the log is.
    pub fn status(&self) -> Status {
        self.0.shared.status()
    }

    /// Whose log it is.
    pub fn identity(&self) -> Identity {
        self.0.shared.identity
    }

    /// The node's public Ed25519 key, as its first push pins it.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.shared.public_key()
    }

    /// Writes what waits, then closes. Other clones get `ReadOnly` from then on.
    pub fn close(&self) {
        self.0.close();
    }

    /// The time the log's own clock shows.
    pub fn now(&self) -> Timestamp {
        self.0.shared.environment.now()
    }

    fn submit(&self, command: Command) -> Result<(), Refusal> {
        let commands = self.0.commands.lock().unwrap_or_else(PoisonError::into_inner);
        match commands.as_ref().map(|commands| commands.try_send(command)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(Refusal::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(Refusal::Closed),
        }
    }
}

enum Refusal {
    Busy,
    Closed,
}

fn closed() -> String {
    "it was closed".to_owned()
}

impl Handle {
    fn close(&self) {
        self.shared.stop();
        drop(self.commands.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("A thread of the log had panicked before the log was closed");
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}
