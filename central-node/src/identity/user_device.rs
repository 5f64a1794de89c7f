//! Devices that are enrolled to users: what authenticating them needs. A device has one role of its user's, at one site.

use std::time::Duration;

use comptoir_core::access::{Role, RoleAt};
use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use ed25519_dalek::{Signature, VerifyingKey};
use uuid::Uuid;

use crate::database::{Micros, StoreError};

/// The node of the device of a name, whether it has contacted central or not.
pub(crate) fn device_node(tenant: TenantId, name: &str) -> NodeId {
    NodeId::new(Uuid::new_v5(&tenant.uuid(), name.as_bytes()))
}

/// A device that is enrolled to a user.
#[derive(Clone, Debug)]
pub(crate) struct EnrolledDevice {
    pub(crate) node: NodeId,
    pub(crate) user: UserId,
    /// The site of its log.
    pub(crate) site: Option<SiteId>,
    pub(crate) role: Role,
    public_key: [u8; 32],
    pub(crate) is_revoked: bool,
}

impl EnrolledDevice {
    /// Whether the device signed a text of `comptoir_proto::device_proofs`.
    pub(crate) fn signed(&self, text: &str, proof: Option<&str>) -> bool {
        proof.is_some_and(|proof| is_signed(&self.public_key, text, proof))
    }

    /// Whether this is the device's key.
    pub(crate) fn has_key(&self, public_key: &[u8; 32]) -> bool {
        self.public_key == *public_key
    }

    /// What the user is on this device.
    pub(crate) fn narrowed(&self, roles: Vec<RoleAt>) -> Vec<RoleAt> {
        narrowed(&self.role, self.site, roles).filter(|_| !self.is_revoked).into_iter().collect()
    }
}

/// The role of a device, if its user has that role at the device's site or at every site.
pub(crate) fn narrowed(role: &Role, site: Option<SiteId>, held: Vec<RoleAt>) -> Option<RoleAt> {
    let own = RoleAt { role: role.clone(), site: Some(site?) };
    held.iter().any(|held| own.is_part_of(held)).then_some(own)
}

/// Whether a key made a signature in hex over a text.
pub(crate) fn is_signed(public_key: &[u8; 32], text: &str, proof: &str) -> bool {
    let mut signature = [0u8; 64];
    let read = hex::decode_to_slice(proof, &mut signature).is_ok();
    let key = VerifyingKey::from_bytes(public_key);
    read && key.is_ok_and(|key| key.verify_strict(text.as_bytes(), &Signature::from_bytes(&signature)).is_ok())
}

/// The enrolled device of a name.
pub(crate) async fn enrolled_device(
    tx: &Transaction<'_>,
    tenant: TenantId,
    name: &str,
) -> Result<Option<EnrolledDevice>, StoreError> {
    let node = device_node(tenant, name);
    let sql = "select d.user_id, n.site_id, d.role, d.public_key, d.revoked_at is not null
               from device d join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
               where d.tenant_id = $1 and d.node_id = $2 and d.user_id is not null";
    let statement = tx.prepare_cached(sql).await?;
    let Some(row) = tx.query_opt(&statement, &[&tenant.uuid(), &node.uuid()]).await? else { return Ok(None) };
    let damaged = |what: &str| StoreError::Damaged(format!("device {node}: {what}"));
    let public_key: Vec<u8> = row.try_get(3)?;
    Ok(Some(EnrolledDevice {
        node,
        user: UserId::new(row.try_get(0)?),
        site: row.try_get::<_, Option<Uuid>>(1)?.map(SiteId::new),
        role: Role::new(row.try_get(2)?).map_err(|error| damaged(&error.to_string()))?,
        public_key: public_key.try_into().map_err(|_| damaged("its key has not 32 bytes"))?,
        is_revoked: row.try_get(4)?,
    }))
}

/// Notes that a device contacted central with its user's token. A silence longer than the grace is kept: what the device
/// recorded in it, beyond the grace, is quarantined.
pub(crate) async fn note_contact(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    now: Timestamp,
    grace: Duration,
) -> Result<(), StoreError> {
    let keys: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&tenant.uuid(), &node.uuid()];
    let sql = "select seen_at from device where tenant_id = $1 and node_id = $2 and user_id is not null for update";
    let statement = tx.prepare_cached(sql).await?;
    let Some(row) = tx.query_opt(&statement, &keys).await? else { return Ok(()) };
    let Micros(seen_at) = row.try_get(0)?;
    if seen_at >= now {
        return Ok(());
    }
    if end_of_grace(seen_at, grace) < now {
        let sql = "insert into device_gap (tenant_id, node_id, started_at, ended_at) values ($1, $2, $3, $4)
                   on conflict (tenant_id, node_id, started_at) do nothing";
        tx.execute(sql, &[&tenant.uuid(), &node.uuid(), &Micros(seen_at), &Micros(now)]).await?;
    }
    let statement = tx.prepare_cached("update device set seen_at = $3 where tenant_id = $1 and node_id = $2").await?;
    tx.execute(&statement, &[&tenant.uuid(), &node.uuid(), &Micros(now)]).await?;
    Ok(())
}

/// Until when a user may work offline after a contact.
pub(crate) fn end_of_grace(contact: Timestamp, grace: Duration) -> Timestamp {
    contact.shifted(i64::try_from(grace.as_micros()).unwrap_or(i64::MAX))
}
