//! `GET /api/v1/events` and `/api/v1/events/{id}`: the log with its decisions.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use comptoir_core::id::EventId;
use comptoir_core::limits::PAGE_ROWS_MAX;
use comptoir_core::position::Position;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::RecordResult;
use comptoir_proto::{api_v1::EventDto, stored_v1};
use serde::{Deserialize, Serialize};

use super::{Refusal, credential};
use crate::central::Central;
use crate::database::{self, StoreError};
use crate::event_store::{self, LogRow, tenant_head};
use crate::ingest::result;

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

impl PageQuery {
    pub(super) fn after(&self) -> Position {
        Position(self.after)
    }

    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(100) {
            limit @ 1..=PAGE_ROWS_MAX => Ok(limit),
            other => {
                let detail = format!("limit is 1 to {PAGE_ROWS_MAX}, got {other}");
                Err(Problem::new(ErrorCode::BadParameter, detail))
            }
        }
    }
}

/// A record of the log as it is shown: its event where it reads, and what was decided.
#[derive(Debug, Serialize)]
pub(super) struct LogEntryDto {
    /// In the tenant's order.
    position: u64,
    /// Absent where the record does not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventDto>,
    /// What was decided.
    decision: RecordResult,
}

impl LogEntryDto {
    pub(super) fn of(row: &LogRow) -> Result<LogEntryDto, StoreError> {
        let decision = result(&row.decided()?, row.seq);
        let event = stored_v1::decode(&row.record).ok().map(|event| EventDto::new(&event, row.chain));
        Ok(LogEntryDto { position: row.position.0, event, decision })
    }
}

/// A page of the log. `next` is what to ask `after` for the next one; absent at the head.
#[derive(Debug, Serialize)]
pub(super) struct LogPageDto {
    events: Vec<LogEntryDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl LogPageDto {
    pub(super) fn of(rows: &[LogRow], limit: usize) -> Result<LogPageDto, StoreError> {
        let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.position.0);
        Ok(LogPageDto { events: rows.iter().map(LogEntryDto::of).collect::<Result<_, _>>()?, next })
    }
}

/// The log after a position.
pub(super) async fn list(
    State(central): State<Arc<Central>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<LogPageDto>, Refusal> {
    let credential = credential(&central, &headers).await?;
    let query = page_query(query)?;
    let limit = query.limit()?;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let head = tenant_head(&tx, credential.tenant).await?.map(|head| head.head).unwrap_or_default();
    let rows = event_store::page(&tx, credential.tenant, query.after(), head, limit as i64).await?;
    Ok(Json(LogPageDto::of(&rows, limit)?))
}

/// One event with its decision.
pub(super) async fn one(
    State(central): State<Arc<Central>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<EventDto>, Refusal> {
    let credential = credential(&central, &headers).await?;
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no event {id}"));
    let id: EventId = id.parse().map_err(|_| missing())?;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let row = event_store::by_event_id(&tx, credential.tenant, id).await?.ok_or_else(missing)?;
    let decision = result(&row.decided()?, row.seq);
    let event = stored_v1::decode(&row.record).map_err(|_| missing())?;
    Ok(Json(EventDto { decision: Some(decision), ..EventDto::new(&event, row.chain) }))
}

/// A query that does not read is a problem with the parameter's name in it.
pub(super) fn page_query(query: Result<Query<PageQuery>, QueryRejection>) -> Result<PageQuery, Problem> {
    match query {
        Ok(Query(query)) => Ok(query),
        Err(rejection) => Err(Problem::new(ErrorCode::BadParameter, rejection.body_text())),
    }
}
