//! The position up to which a figure is complete, and the sites whose figures may be incomplete. Every report includes both.

use std::time::Duration;

use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;

use super::error::ReportError;
use super::question::{AsOf, WaitFor};
use crate::database::{Database, Micros, StoreError, TxPhase, begin};
use crate::event_store;
use crate::projections::progress::{Progress, ProjectionMark};
use crate::projections::{position_of, position_sql};

/// A point in the past that a question names, as a position of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PastPoint {
    /// The last position included.
    pub(super) position: Position,
    /// The requested time, or the receipt time of the event at that position.
    pub(super) at: Timestamp,
}

/// Resolves `as_of` to a position. A future one is refused, since its answer would still change.
pub(super) async fn past(
    database: &Database,
    tenant: TenantId,
    as_of: AsOf,
    now: Timestamp,
) -> Result<PastPoint, ReportError> {
    let mut connection = database.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let row =
        tx.query_opt("select head, last_received_at from tenant_head where tenant_id = $1", &[&tenant.uuid()]).await?;
    let (head, last_received_at) = match row {
        Some(row) => (position_of(row.try_get(0)?)?, row.try_get::<_, Micros>(1)?.0),
        None => (Position::ZERO, Timestamp::MIN),
    };
    match as_of {
        AsOf::Position(position) if position > head => Err(ReportError::AheadOfLog { asked: position, head }),
        AsOf::Position(position) => {
            let at = event_store::received_at_position(&tx, tenant, position).await?.unwrap_or(Timestamp::MIN);
            Ok(PastPoint { position, at })
        }
        AsOf::Time(at) if at > now => Err(ReportError::InFuture { asked: at, now }),
        AsOf::Time(at) if at < last_received_at => {
            Ok(PastPoint { position: event_store::position_at_time(&tx, tenant, at, head).await?, at })
        }
        AsOf::Time(at) => {
            let row = tx.query_opt(include_str!("as_of_promise.sql"), &[&tenant.uuid(), &Micros(at)]).await?;
            let position = row.map(|row| row.try_get(0)).transpose()?.map_or(Ok(Position::ZERO), position_of)?;
            tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
            Ok(PastPoint { position, at })
        }
    }
}

/// Waits until a mark reaches a position, without a database connection.
pub(super) async fn wait_for(
    progress: &Progress,
    tenant: TenantId,
    mark: ProjectionMark,
    WaitFor { position, within }: WaitFor,
) -> Result<(), ReportError> {
    if position == Position::ZERO {
        return Ok(());
    }
    let reached = progress.reached(tenant, mark, position, within).await;
    reached.map_err(|reached| ReportError::NotReached { position, within, reached })
}

/// The sites that have not pushed for longer than the threshold, now or as of a past time. A push that a reporting projection
/// has yet to apply does not make its site stale: `complete_through` covers it.
pub(super) async fn stale_sites(
    tx: &Transaction<'_>,
    tenant: TenantId,
    past: Option<PastPoint>,
    now: Timestamp,
    stale_after: Duration,
) -> Result<Vec<SiteId>, ReportError> {
    let point = past.unwrap_or(PastPoint { position: Position(u64::MAX), at: now });
    let micros = i64::try_from(stale_after.as_micros()).unwrap_or(i64::MAX);
    let since = point.at.shifted(micros.saturating_neg());
    let statement = tx.prepare_cached(include_str!("stale_sites.sql")).await?;
    let (id, position) = (tenant.uuid(), position_sql(point.position));
    let rows = tx.query(&statement, &[&id, &position, &Micros(point.at), &Micros(since)]).await?;
    rows.iter().map(|row| Ok(SiteId::new(row.try_get(0)?))).collect()
}
