//! Makes another version active. A switch happens under the tenant's lock, after the last catch-up, so that no event falls
//! between two versions. The old version stays unchanged until it is dropped: switching back to it undoes the switch.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;

use super::rebuild::{BuildTarget, Builder, head};
use super::status::version_state;
use super::{ProjectionError, Version, position_sql};
use crate::database::{Database, StoreError, TxPhase, begin};
use crate::event_store;

/// The last events are applied under the lock, while sales wait: at most this many.
const LEFT_FOR_THE_LOCK: u64 = 1_000;

/// A completed switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switched {
    /// The previously active version, if there was one.
    pub from: Option<Version>,
    /// The version that is active now.
    pub to: Version,
    /// The tenant's head at the switch.
    pub position: Position,
}

/// Makes `to` the active version.
pub async fn switch(database: &Database, tenant: TenantId, to: Version) -> Result<Switched, ProjectionError> {
    let mut builder = Builder::new(database, tenant, BuildTarget::This(to)).await?;
    loop {
        let head = head(database, tenant).await?;
        if head.0.saturating_sub(builder.position().0) <= LEFT_FOR_THE_LOCK {
            break;
        }
        builder.commit_page(database, head).await?;
    }
    let mut connection = database.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let locked = event_store::lock_tenant(&tx, tenant).await?.ok_or(ProjectionError::NoTenant(tenant))?;
    while builder.position() < locked.head {
        builder.page(&tx, locked.head).await?;
    }
    // Another switch or a drop may have happened first.
    builder.hold(&tx).await?;
    let from = make_active(&tx, tenant, to, locked.head).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(Switched { from, to, position: locked.head })
}

/// Both rows get a new fence, which stops the runner of the old version and the builder of the new one.
async fn make_active(
    tx: &Transaction<'_>,
    tenant: TenantId,
    to: Version,
    head: Position,
) -> Result<Option<Version>, ProjectionError> {
    let (id, name, number) = (tenant.uuid(), to.projection.name(), to.number);
    let deciding = to.projection.is_deciding();
    let retired =
        tx.query_opt(include_str!("version_retire.sql"), &[&id, &name, &deciding, &position_sql(head)]).await?;
    tx.execute(include_str!("version_activate.sql"), &[&id, &name, &number]).await?;
    retired.map(|row| Ok(Version { projection: to.projection, number: row.try_get("version")? })).transpose()
}

/// Deletes an inactive version: an abandoned rebuild, or a retired version.
pub async fn drop_version(database: &Database, tenant: TenantId, of: Version) -> Result<(), ProjectionError> {
    let mut connection = database.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let (id, name) = (tenant.uuid(), of.projection.name());
    // The cursor is deleted first: a builder of this version waits for the row, finds it gone, and stops.
    let deleted = tx
        .execute(
            "delete from projection_version
             where tenant_id = $1 and projection = $2 and version = $3 and state <> 'active'",
            &[&id, &name, &of.number],
        )
        .await?;
    if deleted == 0 {
        return Err(match version_state(&tx, tenant, of).await? {
            Some(_) => ProjectionError::Active { of, tenant },
            None => ProjectionError::NoVersion { of, tenant },
        });
    }
    for table in of.projection.tables().iter().map(|table| table.name).chain(of.projection.companion_table()) {
        let sql = format!("delete from {table} where tenant_id = $1 and version = $2");
        tx.execute(&sql, &[&id, &of.number]).await?;
    }
    tx.execute(
        "delete from projection_parked where tenant_id = $1 and projection = $2 and version = $3",
        &[&id, &name, &of.number],
    )
    .await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(())
}
