use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::status_v1::MissingRecords;

use crate::event_log::{AppendError, Log, ReadError, State};

/// When to retry on a full disk.
const DISK_RETRY_SECONDS: u64 = 30;

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Problem {
        error.problem()
    }
}

/// Why a record that is not found may exist nevertheless: the log is damaged. `None` if no damage is known.
pub(super) fn damaged(log: &Log) -> Option<Problem> {
    let state = log.status().state;
    let State::Damaged(finding) = &state else { return None };
    let detail = format!("{finding}; see docs/operating/node.md");
    Some(with_missing(Problem::new(ErrorCode::LogDamaged, detail), &state))
}

/// Adds the missing records, if that is the damage.
pub(super) fn with_missing(problem: Problem, state: &State) -> Problem {
    match state.missing() {
        Some(MissingRecords { epoch, first, last }) => {
            problem.with("missing_epoch", epoch).with("missing_first", first).with("missing_last", last)
        }
        None => problem,
    }
}

/// Maps the log's refusal to a problem.
pub(super) fn not_appended(error: AppendError) -> Problem {
    let detail = error.to_string();
    match error {
        AppendError::Busy { retry_after } => {
            Problem::new(ErrorCode::QueueFull, detail).retry_after(retry_after.as_secs().max(1))
        }
        AppendError::InsufficientStorage { free_bytes, needed_bytes } => {
            Problem::new(ErrorCode::InsufficientStorage, detail)
                .with("free_bytes", free_bytes)
                .with("needed_bytes", needed_bytes)
                .retry_after(DISK_RETRY_SECONDS)
        }
        AppendError::ReadOnly { .. } => Problem::new(ErrorCode::LogReadOnly, detail),
        AppendError::TooLarge { .. } => Problem::new(ErrorCode::TooLarge, detail),
        AppendError::Unencodable { .. } => Problem::new(ErrorCode::Internal, detail),
        AppendError::EventIdReused(reused) => match reused.first() {
            Some(first) => id_reused(*first),
            None => Problem::new(ErrorCode::EventIdReused, detail),
        },
    }
}

/// An id that belongs to a record with other content.
pub(super) fn id_reused(reused: crate::event_log::Reused) -> Problem {
    let crate::event_log::Reused { id, epoch, seq, .. } = reused;
    Problem::new(
        ErrorCode::EventIdReused,
        format!("{id} is the event at seq {seq} of epoch {epoch}, with other content"),
    )
    .at("/id")
    .with("event_id", id.to_string())
    .with("seq", seq.0)
}
