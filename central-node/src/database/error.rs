//! What may go wrong with the store, sorted by what the caller can do about it.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, Severity, SqlState};

const READ_ONLY: &str = "Read-only file system";

/// A role that row-level security or the log's privileges would not bind, or a server that could lose a commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitRole {
    /// No policy binds the role.
    #[error("database role {role} is {what}: row-level security would not hold; connect as comptoir_service")]
    TooPowerful {
        /// The role.
        role: String,
        /// `superuser`, `bypassrls`, `owner of tables` or `member of comptoir_owner`.
        what: String,
    },
    /// A statement could wait for ever.
    #[error(
        "the database has no lock_timeout: set it, with the other settings, by `comptoir migrate --create-roles`, or \
         `alter database ... set lock_timeout = '10s'`"
    )]
    NoLockTimeout,
    /// An acknowledged commit could be lost.
    #[error("the database server has {setting} = {value}: what is acknowledged could be lost; set it to on")]
    NotDurable {
        /// The setting.
        setting: String,
        /// Its value.
        value: String,
    },
}

/// What was being done when the connection was lost: it decides what is known about the outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TxPhase {
    /// Anything before COMMIT: nothing was written.
    Working,
    /// COMMIT itself: whether it was written is not known.
    Committing,
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A connection string or a pool's settings are no good.
    #[error("the database settings cannot be used: {0}")]
    Settings(String),
    /// A role may do more than it should, or the server is not durable.
    #[error(transparent)]
    UnfitRole(#[from] UnfitRole),
    /// No connection, or it was lost before COMMIT: nothing was written.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The server has no room on its disk: nothing was written.
    #[error("the database's disk is full: {0}")]
    Full(String),
    /// Another transaction was in the way; the same again may succeed at once.
    #[error("another transaction was in the way: {0}")]
    Contended(String),
    /// An event id that is to be stored as counting counts already. Nothing was written.
    #[error("an event id counts already: {0}")]
    IdCounts(String),
    /// The connection was lost at COMMIT.
    #[error("the connection was lost while committing: {0}")]
    OutcomeUnknown(String),
    /// The database refused a statement: a defect of central, or a value that the schema does not accept.
    #[error("the database refused: {0}")]
    Refused(String),
    /// What is stored does not read: nothing is guessed.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl StoreError {
    /// Sorts an error of the driver.
    pub fn of(error: &tokio_postgres::Error, doing: TxPhase) -> StoreError {
        let Some(db) = error.as_db_error() else {
            return match doing {
                TxPhase::Committing => StoreError::OutcomeUnknown(chain(error)),
                // A value that could not be encoded or read has no SQL state either, but the connection lives on.
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
        // Insufficient resources, operator intervention, system error, connection exception: not of our making.
        let unavailable = ["53", "57", "58", "08"];
        // A page's checksum does not fit, a page cannot be read whole, or an index does not fit its table.
        let damaged = [&SqlState::DATA_CORRUPTED, &SqlState::INDEX_CORRUPTED];
        if damaged.contains(&code) {
            StoreError::Damaged(text)
        } else if contended.contains(&code) {
            StoreError::Contended(text)
        } else if is_full(code, db.message()) {
            StoreError::Full(text)
        } else if db.message().contains(READ_ONLY) {
            // An ext4 error makes a file system read-only; Postgres calls that a missing privilege.
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

/// Errors that leave the outcome of a COMMIT open: a distributed database lost the server with the tenant's rows (class 08 or XX000).
/// After a serialization failure the whole batch is loaded and decided again, which is safe either way.
fn is_lost_at_commit(code: &SqlState) -> bool {
    *code == SqlState::INTERNAL_ERROR || code.code().starts_with("08")
}

fn is_counted_once(db: &DbError) -> bool {
    const INDEX: &str = "event_id_counts_once";
    *db.code() == SqlState::UNIQUE_VIOLATION && (db.constraint() == Some(INDEX) || names_index(db.message(), INDEX))
}

/// Whether a message quotes the index, or a shard's part of it: a distributed database reports `"event_id_counts_once_102037"`, and no
/// constraint of its own.
fn names_index(message: &str, index: &str) -> bool {
    let mut quoted = message.split('"').skip(1).step_by(2);
    quoted.any(|name| name.strip_prefix(index).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// Some failures to create a file are internal errors to Postgres: only their words say that the disk is full.
fn is_full(code: &SqlState, message: &str) -> bool {
    const WORDS: [&str; 2] = ["No space left on device", "Disk quota exceeded"];
    *code == SqlState::DISK_FULL || WORDS.iter().any(|words| message.contains(words))
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.downcast_ref::<std::io::Error>().is_some())
}

/// The driver's errors say little themselves; their sources say what happened.
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
