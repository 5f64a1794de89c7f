//! What a check of the log found. A finding is told, with seq, expected and found; nothing is ever repaired in silence.

use std::path::PathBuf;

use comptoir_core::chain::ChainHash;
use comptoir_core::position::Seq;

use super::page::PageError;
use super::store::StoreError;

/// Why the log may not be appended to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A record is missing in the middle.
    #[error("epoch {epoch}: expected seq {expected}, found {found}")]
    Gap {
        /// The epoch's number.
        epoch: u32,
        /// Which seq should have come.
        expected: Seq,
        /// Which came.
        found: Seq,
    },
    /// The bytes are not those that were sealed, or not in that order.
    #[error("epoch {epoch}, seq {seq}: expected chain {expected}, found {found}")]
    Chain {
        /// The epoch's number.
        epoch: u32,
        /// The record up to which the chain was followed.
        seq: Seq,
        /// The hash that was kept.
        expected: ChainHash,
        /// The hash of the bytes that are there.
        found: ChainHash,
    },
    /// What is stored does not read as records.
    #[error("epoch {epoch}, seq {seq}: expected a record, found {found}")]
    Unreadable {
        /// The epoch's number.
        epoch: u32,
        /// The first record of what does not read.
        seq: Seq,
        /// What is wrong with the bytes.
        found: String,
    },
    /// A record says that it belongs elsewhere.
    #[error("epoch {epoch}, seq {seq}: expected {field} {expected}, found {found}")]
    Misplaced {
        /// The epoch's number.
        epoch: u32,
        /// Where it stands.
        seq: Seq,
        /// Which part of its header differs.
        field: &'static str,
        /// What its place asks for.
        expected: String,
        /// What it says.
        found: String,
    },
    /// The log ends before the high-water mark: records that were acknowledged are gone.
    #[error("epoch {epoch}: expected records up to seq {expected}, found them up to {found}; the log was shortened")]
    Shortened {
        /// The epoch's number.
        epoch: u32,
        /// The high-water mark.
        expected: Seq,
        /// The last record that is there.
        found: Seq,
    },
    /// The log was opened less often than the high-water mark knows: an old copy was put in its place.
    #[error("expected a log opened {expected} times, found one opened {found} times; an old copy was put in its place")]
    OldCopy {
        /// By the high-water mark.
        expected: u64,
        /// By the log.
        found: u64,
    },
    /// The high-water mark cannot be read, so a shortened log could not be told from a whole one.
    #[error("expected a high-water mark in {}, found none that is whole", path.display())]
    NoMark {
        /// The file.
        path: PathBuf,
    },
    /// The store itself reports damage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Finding {
    pub(crate) fn page(epoch: u32, error: PageError) -> Finding {
        match error {
            PageError::Unreadable { first, .. } => Finding::Unreadable { epoch, seq: first, found: error.to_string() },
            PageError::Chain { last, expected, found, .. } => Finding::Chain { epoch, seq: last, expected, found },
        }
    }
}
