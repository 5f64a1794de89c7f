//! Devices as an administrator sees them, and the shop that a device belongs to.

use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::time::Timestamp;
use uuid::Uuid;

use crate::accounts::{ChangedBy, IdentityChange, record_changes};
use crate::clock::Clock;
use crate::database::{self, Database, Micros, StoreError, TxPhase, natural};
use crate::event_store::{TenantHead, lock_tenant, raise_tenant};
use crate::identity::IdentityError;
use crate::identity::user_device::device_node;

/// A device in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceRow {
    /// The device's name, chosen by itself.
    pub name: String,
    /// What people call it.
    pub label: Option<String>,
    /// `mobile` or `desktop`; `None` before its first synchronisation.
    pub contract: Option<String>,
    /// The node of the log that central keeps for it.
    pub node: NodeId,
    /// Its shop, if it has one.
    pub site: Option<SiteId>,
    /// When it last came.
    pub last_contact_at: Timestamp,
    /// Of a device that is enrolled to a user.
    pub enrolment: Option<DeviceOfUser>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it proved that its data is destroyed.
    pub wiped_at: Option<Timestamp>,
    /// How many events it destroyed unsent.
    pub unsent: Option<u64>,
}

/// To whom a device is enrolled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceOfUser {
    /// The user.
    pub user: UserId,
    /// The device's role.
    pub role: String,
    /// Since when.
    pub enrolled_at: Timestamp,
}

const COLUMNS: &str =
    "d.device, d.label, d.contract, d.node_id, n.site_id, coalesce(d.seen_at, d.last_contact_at), d.user_id,
                       d.role, d.enrolled_at, d.revoked_at, d.wiped_at, d.unsent";

/// A tenant's phones and desktops, by name.
pub async fn devices(db: &Database, tenant: TenantId) -> Result<Vec<DeviceRow>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = format!(
        "select {COLUMNS} from device d join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
         where d.tenant_id = $1 order by d.device"
    );
    tx.query(&sql, &[&tenant.uuid()]).await?.iter().map(device_row).collect()
}

/// One device by its id or its own name.
pub async fn find_device(db: &Database, tenant: TenantId, id_or_name: &str) -> Result<Option<DeviceRow>, StoreError> {
    let named = device_node(tenant, id_or_name);
    let node = id_or_name.parse::<Uuid>().ok().unwrap_or_else(|| named.uuid());
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    // A device's own name is a UUID too: the id is looked for first.
    let sql = format!(
        "select {COLUMNS} from device d join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
         where d.tenant_id = $1 and (d.node_id = $2 or d.node_id = $3) order by (d.node_id = $2) desc limit 1"
    );
    let row = tx.query_opt(&sql, &[&tenant.uuid(), &node, &named.uuid()]).await?;
    row.as_ref().map(device_row).transpose()
}

fn device_row(row: &tokio_postgres::Row) -> Result<DeviceRow, StoreError> {
    let time = |column: usize| Ok::<_, StoreError>(row.try_get::<_, Option<Micros>>(column)?.map(|Micros(at)| at));
    let (user, role, enrolled_at): (Option<Uuid>, Option<String>, _) = (row.try_get(6)?, row.try_get(7)?, time(8)?);
    let enrolment = match (user, role, enrolled_at) {
        (Some(user), Some(role), Some(enrolled_at)) => {
            Some(DeviceOfUser { user: UserId::new(user), role, enrolled_at })
        }
        _ => None,
    };
    Ok(DeviceRow {
        name: row.try_get(0)?,
        label: row.try_get(1)?,
        contract: row.try_get(2)?,
        node: NodeId::new(row.try_get(3)?),
        site: row.try_get::<_, Option<Uuid>>(4)?.map(SiteId::new),
        last_contact_at: row.try_get::<_, Micros>(5)?.0,
        enrolment,
        revoked_at: time(9)?,
        wiped_at: time(10)?,
        unsent: row.try_get::<_, Option<i64>>(11)?.map(natural).transpose()?,
    })
}

/// Gives a device to a shop. From then on its events are the shop's, the shop's keys speak for it, and the next pull of a phone
/// brings all that it may see once more. A desktop asks for that itself, with `reload`.
pub async fn move_device(
    (db, clock): (&Database, &Clock),
    tenant: TenantId,
    name: &str,
    site: SiteId,
) -> Result<DeviceRow, IdentityError> {
    let node = device_node(tenant, name);
    let missing = |what: String| IdentityError::Missing { tenant, what };
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let head = lock_tenant(&tx, tenant).await?.ok_or_else(|| missing("the tenant itself".to_owned()))?;
    let sql = "select from site where tenant_id = $1 and site_id = $2";
    let known = tx.query_opt(sql, &[&tenant.uuid(), &site.uuid()]).await.map_err(StoreError::from)?;
    known.ok_or_else(|| missing(format!("site {site}")))?;
    let sql = "update device
               set resends = coalesce(contract = 'mobile', false), resend_from = null, resend_sent = null, resend_given = null, resend_is_last = null
               where tenant_id = $1 and node_id = $2
               returning node_id";
    let moved = tx.query_opt(sql, &[&tenant.uuid(), &node.uuid()]).await.map_err(StoreError::from)?;
    moved.ok_or_else(|| missing(format!("device {name:?} has not come yet")))?;
    let sql = "update node set site_id = $3 where tenant_id = $1 and node_id = $2";
    tx.execute(sql, &[&tenant.uuid(), &node.uuid(), &site.uuid()]).await.map_err(StoreError::from)?;
    // No time that the device was given before may be that of its last page: the page would look as if it had arrived.
    let later = head.last_received_at.shifted(1_000);
    raise_tenant(&tx, tenant, TenantHead { last_received_at: later, ..head }).await?;
    let change = IdentityChange::new("DEVICE", node.to_string(), "device_moved").with("site", site.to_string());
    record_changes(&tx, tenant, vec![change], &ChangedBy::Console, clock.now()).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    drop(connection);
    find_device(db, tenant, &node.to_string()).await?.ok_or_else(|| missing(format!("device {name:?}")))
}
