//! Errors of the store, grouped by what the caller can do about them.

use comptoir_proto::store_check_v1::StoreFinding;
use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, Severity, SqlState};

const READ_ONLY: &str = "Read-only file system";

/// The role bypasses row-level security or the log's privileges, or the server could lose a commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitRole {
    /// The role bypasses row-level security.
    #[error("database role {role} is {what}: row-level security would not hold; connect as comptoir_service")]
    TooPowerful {
        /// The role's name.
        role: String,
        /// One of `superuser`, `bypassrls`, `owner of tables` or `member of comptoir_owner`.
        what: String,
    },
    /// A statement could wait forever.
    #[error(
        "the database has no lock_timeout: set it, with the other settings, by `comptoir migrate --create-roles`, or \
         `alter database ... set lock_timeout = '10s'`"
    )]
    NoLockTimeout,
    /// An acknowledged commit could be lost.
    #[error("the database server has {setting} = {value}: what is acknowledged could be lost; set it to on")]
    NotDurable {
        /// The setting's name.
        setting: String,
        /// The setting's value.
        value: String,
    },
}

/// The phase in which the connection was lost: it determines what is known about the outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TxPhase {
    /// Anything before COMMIT: nothing was written.
    Working,
    /// COMMIT itself: the outcome is unknown.
    Committing,
}

/// Why an operation on the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A connection string or pool setting is invalid.
    #[error("the database settings cannot be used: {0}")]
    Settings(String),
    /// A role has too many privileges, or the server is not durable.
    #[error(transparent)]
    UnfitRole(#[from] UnfitRole),
    /// No connection, or it was lost before COMMIT: nothing was written.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The server has no room on its disk: nothing was written.
    #[error("the database's disk is full: {0}")]
    Full(String),
    /// Another transaction interfered; a retry may succeed at once.
    #[error("another transaction was in the way: {0}")]
    Contended(String),
    /// An event id to be stored as counting is already counted. Nothing was written.
    #[error("an event id counts already: {0}")]
    IdCounts(String),
    /// The connection was lost during COMMIT: the outcome is unknown.
    #[error("the connection was lost while committing: {0}")]
    OutcomeUnknown(String),
    /// The database refused a statement: a defect of central, or a value that the schema does not accept.
    #[error("the database refused: {0}")]
    Refused(String),
    /// Stored data cannot be decoded.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// Rows of the log are missing, or differ from their sealed bytes: what the store check would report.
    #[error("the stored log is damaged: {0}")]
    DamagedLog(Box<StoreFinding>),
}

impl StoreError {
    /// Classifies an error of the driver.
    pub fn of(error: &tokio_postgres::Error, doing: TxPhase) -> StoreError {
        let Some(db) = error.as_db_error() else {
            return match doing {
                TxPhase::Committing => StoreError::OutcomeUnknown(chain(error)),
                // A value that could not be encoded or read has no SQL state either, but its connection is still usable.
                TxPhase::Working if error.is_closed() || is_io(error) => StoreError::Unavailable(chain(error)),
                TxPhase::Working => StoreError::Refused(chain(error)),
            };
        };
        let text = match db.detail() {
            Some(detail) => format!("{} ({}): {detail}", db.message(), db.code().code()),
            None => format!("{} ({})", db.message(), db.code().code()),
        };
        let fatal = matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        let code = db.code();
        if doing == TxPhase::Committing && (fatal || is_lost_at_commit(code)) {
            return StoreError::OutcomeUnknown(text);
        }
        let contended =
            [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED, &SqlState::LOCK_NOT_AVAILABLE];
        // Insufficient resources, operator intervention, system error, connection exception: none is central's fault.
        let unavailable = ["53", "57", "58", "08"];
        // A page's checksum is wrong, a page is incomplete, or an index does not match its table.
        let damaged = [&SqlState::DATA_CORRUPTED, &SqlState::INDEX_CORRUPTED];
        if damaged.contains(&code) {
            StoreError::Damaged(text)
        } else if contended.contains(&code) {
            StoreError::Contended(text)
        } else if is_full(code, db.message()) {
            StoreError::Full(text)
        } else if db.message().contains(READ_ONLY) {
            // After an ext4 error the file system is read-only, and Postgres reports a missing privilege.
            StoreError::Unavailable(text)
        } else if fatal || unavailable.iter().any(|class| code.code().starts_with(class)) {
            StoreError::Unavailable(text)
        } else if is_counted_once(db) {
            StoreError::IdCounts(text)
        } else {
            StoreError::Refused(text)
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        StoreError::of(&error, TxPhase::Working)
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => StoreError::of(&error, TxPhase::Working),
            other => StoreError::Unavailable(other.to_string()),
        }
    }
}

/// Errors that leave the outcome of a COMMIT open: a distributed database lost the server that holds the tenant's rows (class
/// 08 or XX000). After a serialization failure the whole batch is loaded and decided again, which is safe in both cases.
fn is_lost_at_commit(code: &SqlState) -> bool {
    *code == SqlState::INTERNAL_ERROR || code.code().starts_with("08")
}

fn is_counted_once(db: &DbError) -> bool {
    const INDEX: &str = "event_id_counts_once";
    *db.code() == SqlState::UNIQUE_VIOLATION && (db.constraint() == Some(INDEX) || names_index(db.message(), INDEX))
}

/// Whether a message quotes the index or a shard's part of it: a distributed database reports `"event_id_counts_once_102037"`
/// and no constraint.
fn names_index(message: &str, index: &str) -> bool {
    let mut quoted = message.split('"').skip(1).step_by(2);
    quoted.any(|name| name.strip_prefix(index).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// Some failures to create a file are internal errors of Postgres: only the message shows that the disk is full.
fn is_full(code: &SqlState, message: &str) -> bool {
    const WORDS: [&str; 2] = ["No space left on device", "Disk quota exceeded"];
    *code == SqlState::DISK_FULL || WORDS.iter().any(|words| message.contains(words))
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.downcast_ref::<std::io::Error>().is_some())
}

/// The driver's errors say little; their sources have the details.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_index_is_recognised_by_the_name_of_its_shard() {
        let message = |index: &str| format!("duplicate key value violates unique constraint \"{index}\"");
        assert!(names_index(&message("event_id_counts_once"), "event_id_counts_once"));
        assert!(names_index(&message("event_id_counts_once_102037"), "event_id_counts_once"));
        assert!(!names_index(&message("event_id_counts_oncemore"), "event_id_counts_once"));
        assert!(!names_index(&message("event_one_per_seq_102037"), "event_id_counts_once"));
    }

    #[test]
    fn a_server_that_is_lost_at_commit_leaves_the_outcome_open() {
        assert!(is_lost_at_commit(&SqlState::INTERNAL_ERROR));
        assert!(is_lost_at_commit(&SqlState::CONNECTION_FAILURE));
        assert!(!is_lost_at_commit(&SqlState::UNIQUE_VIOLATION));
        assert!(!is_lost_at_commit(&SqlState::T_R_SERIALIZATION_FAILURE), "it is tried again");
    }
}
