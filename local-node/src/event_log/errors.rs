//! Errors of the log. Each belongs to one operation and names the values.

use std::path::PathBuf;
use std::time::Duration;

use comptoir_core::id::EventId;
use comptoir_core::position::Seq;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use uuid::Uuid;

use super::finding::Finding;
use super::store::StoreError;

/// A draft whose id belongs to a record with other content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reused {
    /// Which draft of the list, from 0.
    pub index: usize,
    /// The draft's id.
    pub id: EventId,
    /// The epoch of the record that has the id.
    pub epoch: u32,
    /// The seq of the record that has the id, or would have had it from the same list.
    pub seq: Seq,
}

/// Why drafts were not appended. None of the list was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The queue is full.
    #[error("the log's queue is full, try again in {} s", retry_after.as_secs())]
    Busy {
        /// When to retry.
        retry_after: Duration,
    },
    /// The disk is nearly full. Reads continue.
    #[error("{free_bytes} bytes are free on the log's disk, it needs {needed_bytes}")]
    InsufficientStorage {
        /// Free bytes.
        free_bytes: u64,
        /// Bytes that must be free.
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
        /// The limited quantity.
        what: &'static str,
        /// The actual amount.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// A draft that the record format cannot hold. The types exclude it; a defect of the program.
    #[error("{id} cannot be sealed: {error}")]
    Unencodable {
        /// The draft's id.
        id: EventId,
        /// The encoder's error.
        error: String,
    },
    /// Some ids were used before, for other content.
    #[error("{} of the ids were used before for other content, the first is {}", .0.len(), .0[0].id)]
    EventIdReused(Vec<Reused>),
}

/// Why decisions were not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// The queue is full.
    #[error("the log's queue is full, try again in {} s", retry_after.as_secs())]
    Busy {
        /// When a retry is worth it.
        retry_after: Duration,
    },
    /// The mark is beyond the last durable record.
    #[error("epoch {epoch}: records are durable up to seq {durable}, decisions came up to {up_to}")]
    NotDurable {
        /// The epoch's number.
        epoch: u32,
        /// The requested mark.
        up_to: Seq,
        /// The last durable record.
        durable: Seq,
    },
    /// A record up to the mark has no decision.
    #[error("epoch {epoch}: the decision of seq {seq} is missing")]
    Missing {
        /// The epoch's number.
        epoch: u32,
        /// The record.
        seq: Seq,
    },
    /// A decision that does not fit one batch.
    #[error("the decision of seq {seq} has {got} bytes, more than {max}")]
    TooLarge {
        /// The record.
        seq: Seq,
        /// Bytes of the decision.
        got: usize,
        /// The limit.
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
    /// The queue is full.
    #[error("the log's queue is full, try again in {} s", retry_after.as_secs())]
    Busy {
        /// When a retry is worth it.
        retry_after: Duration,
    },
    /// The reason goes into the epoch's first record, which has room for 200 characters.
    #[error("a reason has 1 to 200 characters, got {got}")]
    Reason {
        /// The actual number.
        got: usize,
    },
    /// A record that must be sealed again is damaged.
    #[error("what has to be sealed again is damaged: {0}")]
    Damaged(Finding),
    /// A write failed, or the log is closed.
    #[error("the log is read-only: {reason}")]
    ReadOnly {
        /// The I/O error.
        reason: String,
    },
}

/// Why a log does not open at all. A log that opens and fails its check refuses appends instead, see
/// [`State::Damaged`](super::State::Damaged).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process, or this one, has it open.
    #[error("another process holds {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A log was registered here, and its files are missing. A new log would reuse seqs that central already holds.
    #[error("a log was registered here, and {} is missing", path.display())]
    Missing {
        /// Where its files should be.
        path: PathBuf,
    },
    /// The files exist but hold no log: they were emptied or belong to another program.
    #[error("a log was registered here, and {} holds none", path.display())]
    Emptied {
        /// Where its files should be.
        path: PathBuf,
    },
    /// The store's files hold bytes that the store did not write: bit rot, a failing disk, or a changed file.
    #[error(
        "{}: the log's store in {} is damaged and does not open. Change nothing there: copy the whole data directory first, \
         then follow docs/operating/node.md, \"A log that was shortened, damaged, or restored from an old copy\". {error}",
        ErrorCode::LogDamaged.as_str(),
        path.display()
    )]
    Damaged {
        /// The store's directory.
        path: PathBuf,
        /// The store's error.
        error: StoreError,
    },
    /// The key that unseals the node's secrets is missing.
    #[error(
        "{} is missing: it unseals this node's signing key. Restore it from a copy of this folder; nothing was \
         changed (docs/operating/node.md, \"Secrets\")",
        path.display()
    )]
    SecretKeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The key does not unseal the node's secrets: it is another node's, or the sealed bytes were changed.
    #[error(
        "{} does not unseal this node's signing key: it belongs to another copy, or the store was changed \
         (docs/operating/node.md, \"Secrets\")",
        path.display()
    )]
    SecretKeyWrong {
        /// The key's file.
        path: PathBuf,
    },
    /// The setting differs from the first start.
    #[error("{setting} was {registered} when this log was created, and is now {given}")]
    IdentityChanged {
        /// Name of the setting.
        setting: &'static str,
        /// The value at the first start.
        registered: Uuid,
        /// The present value.
        given: Uuid,
    },
    /// A write and a flush passed without a call of `fdatasync`, so an acknowledgement would not be durable.
    #[error("the store's flush does not reach the disk: the exported sync_file_range was not called")]
    FlushNotDurable,
    /// A file could not be used.
    #[error("cannot {doing} {}: {error}", path.display())]
    Io {
        /// The operation.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: String,
    },
    /// The store does not open, or its first rows are unreadable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes differ from those that were sealed.
    #[error(transparent)]
    Damaged(#[from] Finding),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReadError {
    /// The problem to answer. A failing disk, or a store that gave up after a failed write, is not a defect of the program.
    pub fn problem(&self) -> Problem {
        tracing::error!(error = %self, "The log cannot be read: {self}");
        let code = match self {
            ReadError::Store(error) if !error.is_damage() => ErrorCode::StoreUnavailable,
            ReadError::Store(_) | ReadError::Damaged(_) => ErrorCode::LogDamaged,
        };
        Problem::new(code, format!("the log cannot be read: {self}"))
    }
}
