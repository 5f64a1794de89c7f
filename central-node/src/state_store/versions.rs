//! The active versions of the projections, read by one query for decisions, pulls and reports.

use std::collections::HashMap;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;

use super::position_of;
use crate::database::StoreError;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ActiveVersion {
    pub(crate) number: i32,
    /// Changes with each switch, and when a version number is reused.
    pub(crate) fence: i64,
    /// The position of a reporting projection.
    pub(crate) position: Position,
}

/// The active versions of a tenant by projection. They change only under the tenant's lock.
pub(crate) async fn active_versions(
    tx: &Transaction<'_>,
    tenant: TenantId,
) -> Result<HashMap<String, ActiveVersion>, StoreError> {
    let sql = "select projection, version, owner_epoch, position from projection_version
               where tenant_id = $1 and state = 'active'";
    let statement = tx.prepare_cached(sql).await?;
    let rows = tx.query(&statement, &[&tenant.uuid()]).await?;
    let active = rows.iter().map(|row| {
        let position = position_of(row.try_get("position")?)?;
        let version = ActiveVersion { number: row.try_get("version")?, fence: row.try_get("owner_epoch")?, position };
        Ok((row.try_get("projection")?, version))
    });
    active.collect()
}
