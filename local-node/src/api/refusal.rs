use std::any::Any;

use axum::http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::{self, Problem};
use comptoir_proto::status_v1::MissingRecords;

use crate::event_log::{AppendError, Log, ReadError, State};

/// When to retry on a full disk.
const DISK_RETRY_SECONDS: u64 = 30;

/// A problem on its way out.
#[derive(Debug)]
pub(super) struct ProblemResponse(Box<Problem>);

impl From<Problem> for ProblemResponse {
    fn from(problem: Problem) -> ProblemResponse {
        ProblemResponse(Box::new(problem))
    }
}

impl From<ReadError> for ProblemResponse {
    fn from(error: ReadError) -> ProblemResponse {
        error.problem().into()
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, problem::CONTENT_TYPE)], body).into_response();
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(etag) = problem.values.get("etag").and_then(|etag| HeaderValue::try_from(etag.as_str()?).ok()) {
            response.headers_mut().insert(ETAG, etag);
        }
        response
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

/// The answer to a request whose handler panicked.
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    tracing::error!("A request ended in a panic: {text}");
    let detail = "this request ended in a defect of the program; whether it was recorded can be asked by its event id";
    ProblemResponse::from(Problem::new(ErrorCode::Internal, detail)).into_response()
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
