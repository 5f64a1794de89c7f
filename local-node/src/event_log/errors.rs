//! Why the log did not do what it was asked. Each error belongs to one operation and names the values.

use std::path::PathBuf;
use std::time::Duration;

use comptoir_core::id::EventId;
use comptoir_core::position::Seq;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use uuid::Uuid;

use super::finding::Finding;
use super::store::StoreError;

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
    InsufficientStorage {
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

/// Why a log does not open at all. A log that opens but failed its check refuses appends instead, see [`State::Damaged`](super::State::Damaged).
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
    /// The store's files hold bytes that the store did not write: bit rot, a failing disk, a file that was changed.
    #[error(
        "{}: the log's store in {} is damaged and does not open. Change nothing there: copy the whole data directory first, \
         then follow docs/operating/node.md, \"A log that was shortened, damaged, or restored from an old copy\". {error}",
        ErrorCode::LogDamaged.as_str(),
        path.display()
    )]
    Damaged {
        /// The store's directory.
        path: PathBuf,
        /// The store's words.
        error: StoreError,
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

/// Why the log cannot be read there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes there are not those that were sealed.
    #[error(transparent)]
    Damaged(#[from] Finding),
    /// The store could not read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReadError {
    /// What a caller is told. A disk that fails, or a store that gave up after a failed write, is no defect of this program.
    pub fn problem(&self) -> Problem {
        tracing::error!(error = %self, "The log cannot be read: {self}");
        let code = match self {
            ReadError::Store(error) if !error.is_damage() => ErrorCode::StoreUnavailable,
            ReadError::Store(_) | ReadError::Damaged(_) => ErrorCode::LogDamaged,
        };
        Problem::new(code, format!("the log cannot be read: {self}"))
    }
}
