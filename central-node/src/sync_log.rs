//! The log of synchronisations: one row per sync, written in a short transaction of its own when the session ends.
//! Losing the last rows in a power cut loses no event, so it does not wait for the disk.

use std::time::Duration;

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::time::Timestamp;
use comptoir_proto::desktop_v1::{SyncLog, SyncLogPage, SyncStatistics};
use comptoir_proto::instant;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{self, Database, Micros, StoreError, natural};

/// The stored length of an error or a batch's name, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// The direction that events flow in, seen from the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// A synchronisation that has begun.
#[derive(Debug)]
pub(crate) struct SyncSession {
    database: Database,
    clock: Clock,
    tenant: TenantId,
    client: String,
    node: Option<NodeId>,
    contract: &'static str,
    direction: Direction,
    started_at: Timestamp,
    pub(crate) batch_id: Option<String>,
    pub(crate) clock_offset_micros: Option<i64>,
}

/// How many events a synchronisation moved, and how many of them need attention.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SyncCounts {
    pub(crate) events: usize,
    pub(crate) conflicts: usize,
    pub(crate) failed: usize,
}

impl SyncSession {
    /// Begins the session of a phone or desktop, by the name that it gives itself; central may not know it yet.
    pub(crate) fn of_client(
        (database, clock): (&Database, &Clock),
        tenant: TenantId,
        client: &str,
        contract: &'static str,
        direction: Direction,
    ) -> SyncSession {
        SyncSession {
            started_at: clock.now(),
            database: database.clone(),
            clock: clock.clone(),
            tenant,
            client: client.to_owned(),
            node: None,
            contract,
            direction,
            batch_id: None,
            clock_offset_micros: None,
        }
    }

    pub(crate) fn of_node(
        services: (&Database, &Clock),
        tenant: TenantId,
        node: NodeId,
        direction: Direction,
    ) -> SyncSession {
        let session = SyncSession::of_client(services, tenant, &node.to_string(), "native", direction);
        SyncSession { node: Some(node), ..session }
    }

    /// Sets the device once it is identified.
    pub(crate) fn is_of(&mut self, node: NodeId) {
        self.node = Some(node);
    }

    /// Logs how the synchronisation ended: its counts, or the text of its error. A row that cannot be written costs the client
    /// nothing.
    pub(crate) async fn end(self, outcome: Result<SyncCounts, String>) {
        if let Err(error) = self.write(outcome).await {
            tracing::warn!(tenant.id = %self.tenant, client = self.client, %error, "a synchronisation could not be logged");
        }
    }

    /// As [`SyncSession::end`], in a task of its own, so that the answer does not wait.
    pub(crate) fn end_in_background(self, outcome: Result<SyncCounts, String>) {
        tokio::spawn(self.end(outcome));
    }

    async fn write(&self, outcome: Result<SyncCounts, String>) -> Result<(), StoreError> {
        let (counts, error) = match outcome {
            Ok(counts) => (counts, None),
            Err(error) => (SyncCounts::default(), Some(kept(&error))),
        };
        let status = match &error {
            Some(_) => SyncOutcome::Failed,
            None if counts.conflicts + counts.failed > 0 => SyncOutcome::Partial,
            None => SyncOutcome::Success,
        };
        let status = status.as_str();
        let direction = match self.direction {
            Direction::Up => "UP",
            Direction::Down => "DOWN",
        };
        let batch_id = self.batch_id.as_deref().map(kept);
        let client = kept(&self.client);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, self.tenant).await?;
        let sql = "insert into sync_log (tenant_id, started_at, sync_id, client, node_id, contract, direction, batch_id, events_count,
                                         conflicts_count, failed_count, status, completed_at, clock_offset_micros, error)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        let statement = tx.prepare_cached(sql).await?;
        let columns: [&(dyn ToSql + Sync); 15] = [
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
            &Micros(self.clock.now().max(self.started_at)),
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

/// How a synchronisation ended: partial where some of its events were refused or are in conflict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub(crate) enum SyncOutcome {
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

/// A page of the log.
#[derive(Debug)]
pub(crate) struct SyncLogRequest {
    pub(crate) client: Option<String>,
    pub(crate) status: Option<SyncOutcome>,
    /// Only what is older than the last row of the page before.
    pub(crate) before: Option<SyncLogCursor>,
    /// Rows of the page, one or more.
    pub(crate) limit: usize,
}

/// Newest first, with statistics over all rows that match the filter. An offset over `drift_limit` counts as drift.
pub(crate) async fn page(
    database: &Database,
    tenant: TenantId,
    request: SyncLogRequest,
    drift_limit: Duration,
) -> Result<SyncLogPage, StoreError> {
    let SyncLogRequest { client, status, before, limit } = request;
    let (id, status) = (tenant.uuid(), status.map(SyncOutcome::as_str));
    let (before_at, before_id) = before.map(|before| (Micros(before.started_at), before.sync_id)).unzip();
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let statement = tx.prepare_cached(include_str!("sync_log_page.sql")).await?;
    let rows_max = limit as i64 + 1;
    let parameters: [&(dyn ToSql + Sync); 6] = [&id, &client, &status, &before_at, &before_id, &rows_max];
    let rows = tx.query(&statement, &parameters).await?;
    let statement = tx.prepare_cached(include_str!("sync_log_statistics.sql")).await?;
    let sums = tx.query_one(&statement, &[&id, &client, &status]).await?;
    let drift_micros_max = u64::try_from(drift_limit.as_micros()).unwrap_or(u64::MAX);
    let entries: Vec<SyncLog> =
        rows.iter().take(limit).map(|row| entry(row, drift_micros_max)).collect::<Result<_, _>>()?;
    let last = rows.get(limit - 1).filter(|_| rows.len() > limit);
    let next_cursor = last.map(SyncLogCursor::of_row).transpose()?.map(|cursor| cursor.to_string());
    Ok(SyncLogPage { entries, statistics: statistics(&sums)?, next_cursor })
}

/// The last row of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SyncLogCursor {
    started_at: Timestamp,
    sync_id: Uuid,
}

impl SyncLogCursor {
    fn of_row(row: &Row) -> Result<SyncLogCursor, StoreError> {
        let started_at: Micros = row.try_get("started_at")?;
        Ok(SyncLogCursor { started_at: started_at.0, sync_id: row.try_get("sync_id")? })
    }

    /// Parses a `next_cursor`.
    pub(crate) fn parse(text: &str) -> Option<SyncLogCursor> {
        let (started_at, sync_id) = text.split_once('.')?;
        Some(SyncLogCursor { started_at: Timestamp(started_at.parse().ok()?), sync_id: Uuid::parse_str(sync_id).ok()? })
    }
}

impl std::fmt::Display for SyncLogCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.started_at.0, self.sync_id)
    }
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
