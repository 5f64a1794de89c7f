//! Renaming, revoking and wiping devices. Revoking ends the device's logins; its row stays, so that it learns of it.

use comptoir_core::id::{NodeId, TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::device_proofs::wiped_text;
use comptoir_proto::security_v1::SecurityKind;
use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::context::Accounts;
use super::error::{AccountError, HeldDevice};
use super::logins::{end_device_logins, lock_logins};
use super::names::{device_of, name_of};
use super::record::{ChangedBy, IdentityChange, lock_for_change, record};
use crate::database::{self, Micros, StoreError, as_bigint};
use crate::identity::user_device::enrolled_device;
use crate::ingest::{SecurityEvent, write_security_event};

/// A device's statement that it destroyed its data.
#[derive(Clone, Debug)]
pub struct WipedDevice {
    /// The tenant.
    pub tenant: TenantId,
    /// The device's own name.
    pub name: String,
    /// How many events it had not sent.
    pub unsent: u64,
    /// By its clock, as it wrote it.
    pub wiped_at: String,
    /// Its signature over [`wiped_text`].
    pub proof: String,
}

/// A locked row of a device.
pub(super) struct LockedDevice {
    node: NodeId,
    name: String,
    pub(super) user: Option<UserId>,
    is_revoked: bool,
}

impl Accounts {
    /// Changes what people call a device. The event does not contain it.
    pub async fn rename_device(
        &self,
        tenant: TenantId,
        node: NodeId,
        label: &str,
        by: &ChangedBy,
    ) -> Result<(), AccountError> {
        let label = name_of(label)?;
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_device(&tx, tenant, node).await?.ok_or_else(|| unknown(tenant, node))?;
        let sql = "update device set label = $3 where tenant_id = $1 and node_id = $2 and label is distinct from $3";
        let changed = tx.execute(sql, &[&tenant.uuid(), &node.uuid(), &label]).await.map_err(StoreError::from)?;
        if changed > 0 {
            let change = IdentityChange::of_device(node, "device_renamed");
            record(&tx, tenant, vec![change], by, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Revokes a device at once: its logins end, and from then on it may only send what it recorded. A second time changes
    /// nothing.
    pub async fn revoke_device(&self, tenant: TenantId, node: NodeId, by: &ChangedBy) -> Result<(), AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let device = lock_device(&tx, tenant, node).await?.ok_or_else(|| unknown(tenant, node))?;
        if let Some(change) = revoke_locked(&tx, tenant, &device, now).await? {
            record(&tx, tenant, vec![change], by, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Records that a device destroyed its data, which its own key proves. A device that nobody had revoked is revoked by that.
    pub async fn device_wiped(&self, wiped: &WipedDevice) -> Result<(), AccountError> {
        let WipedDevice { tenant, name, unsent, wiped_at, proof } = wiped;
        let (tenant, name, now) = (*tenant, device_of(name)?, self.now());
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let text = wiped_text(tenant.uuid(), name, *unsent, wiped_at);
        let enrolled = enrolled_device(&tx, tenant, name).await?.filter(|device| device.signed(&text, Some(proof)));
        let node = enrolled.ok_or(AccountError::WipeProof)?.node;
        let device = lock_device(&tx, tenant, node).await?.ok_or_else(|| unknown(tenant, node))?;
        let mut changes: Vec<IdentityChange> = revoke_locked(&tx, tenant, &device, now).await?.into_iter().collect();
        let sql = "update device set wiped_at = $3, unsent = $4
                   where tenant_id = $1 and node_id = $2 and wiped_at is null";
        let columns: [&(dyn ToSql + Sync); 4] = [&tenant.uuid(), &node.uuid(), &Micros(now), &as_bigint(*unsent)];
        let is_first = tx.execute(sql, &columns).await.map_err(StoreError::from)? > 0;
        if is_first {
            changes.push(IdentityChange::of_device(node, "device_wiped").with("unsent", *unsent));
        }
        if !changes.is_empty() {
            record(&tx, tenant, changes, &ChangedBy::Device(node), now).await?;
        }
        if is_first && *unsent > 0 {
            let cause = SecurityEvent::cause(tenant, &["wiped", &node.to_string()]);
            let event = SecurityEvent::new(SecurityKind::RecordsDestroyed, cause, ("DEVICE", &node.to_string()));
            write_security_event(&tx, tenant, event.in_log(node).with("unsent", *unsent), now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn unknown(tenant: TenantId, node: NodeId) -> AccountError {
    AccountError::NoDevice { tenant, device: node.to_string() }
}

/// Locks the logins of the device's user, the tenant and the device, in this order; see [`lock_logins`].
pub(super) async fn lock_device(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
) -> Result<Option<LockedDevice>, AccountError> {
    let sql = "select user_id from device where tenant_id = $1 and node_id = $2";
    let Some(row) = tx.query_opt(sql, &[&tenant.uuid(), &node.uuid()]).await.map_err(StoreError::from)? else {
        return Ok(None);
    };
    if let Some(user) = row.try_get::<_, Option<Uuid>>(0).map_err(StoreError::from)? {
        lock_logins(tx, tenant, UserId::new(user)).await?;
    }
    lock_for_change(tx, tenant).await?;
    let sql =
        "select device, user_id, revoked_at is not null from device where tenant_id = $1 and node_id = $2 for update";
    let Some(row) = tx.query_opt(sql, &[&tenant.uuid(), &node.uuid()]).await.map_err(StoreError::from)? else {
        return Ok(None);
    };
    let user: Option<Uuid> = row.try_get(1).map_err(StoreError::from)?;
    let (name, is_revoked) = (row.try_get(0).map_err(StoreError::from)?, row.try_get(2).map_err(StoreError::from)?);
    Ok(Some(LockedDevice { node, name, user: user.map(UserId::new), is_revoked }))
}

/// Revokes a device and ends its logins. `None` if it was revoked before.
pub(super) async fn revoke_locked(
    tx: &Transaction<'_>,
    tenant: TenantId,
    device: &LockedDevice,
    now: Timestamp,
) -> Result<Option<IdentityChange>, StoreError> {
    if device.is_revoked {
        return Ok(None);
    }
    let sql = "update device set revoked_at = $3, slot = null where tenant_id = $1 and node_id = $2";
    tx.execute(sql, &[&tenant.uuid(), &device.node.uuid(), &Micros(now)]).await?;
    let change = IdentityChange::of_device(device.node, "device_revoked");
    let Some(user) = device.user else { return Ok(Some(change)) };
    end_device_logins(tx, tenant, (user, &device.name), "device revoked", now).await?;
    Ok(Some(change.with("user", user.to_string())))
}

/// The active devices of a user, by their slots.
pub(super) async fn active_devices(
    tx: &Transaction<'_>,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<HeldDevice>, StoreError> {
    let sql = "select node_id, device, label, seen_at from device
               where tenant_id = $1 and user_id = $2 and slot is not null order by slot";
    let rows = tx.query(sql, &[&tenant.uuid(), &user.uuid()]).await?;
    let held = |row: &tokio_postgres::Row| {
        Ok(HeldDevice {
            node: NodeId::new(row.try_get(0)?),
            name: row.try_get(1)?,
            label: row.try_get(2)?,
            last_contact_at: row.try_get::<_, Micros>(3)?.0,
        })
    };
    rows.iter().map(held).collect()
}

/// Revokes every device of a user, and removes what people called them.
pub(super) async fn revoke_devices(
    tx: &Transaction<'_>,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<IdentityChange>, AccountError> {
    let mut changes = Vec::new();
    for held in active_devices(tx, tenant, user).await? {
        if let Some(device) = lock_device(tx, tenant, held.node).await? {
            changes.extend(revoke_locked(tx, tenant, &device, now).await?);
        }
    }
    let sql = "update device set label = null where tenant_id = $1 and user_id = $2";
    tx.execute(sql, &[&tenant.uuid(), &user.uuid()]).await.map_err(StoreError::from)?;
    Ok(changes)
}
