//! The node's log. It promises:
//!
//! 1. **No caller is answered "ok" before the flush.** One writer thread receives the commands, checks each event id, gives seq
//!    and chain, applies each caller's drafts whole, flushes once for all of them, and then answers ([`Log::append`]).
//! 2. **Bytes are made once.** A record is encoded when it is sealed, then stored, hashed and read unchanged.
//! 3. **An id counts once.** A repeated draft gets the first answer, with `duplicate`; other content under the same id is
//!    refused.
//! 4. **Damage is reported and never repaired.** A log that was shortened, changed or emptied refuses appends and names seq,
//!    expected and found ([`Finding`]); reads continue. After an I/O error it is read-only until a restart.
//!
//! The log uses no network and no projections, and the wall clock never decides order.
//!
//! The same tree and thread also hold data that belongs to the node and not to the log: central's rows, saved forms,
//! notifications ([`KeySpace`]). Writing them delays an append by a few milliseconds at most.
//!
//! Reading order: the key table (`keys`), the storage interface ([`store`]), pages and ids; the writer (`writer`), its loop
//! (`group`) and its operations (`seal`, `decisions`, `reseal`, `clock`, `key_space`); opening and its checks (`directory`,
//! `high_water`, `recovery`). `docs/spec/log.md` specifies the format.

mod clock;
mod clock_state;
mod config;
mod decisions;
mod directory;
mod environment;
mod epochs;
mod errors;
mod filter;
mod finding;
mod group;
mod high_water;
mod id_runs;
mod identity_row;
mod ids;
mod key_space;
mod keys;
mod log_clock;
pub mod memory;
mod page;
mod position;
mod queue;
mod read;
mod recovery;
mod reseal;
mod rotation;
mod seal;
mod secret_key;
mod secrets;
mod shared;
mod sled_store;
mod staged;
pub mod store;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::Draft;
use comptoir_core::id::EventId;
use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_core::position::{Epoch, LogMarks, Seq};
use comptoir_core::time::Timestamp;
use crossbeam_channel::{Sender, TrySendError};
use tokio::sync::{oneshot, watch};

pub use config::{Backend, LogConfig, LowDisk};
pub use directory::{Identity, identity_at};
pub use environment::{Environment, FreeSpace, Steady};
pub use epochs::EpochHead;
pub use errors::{AppendError, DecideError, EpochError, OpenError, ReadError, Reused};
pub use finding::Finding;
pub use key_space::{KeyChange, VALUE_BYTES_MAX, VisitValue, entries_of};
pub use keys::KeySpace;
pub(crate) use position::LogPosition;
pub use read::{Found, Pending, Sealed};
pub use rotation::rotate_secret_key;
pub use secret_key::SECRET_KEY_FILE;
pub use shared::{Check, State, Status};

use group::WriterCommand;
use shared::SharedLog;

/// When to retry after a full queue.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A draft's place in the log: durable when a caller sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The draft's id.
    pub event_id: EventId,
    /// Number of the epoch the record was sealed in; older for a duplicate.
    pub epoch: u32,
    /// The record's number.
    pub seq: Seq,
    /// The chain after the record.
    pub chain: ChainHash,
    /// The record already existed: a retry.
    pub duplicate: bool,
}

/// The end of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The open epoch.
    pub epoch: Epoch,
    /// The log's marks.
    pub marks: LogMarks,
    /// The chain after the last durable record.
    pub chain: ChainHash,
}

/// A node's log, open in this process. Clones share it; it closes when the last is dropped.
#[derive(Clone)]
pub struct Log(Arc<Handle>);

struct Handle {
    shared: Arc<SharedLog>,
    commands: Mutex<Option<Sender<WriterCommand>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Log {
    /// Opens the log, or creates it at the first start, and checks it. Blocks while the store recovers: seconds after a crash.
    pub fn open(config: LogConfig, environment: Environment) -> Result<Log, OpenError> {
        recovery::open(config, environment)
    }

    /// Appends drafts, all or none. When this returns they are durable, in order and without another record between them.
    pub async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, AppendError> {
        self.append_of_user(drafts, 0).await
    }

    /// The same for a user whom this node authenticated: the records say up to which position it knew users and rights.
    pub(crate) async fn append_of_user(
        &self,
        drafts: Vec<Draft>,
        identity_position: u64,
    ) -> Result<Vec<Appended>, AppendError> {
        if drafts.len() > LIST_DRAFTS_MAX {
            return Err(AppendError::TooLarge { what: "drafts", got: drafts.len(), max: LIST_DRAFTS_MAX });
        }
        let (reply, answer) = oneshot::channel();
        let Some(room) = self.0.shared.queue.reserve(&drafts) else {
            return Err(AppendError::Busy { retry_after: BUSY_RETRY_AFTER });
        };
        // Received by `Writer::group` on the writer thread, which replies after the flush.
        match self.submit(WriterCommand::Append { drafts, identity_position, reply, room }) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(AppendError::ReadOnly { reason: closed() })),
            Err(Reservation::Busy) => Err(AppendError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Reservation::Closed) => Err(AppendError::ReadOnly { reason: closed() }),
        }
    }

    /// Stores central's decisions and raises `acked` to `up_to`, one step for each part of the list. Every record after the
    /// present mark up to `up_to` needs its decision. Decisions up to the mark are ignored, since a decision never changes.
    pub async fn store_decisions(
        &self,
        epoch: u32,
        up_to: Seq,
        decisions: Vec<(Seq, Vec<u8>)>,
    ) -> Result<(), DecideError> {
        let (reply, answer) = oneshot::channel();
        match self.submit(WriterCommand::StoreDecisions { epoch, up_to, decisions, reply }) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(DecideError::ReadOnly { reason: closed() })),
            Err(Reservation::Busy) => Err(DecideError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Reservation::Closed) => Err(DecideError::ReadOnly { reason: closed() }),
        }
    }

    /// Changes auxiliary data: each batch whole, in order, with one flush for all. The changes are durable when this returns. A
    /// batch has at most [`BATCH_ENTRIES_MAX`](comptoir_core::limits::BATCH_ENTRIES_MAX) entries, counted by [`entries_of`] over
    /// the larger of the old and new values.
    pub async fn put(&self, batches: Vec<Vec<KeyChange>>) -> Result<(), AppendError> {
        let (reply, answer) = oneshot::channel();
        match self.submit(WriterCommand::Put { batches, reply }) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(AppendError::ReadOnly { reason: closed() })),
            Err(Reservation::Busy) => Err(AppendError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Reservation::Closed) => Err(AppendError::ReadOnly { reason: closed() }),
        }
    }

    /// The value of a key.
    pub fn get(&self, space: KeySpace, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.0.shared.noticing(key_space::read(&*self.0.shared.store, space, key).map_err(ReadError::Store))
    }

    /// Calls `visit` with each key from `from` (inclusive) to `to` (exclusive) and its value, in order, until it breaks.
    pub fn scan(&self, space: KeySpace, from: &[u8], to: &[u8], visit: VisitValue<'_>) -> Result<(), ReadError> {
        self.0.shared.noticing(key_space::scan(&*self.0.shared.store, space, from, to, visit).map_err(ReadError::Store))
    }

    /// Opens a new epoch and seals the open epoch's unacknowledged events in it again under the same event ids, so that no seq is
    /// reused: after a restore or a fork. `previous` is the old epoch's head as central holds it. This is also the way out of
    /// [`State::Damaged`].
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
        match self.submit(WriterCommand::OpenEpoch { previous, reason, reply }) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(EpochError::ReadOnly { reason: closed() })),
            Err(Reservation::Busy) => Err(EpochError::Busy { retry_after: BUSY_RETRY_AFTER }),
            Err(Reservation::Closed) => Err(EpochError::ReadOnly { reason: closed() }),
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
        self.0.shared.noticing(read::records(&self.0.shared, epoch, from, records_max, bytes_max))
    }

    /// The last durable record that an epoch has to have; zero for an epoch that this log does not know.
    pub fn last(&self, epoch: u32) -> Seq {
        self.0.shared.end_of(epoch).0
    }

    /// That record's seq and the chain after it.
    pub fn end(&self, epoch: u32) -> Option<(Seq, ChainHash)> {
        let (seq, chain) = self.0.shared.end_of(epoch);
        chain.map(|chain| (seq, chain))
    }

    /// The newest record of an event id, with its decision if there is one.
    pub fn find(&self, id: EventId) -> Result<Option<Found>, ReadError> {
        self.0.shared.noticing(read::find(&self.0.shared, id))
    }

    /// The stored decision of a record.
    pub fn decision(&self, epoch: u32, seq: Seq) -> Result<Option<Vec<u8>>, ReadError> {
        self.0.shared.noticing(decisions::read(&*self.0.shared.store, epoch, seq).map_err(ReadError::Store))
    }

    /// Calls `visit` with each stored decision of an epoch from a seq on, in order, until it breaks.
    pub fn each_decision(
        &self,
        epoch: u32,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        self.0.shared.noticing(decisions::each(&*self.0.shared.store, epoch, from, visit).map_err(ReadError::Store))
    }

    /// How far an epoch's records are decided by central.
    pub fn acked(&self, epoch: u32) -> Result<Seq, ReadError> {
        self.0.shared.noticing(decisions::acked(&*self.0.shared.store, epoch).map_err(ReadError::Store))
    }

    /// How many events wait for central, and since when.
    pub fn pending(&self) -> Result<Pending, ReadError> {
        self.0.shared.noticing(read::pending(&self.0.shared))
    }

    /// State of the log.
    pub fn status(&self) -> Status {
        self.0.shared.status()
    }

    /// The free and the required space, if there is too little to append.
    pub fn disk_low(&self) -> Option<(u64, u64)> {
        self.0.shared.disk_low()
    }

    /// Tenant, site and node of the log.
    pub fn identity(&self) -> Identity {
        self.0.shared.identity
    }

    /// Takes no record any more, in this process. Decisions are still stored, so that what waits can be sent.
    pub(crate) fn retire(&self) {
        self.0.shared.retire();
    }

    /// Commits waiting drafts, then closes. Other clones get `ReadOnly` from then on.
    pub fn close(&self) {
        self.0.close();
    }

    /// The latest time that the records of this log show.
    pub(crate) fn latest_time(&self) -> Option<Timestamp> {
        let head = self.head();
        let last = read::record(&self.0.shared, head.epoch.number, head.marks.durable).ok().flatten();
        let clock = self.0.shared.clock().map(|known| known.highest);
        last.map(|sealed| sealed.appended_at).max(clock)
    }

    fn submit(&self, command: WriterCommand) -> Result<(), Reservation> {
        let commands = self.0.commands.lock().unwrap_or_else(PoisonError::into_inner);
        match commands.as_ref().map(|commands| commands.try_send(command)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(Reservation::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(Reservation::Closed),
        }
    }
}

enum Reservation {
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
