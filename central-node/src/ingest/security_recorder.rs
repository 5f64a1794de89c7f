//! Records a security event that is about no record: a refused request, a replayed token, a key that is used twice.

use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::id::TenantId;
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;

use super::batch::write_drafts;
use super::drafts::DraftBatch;
use super::error::{DraftsError, IngestError};
use super::queue::IngestQueue;
use super::security_events::{SecurityEvent, count_sealed};
use crate::clock::Clock;
use crate::database::{self, Database, Micros, StoreError};

/// Counts a security event, and records it in the tenant's log unless its cause was recorded before. A failure costs the caller
/// nothing: the next repeat of the cause tries again.
pub(crate) async fn record_security_event(
    (database, queue, clock): (&Database, &IngestQueue, &Clock),
    tenant: TenantId,
    event: SecurityEvent,
) {
    let result = match count(database, tenant, &event, clock.now()).await {
        Ok(true) => Ok(()),
        Ok(false) => write(database, queue, tenant, &event).await,
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = result {
        tracing::warn!(tenant.id = %tenant, security.kind = event.kind().as_str(), error, "a security event could not be recorded");
    }
}

/// Records and counts a security event within the caller's transaction, for a cause that was not recorded before. The caller
/// commits.
pub(crate) async fn write_security_event(
    tx: &Transaction<'_>,
    tenant: TenantId,
    event: SecurityEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    let outcomes = write_drafts(tx, tenant, batch_of(&event), now).await.map_err(|error| match error {
        DraftsError::Ingest(IngestError::Store(error)) => error,
        other => StoreError::Refused(other.to_string()),
    })?;
    if let Some(refusal) = outcomes.into_iter().find_map(Result::err) {
        return Err(StoreError::Refused(refusal.to_string()));
    }
    count_sealed(tx, tenant, &[event], now).await
}

fn batch_of(event: &SecurityEvent) -> DraftBatch {
    let draft = Draft { id: event.id(), occurred_at: None, content: event.content() };
    DraftBatch { drafts: vec![(draft, Fact::SecurityRecorded)], atomic: true, by_central: true, opens_epoch: false }
}

/// Raises the count of the cause. Returns whether its event is in the log.
async fn count(
    database: &Database,
    tenant: TenantId,
    event: &SecurityEvent,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "insert into security_signal (tenant_id, signal_id, kind, times, last_at, recorded)
               values ($1, $2, $3, 1, $4, false)
               on conflict (tenant_id, signal_id) do update
               set times = security_signal.times + 1, last_at = excluded.last_at
               returning recorded";
    let statement = tx.prepare_cached(sql).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&tenant.uuid(), &event.id().uuid(), &event.kind().as_str(), &Micros(now)];
    let recorded = tx.query_one(&statement, &parameters).await?.try_get(0)?;
    tx.commit().await?;
    Ok(recorded)
}

async fn write(
    database: &Database,
    queue: &IngestQueue,
    tenant: TenantId,
    event: &SecurityEvent,
) -> Result<(), String> {
    // A refusal says that the id is in the log: the cause was recorded, with details of another attempt.
    let _outcomes = queue.submit(tenant, batch_of(event)).await.map_err(|error: DraftsError| error.to_string())?;
    event.log(tenant);
    let marked = async {
        let mut connection = database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let sql = "update security_signal set recorded = true where tenant_id = $1 and signal_id = $2";
        tx.execute(sql, &[&tenant.uuid(), &event.id().uuid()]).await?;
        Ok::<_, StoreError>(tx.commit().await?)
    };
    marked.await.map_err(|error| error.to_string())
}
