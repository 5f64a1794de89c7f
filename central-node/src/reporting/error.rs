use std::time::Duration;

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;

use super::question::REPORT_ROWS_MAX;
use crate::database::StoreError;
use crate::projections::ProjectionError;

/// Why a report cannot be returned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// `as_of` names a position beyond the head: the answer would still change.
    #[error("position {asked} is after the head {head}")]
    AheadOfLog { asked: Position, head: Position },
    #[error("{}: it is {} now", instant::format(*.asked), instant::format(*.now))]
    InFuture { asked: Timestamp, now: Timestamp },
    #[error("position {position} was not reached within {} s: the figures are complete to {reached}", .within.as_secs())]
    NotReached { position: Position, within: Duration, reached: Position },
    /// `rows` names the rows that are too many, `narrow` the parameters that reduce them.
    #[error(
        "more than {REPORT_ROWS_MAX} {rows}: narrow it with {narrow}, or read it in pages with limit=1000, \
         then cursor=<next_cursor>, and the same as_of for every page"
    )]
    TooManyRows { rows: &'static str, narrow: &'static str },
    #[error("more than {max} sales to process: ask for one site or one product")]
    TooManySales { max: usize },
    /// `list` names the list to use if the type is not made of fields.
    #[error("there is no {entity_type} {id:?}{}", .list.map(|list| format!(" among entities: see {list}")).unwrap_or_default())]
    NoEntity { entity_type: String, id: String, list: Option<&'static str> },
    #[error("{entity_type} {id:?} was deleted at version {version}")]
    Deleted { entity_type: String, id: String, version: u64 },
    #[error("cursor={0:?}: a next_cursor of this list")]
    Cursor(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row of the log or a projection cannot be read.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    #[error("the table cannot be written: {0}")]
    Csv(#[from] csv::Error),
    #[error("the answer cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<tokio_postgres::Error> for ReportError {
    fn from(error: tokio_postgres::Error) -> Self {
        ReportError::Store(error.into())
    }
}

impl From<tokio::task::JoinError> for ReportError {
    fn from(error: tokio::task::JoinError) -> Self {
        ReportError::Projection(error.into())
    }
}
