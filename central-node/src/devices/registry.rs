//! Devices as an administrator sees them, and the shop that a device belongs to.

use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::time::Timestamp;
use uuid::Uuid;

use super::device::node_of;
use crate::accounts::{ChangedBy, IdentityChange, record_changes};
use crate::clock::Clock;
use crate::database::{self, Database, Micros, StoreError, TxPhase};
use crate::event_store::{TenantHead, lock_tenant, raise_tenant};
use crate::identity::IdentityError;

/// A device in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceRow {
    /// The device's name, chosen by itself.
    pub name: String,
    /// `mobile` or `desktop`.
    pub contract: String,
    /// The node of the log that central keeps for it.
    pub node: NodeId,
    /// Its shop, if it has one.
    pub site: Option<SiteId>,
    /// When it last came.
    pub last_contact_at: Timestamp,
}

/// A tenant's phones and desktops, by name.
pub async fn devices(db: &Database, tenant: TenantId) -> Result<Vec<DeviceRow>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select d.device, d.contract, d.node_id, n.site_id, d.last_contact_at
               from device d join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
               where d.tenant_id = $1 order by d.device";
    let rows = tx.query(sql, &[&tenant.uuid()]).await?;
    let device = |row: &tokio_postgres::Row| {
        Ok(DeviceRow {
            name: row.try_get(0)?,
            contract: row.try_get(1)?,
            node: NodeId::new(row.try_get(2)?),
            site: row.try_get::<_, Option<Uuid>>(3)?.map(SiteId::new),
            last_contact_at: row.try_get::<_, Micros>(4)?.0,
        })
    };
    rows.iter().map(device).collect()
}

/// Gives a device to a shop. From then on its events are the shop's, the shop's keys speak for it, and the next pull of a phone
/// brings all that it may see once more. A desktop asks for that itself, with `reload`.
pub async fn move_device(
    (db, clock): (&Database, &Clock),
    tenant: TenantId,
    name: &str,
    site: SiteId,
) -> Result<DeviceRow, IdentityError> {
    let node = node_of(tenant, name);
    let missing = |what: String| IdentityError::Missing { tenant, what };
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let head = lock_tenant(&tx, tenant).await?.ok_or_else(|| missing("the tenant itself".to_owned()))?;
    let sql = "select from site where tenant_id = $1 and site_id = $2";
    let known = tx.query_opt(sql, &[&tenant.uuid(), &site.uuid()]).await.map_err(StoreError::from)?;
    known.ok_or_else(|| missing(format!("site {site}")))?;
    let sql = "update device
               set resends = contract = 'mobile', resend_from = null, resend_sent = null, resend_given = null, resend_is_last = null
               where tenant_id = $1 and node_id = $2
               returning contract, last_contact_at";
    let moved = tx.query_opt(sql, &[&tenant.uuid(), &node.uuid()]).await.map_err(StoreError::from)?;
    let moved = moved.ok_or_else(|| missing(format!("device {name:?} has not come yet")))?;
    let row = || -> Result<DeviceRow, tokio_postgres::Error> {
        let (contract, last_contact_at) = (moved.try_get(0)?, moved.try_get::<_, Micros>(1)?.0);
        Ok(DeviceRow { name: name.to_owned(), contract, node, site: Some(site), last_contact_at })
    };
    let row = row().map_err(StoreError::from)?;
    let sql = "update node set site_id = $3 where tenant_id = $1 and node_id = $2";
    tx.execute(sql, &[&tenant.uuid(), &node.uuid(), &site.uuid()]).await.map_err(StoreError::from)?;
    // No time that the device was given before may be that of its last page: the page would look as if it had arrived.
    let later = head.last_received_at.shifted(1_000);
    raise_tenant(&tx, tenant, TenantHead { last_received_at: later, ..head }).await?;
    let change = IdentityChange::new("DEVICE", node.to_string(), "device_moved").with("site", site.to_string());
    record_changes(&tx, tenant, vec![change], &ChangedBy::Console, clock.now()).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(row)
}
