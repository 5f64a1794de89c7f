//! What head office reads: reports that say up to where they are complete, and the read models as they stand. Read-only; nothing here
//! changes what a figure is made of. The same figures stand in the SQL schema `reporting`.

mod answer_cache;
mod csv_table;
mod freshness;
pub(crate) mod lists;
mod params;
mod read_models;
mod respond;
pub(crate) mod routes;
pub(crate) mod sales;
pub(crate) mod stock;
mod stock_fold;

use std::time::Duration;

use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use crate::api::ProblemResponse;
use crate::database::StoreError;
use crate::projections::ProjectionError;

pub(crate) use routes::router;

/// What was answered lately, for those who ask the same again.
#[derive(Default)]
pub(crate) struct ReportCache {
    sales: answer_cache::AnswerCache<sales::PresentSales, sales::SalesRow>,
    stock: answer_cache::AnswerCache<stock::PresentStock, stock::StockRow>,
}

/// A site is late when one of its nodes has not pushed for longer than this, unless the settings say otherwise: a day and a night.
pub(crate) const LATE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    /// The caller asked for something that cannot be answered.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log or a projection does not read.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// A row does not become CSV.
    #[error("the table cannot be written: {0}")]
    Csv(#[from] csv::Error),
    /// An answer does not become JSON.
    #[error("the answer cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<Problem> for ReportError {
    fn from(problem: Problem) -> Self {
        ReportError::Refused(Box::new(problem))
    }
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

impl ReportError {
    /// What the caller is told.
    fn problem(self) -> Problem {
        match self {
            ReportError::Refused(problem) => *problem,
            ReportError::Store(error) => error.problem(),
            ReportError::Projection(ProjectionError::Store(error)) => error.problem(),
            ReportError::Projection(_) | ReportError::Csv(_) | ReportError::Json(_) => {
                Problem::new(ErrorCode::Internal, self.to_string())
            }
        }
    }
}

impl From<ReportError> for ProblemResponse {
    fn from(error: ReportError) -> ProblemResponse {
        let problem = error.problem();
        if problem.error_code() == Some(ErrorCode::Internal) {
            tracing::error!(detail = problem.detail, "A report could not be made");
        }
        ProblemResponse(problem)
    }
}
