//! Ending logins: the family of refresh tokens, and with it the access tokens.

use comptoir_core::id::{TenantId, UserId};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use crate::database::{Micros, StoreError};

/// Locks a user's logins before the tenant: a replayed token locks its login first too, and two that lock in another order could
/// wait for each other.
pub(super) async fn lock_logins(tx: &Transaction<'_>, tenant: TenantId, user: UserId) -> Result<(), StoreError> {
    let sql = "select from refresh_family where tenant_id = $1 and user_id = $2 and ended_at is null
               order by family_id for update";
    tx.query(sql, &[&tenant.uuid(), &user.uuid()]).await?;
    Ok(())
}

/// Ends one login.
pub(super) async fn end_family(
    tx: &Transaction<'_>,
    tenant: TenantId,
    family: Uuid,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "update refresh_family set ended_at = $3, end_reason = $4
               where tenant_id = $1 and family_id = $2 and ended_at is null";
    tx.execute(sql, &[&tenant.uuid(), &family, &Micros(now), &reason]).await?;
    Ok(())
}

/// Ends every login of a user at once: access tokens stop too.
pub(super) async fn end_logins(
    tx: &Transaction<'_>,
    tenant: TenantId,
    user: UserId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "update refresh_family set ended_at = $3, end_reason = $4
               where tenant_id = $1 and user_id = $2 and ended_at is null";
    tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &Micros(now), &reason]).await?;
    Ok(())
}

/// Ends the logins of one device.
pub(super) async fn end_device_logins(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (user, device): (UserId, &str),
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "update refresh_family set ended_at = $4, end_reason = $5
               where tenant_id = $1 and user_id = $2 and device = $3 and ended_at is null";
    tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &device, &Micros(now), &reason]).await?;
    Ok(())
}

/// Ends every login of a user but one.
pub(super) async fn end_other_logins(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (user, kept): (UserId, Uuid),
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "update refresh_family set ended_at = $4, end_reason = $5
               where tenant_id = $1 and user_id = $2 and family_id <> $3 and ended_at is null";
    tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &kept, &Micros(now), &reason]).await?;
    Ok(())
}
