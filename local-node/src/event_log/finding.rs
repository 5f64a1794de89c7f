//! Findings of a check of the log. A finding is reported with seq, expected and found; nothing is repaired silently.

use std::path::PathBuf;

use comptoir_core::chain::ChainHash;
use comptoir_core::position::Seq;
use comptoir_proto::status_v1::MissingRecords;

use super::page::PageError;
use super::store::StoreError;

/// A defect of the log; it refuses appends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// Records are missing in the middle.
    #[error("epoch {epoch}: expected seq {expected}, found {found}; the records between are missing")]
    Gap {
        /// The epoch's number.
        epoch: u32,
        /// The expected seq.
        expected: Seq,
        /// The seq that was found.
        found: Seq,
    },
    /// Reading in order ended before the epoch's known end.
    #[error("epoch {epoch}: the records of seq {first} to {last} are missing or cannot be read: {why}")]
    Missing {
        /// The epoch's number.
        epoch: u32,
        /// The first missing record.
        first: Seq,
        /// The last missing record.
        last: Seq,
        /// How the gap was noticed.
        why: String,
    },
    /// An epoch ends at another record than the next epoch's row says.
    #[error("epoch {epoch}: expected its end at seq {expected}, found records up to seq {found}")]
    EpochEnd {
        /// The epoch's number.
        epoch: u32,
        /// The end in the next epoch's row, or in the head.
        expected: Seq,
        /// The last record that was read.
        found: Seq,
    },
    /// The row of an epoch is missing.
    #[error("expected the row of epoch {expected} before that of epoch {next}, found {found}")]
    EpochMissing {
        /// The missing epoch.
        expected: String,
        /// The epoch whose row names it.
        next: u32,
        /// What was found.
        found: String,
    },
    /// Central's decisions of some records are missing.
    #[error("epoch {epoch}: expected central's decisions up to seq {expected}, found them up to seq {found}")]
    Decisions {
        /// The epoch's number.
        epoch: u32,
        /// The acknowledged mark.
        expected: Seq,
        /// The last decision that was read.
        found: Seq,
    },
    /// A run of the index of event ids differs from the list of runs.
    #[error("the index of event ids, run {run}: expected {expected}, found {found}")]
    IdRun {
        /// The run's number.
        run: u32,
        /// Ids and digest in the list of runs.
        expected: String,
        /// Ids and digest of the blocks.
        found: String,
    },
    /// The bytes differ from those that were sealed, or their order does.
    #[error("epoch {epoch}, seq {seq}: expected chain {expected}, found {found}")]
    Chain {
        /// The epoch's number.
        epoch: u32,
        /// The record up to which the chain was followed.
        seq: Seq,
        /// The stored hash.
        expected: ChainHash,
        /// The hash of the present bytes.
        found: ChainHash,
    },
    /// The stored bytes are not records.
    #[error("epoch {epoch}, seq {seq}: expected a record, found {found}")]
    Unreadable {
        /// The epoch's number.
        epoch: u32,
        /// The first unreadable record.
        seq: Seq,
        /// What is wrong with the bytes.
        found: String,
    },
    /// A record's header names another position.
    #[error("epoch {epoch}, seq {seq}: expected {field} {expected}, found {found}")]
    Misplaced {
        /// The epoch's number.
        epoch: u32,
        /// Its seq in the epoch.
        seq: Seq,
        /// The differing part of its header.
        field: &'static str,
        /// The value that its position requires.
        expected: String,
        /// The value in its header.
        found: String,
    },
    /// The log ends before the high-water mark: acknowledged records are missing.
    #[error("epoch {epoch}: expected records up to seq {expected}, found them up to {found}; the log was shortened")]
    Shortened {
        /// The epoch's number.
        epoch: u32,
        /// The high-water mark.
        expected: Seq,
        /// The last existing record.
        found: Seq,
    },
    /// The log was opened less often than the high-water mark says: it was replaced by an old copy.
    #[error("expected a log opened {expected} times, found one opened {found} times; an old copy was put in its place")]
    OldCopy {
        /// Count in the high-water mark.
        expected: u64,
        /// Count in the log.
        found: u64,
    },
    /// The high-water mark cannot be read, so that a shortened log cannot be distinguished from a whole one.
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
    /// The missing records, if that is the finding.
    pub fn missing(&self) -> Option<MissingRecords> {
        let range = |epoch: u32, first: Seq, last: u64| MissingRecords { epoch, first: first.0, last };
        match self {
            Finding::Gap { epoch, expected, found } if expected < found => Some(range(*epoch, *expected, found.0 - 1)),
            Finding::Missing { epoch, first, last, .. } => Some(range(*epoch, *first, last.0)),
            Finding::Shortened { epoch, expected, found } => Some(range(*epoch, found.next(), expected.0)),
            Finding::Gap { .. }
            | Finding::EpochEnd { .. }
            | Finding::EpochMissing { .. }
            | Finding::Decisions { .. }
            | Finding::IdRun { .. }
            | Finding::Chain { .. }
            | Finding::Unreadable { .. }
            | Finding::Misplaced { .. }
            | Finding::OldCopy { .. }
            | Finding::NoMark { .. }
            | Finding::Store(_) => None,
        }
    }

    pub(crate) fn page(epoch: u32, error: PageError) -> Finding {
        match error {
            PageError::Unreadable { first, .. } => Finding::Unreadable { epoch, seq: first, found: error.to_string() },
            PageError::Chain { last, expected, found, .. } => Finding::Chain { epoch, seq: last, expected, found },
        }
    }
}
