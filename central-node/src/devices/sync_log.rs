//! The log of synchronisations: one row per sync, written in a short transaction of its own once the client's fate is decided. Losing the
//! last rows in a power cut loses no event, so it does not wait for the disk.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use axum::{Json, Router};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::limits::PAGE_ROWS_MAX;
use comptoir_core::time::Timestamp;
use comptoir_proto::desktop_v1::{SyncLog, SyncLogPage, SyncStatistics};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::device::{Contract, Device};
use super::query;
use crate::api::{ProblemResponse, admin};
use crate::central::Central;
use crate::database::{self, Micros, StoreError, natural};

/// Characters of an error or a batch's name that are kept.
const TEXT_CHARS_MAX: usize = 500;

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new().route(paths::SYNC_LOG, get(list))
}

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// A synchronisation that has begun.
#[derive(Debug)]
pub(crate) struct SyncSession {
    tenant: TenantId,
    client: String,
    node: Option<NodeId>,
    contract: &'static str,
    direction: Direction,
    started_at: Timestamp,
    pub(crate) batch_id: Option<String>,
    pub(crate) clock_offset_micros: Option<i64>,
}

/// How it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SyncCounts {
    pub(crate) events: usize,
    pub(crate) conflicts: usize,
    pub(crate) failed: usize,
}

impl SyncSession {
    /// Of a client that is not known yet: only what it calls itself.
    pub(crate) fn of_client(
        central: &Central,
        tenant: TenantId,
        client: &str,
        contract: Contract,
        direction: Direction,
    ) -> SyncSession {
        SyncSession::begin(central, tenant, client.to_owned(), None, contract.as_str(), direction)
    }

    /// Of a node.
    pub(crate) fn of_node(central: &Central, tenant: TenantId, node: NodeId, direction: Direction) -> SyncSession {
        SyncSession::begin(central, tenant, node.to_string(), Some(node), "native", direction)
    }

    fn begin(
        central: &Central,
        tenant: TenantId,
        client: String,
        node: Option<NodeId>,
        contract: &'static str,
        direction: Direction,
    ) -> SyncSession {
        let started_at = central.clock().now();
        SyncSession { tenant, client, node, contract, direction, started_at, batch_id: None, clock_offset_micros: None }
    }

    /// The client is this device.
    pub(crate) fn is_of(&mut self, device: &Device) {
        self.node = Some(device.node);
    }

    /// Writes it down. That may fail; the synchronisation stands all the same.
    pub(crate) async fn end(self, central: &Central, outcome: Result<SyncCounts, &Problem>) {
        if let Err(error) = self.write(central, outcome).await {
            tracing::warn!(tenant.id = %self.tenant, client = self.client, %error, "a synchronisation could not be logged");
        }
    }

    /// The same, beside the answer, which does not wait for it.
    pub(crate) fn end_beside(self, central: &Arc<Central>, outcome: Result<SyncCounts, Problem>) {
        let central = Arc::clone(central);
        tokio::spawn(async move { self.end(&central, outcome.as_ref().copied()).await });
    }

    async fn write(&self, central: &Central, outcome: Result<SyncCounts, &Problem>) -> Result<(), StoreError> {
        let counts = outcome.unwrap_or_default();
        let status = match outcome {
            Err(_) => SyncOutcome::Failed,
            Ok(counts) if counts.conflicts + counts.failed > 0 => SyncOutcome::Partial,
            Ok(_) => SyncOutcome::Success,
        };
        let status = status.as_str();
        let direction = match self.direction {
            Direction::Up => "UP",
            Direction::Down => "DOWN",
        };
        let error = outcome.err().map(|problem| kept(&format!("{}: {}", problem.code, problem.detail)));
        let batch_id = self.batch_id.as_deref().map(kept);
        let client = kept(&self.client);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let mut connection = central.database().service().await?;
        let tx = database::begin(&mut connection, self.tenant).await?;
        let sql = "insert into sync_log (tenant_id, started_at, sync_id, client, node_id, contract, direction, batch_id, events_count,
                                         conflicts_count, failed_count, status, completed_at, clock_offset_micros, error)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        let statement = tx.prepare_cached(sql).await?;
        let columns: [&(dyn ToSql + std::marker::Sync); 15] = [
            &self.tenant.uuid(),
            &Micros(self.started_at),
            &Uuid::now_v7(),
            &client,
            &self.node.map(NodeId::uuid),
            &self.contract,
            &direction,
            &batch_id,
            &count(counts.events),
            &count(counts.conflicts),
            &count(counts.failed),
            &status,
            &Micros(central.clock().now().max(self.started_at)),
            &self.clock_offset_micros,
            &error,
        ];
        // Two messages, sent together.
        tokio::try_join!(tx.batch_execute("set local synchronous_commit = off"), tx.execute(&statement, &columns))?;
        tx.commit().await?;
        Ok(())
    }
}

fn kept(text: &str) -> String {
    text.chars().filter(|character| *character != '\0').take(TEXT_CHARS_MAX).collect()
}

/// How a synchronisation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
enum SyncOutcome {
    Success,
    Partial,
    Failed,
}

impl SyncOutcome {
    fn as_str(self) -> &'static str {
        match self {
            SyncOutcome::Success => "SUCCESS",
            SyncOutcome::Partial => "PARTIAL",
            SyncOutcome::Failed => "FAILED",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncLogQuery {
    /// One client.
    client: Option<String>,
    /// One outcome.
    status: Option<SyncOutcome>,
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Newest first, with what they come to together.
async fn list(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<SyncLogPage>, ProblemResponse> {
    let credential = admin(&central, &headers).await?;
    let query: SyncLogQuery = query(&uri)?;
    let limit = query.limit.unwrap_or(100);
    if !(1..=PAGE_ROWS_MAX).contains(&limit) {
        let detail = format!("limit is 1 to {PAGE_ROWS_MAX}, got {limit}");
        return Err(Problem::new(ErrorCode::InvalidParameter, detail).at("limit").into());
    }
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let (before_at, before_id) = before.unzip();
    let (tenant, client, status) = (credential.tenant.uuid(), query.client, query.status.map(SyncOutcome::as_str));
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let statement = tx.prepare_cached(include_str!("sync_log_page.sql")).await.map_err(StoreError::from)?;
    let rows_max = limit as i64 + 1;
    let parameters: [&(dyn ToSql + std::marker::Sync); 6] =
        [&tenant, &client, &status, &before_at.map(Micros), &before_id, &rows_max];
    let rows = tx.query(&statement, &parameters).await.map_err(StoreError::from)?;
    let statement = tx.prepare_cached(include_str!("sync_log_statistics.sql")).await.map_err(StoreError::from)?;
    let sums = tx.query_one(&statement, &[&tenant, &client, &status]).await.map_err(StoreError::from)?;
    let drift_micros_max = u64::try_from(central.clock_drift_limit().as_micros()).unwrap_or(u64::MAX);
    let entries: Vec<SyncLog> =
        rows.iter().take(limit).map(|row| entry(row, drift_micros_max)).collect::<Result<_, _>>()?;
    let last = rows.get(limit - 1).filter(|_| rows.len() > limit);
    let next_cursor = last.map(write_cursor).transpose()?;
    Ok(Json(SyncLogPage { entries, statistics: statistics(&sums)?, next_cursor }))
}

fn entry(row: &Row, drift_micros_max: u64) -> Result<SyncLog, StoreError> {
    let (started, completed): (Micros, Micros) = (row.try_get("started_at")?, row.try_get("completed_at")?);
    let offset: Option<i64> = row.try_get("clock_offset_micros")?;
    let uuid = |column: &str| row.try_get::<_, Uuid>(column).map(|id| id.to_string());
    Ok(SyncLog {
        id: uuid("sync_id")?,
        tenant_id: uuid("tenant_id")?,
        client_id: row.try_get("client")?,
        direction: row.try_get("direction")?,
        events_count: natural(row.try_get("events_count")?)?,
        conflicts_count: natural(row.try_get("conflicts_count")?)?,
        failed_count: natural(row.try_get("failed_count")?)?,
        status: row.try_get("status")?,
        contract: row.try_get("contract")?,
        batch_id: row.try_get("batch_id")?,
        started_at: instant::format(started.0),
        completed_at: instant::format(completed.0),
        duration: u64::try_from((completed.0.0 - started.0.0) / 1_000).unwrap_or(0),
        clock_offset_ms: offset.map(|micros| micros / 1_000),
        clock_drifts: offset.is_some_and(|micros| micros.unsigned_abs() > drift_micros_max),
        error_message: row.try_get("error")?,
    })
}

fn statistics(row: &Row) -> Result<SyncStatistics, StoreError> {
    let number = |column: &str| natural(row.try_get(column)?);
    let last: Option<Micros> = row.try_get("last_at")?;
    Ok(SyncStatistics {
        syncs: number("syncs")?,
        succeeded: number("succeeded")?,
        partial: number("partial")?,
        failed: number("failed")?,
        clients: number("clients")?,
        events: number("events")?,
        conflicts: number("conflicts")?,
        mean_duration: number("mean_duration")?,
        last_at: last.map(|at| instant::format(at.0)),
    })
}

fn write_cursor(row: &Row) -> Result<String, StoreError> {
    let at: Micros = row.try_get("started_at")?;
    let id: Uuid = row.try_get("sync_id")?;
    Ok(format!("{}.{id}", at.0.0))
}

fn read_cursor(text: &str) -> Result<(Timestamp, Uuid), Problem> {
    let read = |(at, id): (&str, &str)| Some((Timestamp(at.parse().ok()?), Uuid::parse_str(id).ok()?));
    let bad = || Problem::new(ErrorCode::InvalidParameter, format!("{text:?} is no cursor of this list")).at("cursor");
    text.split_once('.').and_then(read).ok_or_else(bad)
}
