//! The ids that central assigned to entities in place of a device's own ids. Read and written under the tenant's lock, in the
//! transaction of the events that name them.

use comptoir_core::id::{Name, NodeId, TenantId};
use deadpool_postgres::Transaction;

use crate::database::StoreError;

/// An entity whose id at central differs from the id on the device that created it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AssignedId {
    pub(crate) entity_type: Name,
    pub(crate) client_id: String,
    /// Counts the entities for which the device used this id, from 0.
    pub(crate) number: usize,
    pub(crate) server_id: Name,
}

/// All assigned ids of a device; of one of its ids, in the order of their numbers.
pub(crate) async fn device_ids(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
) -> Result<Vec<AssignedId>, StoreError> {
    let sql = "select entity_type, client_id, server_id, number from device_id_map
               where tenant_id = $1 and node_id = $2 order by entity_type, client_id, number";
    let statement = tx.prepare_cached(sql).await?;
    let name = |text: String| Name::new(text).map_err(|error| StoreError::Damaged(error.to_string()));
    let rows = tx.query(&statement, &[&tenant.uuid(), &node.uuid()]).await?;
    let damaged = |number: i32| StoreError::Damaged(format!("an assigned id has the number {number}"));
    rows.iter()
        .map(|row| {
            let number: i32 = row.try_get(3)?;
            Ok(AssignedId {
                entity_type: name(row.try_get(0)?)?,
                client_id: row.try_get(1)?,
                number: usize::try_from(number).map_err(|_| damaged(number))?,
                server_id: name(row.try_get(2)?)?,
            })
        })
        .collect()
}

/// Stores new ids; existing ones stay.
pub(crate) async fn insert_device_ids(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    assigned: &[AssignedId],
) -> Result<(), StoreError> {
    if assigned.is_empty() {
        return Ok(());
    }
    let sql = "insert into device_id_map (tenant_id, node_id, entity_type, client_id, number, server_id)
               select h.tenant_id, $2::uuid, unnest($3::text[]), unnest($4::text[]), unnest($5::int[]), unnest($6::text[])
               from tenant_head h where h.tenant_id = $1";
    let statement = tx.prepare_cached(sql).await?;
    let types: Vec<&str> = assigned.iter().map(|ids| ids.entity_type.as_str()).collect();
    let clients: Vec<&str> = assigned.iter().map(|ids| ids.client_id.as_str()).collect();
    let numbers: Vec<i32> = assigned.iter().map(|ids| i32::try_from(ids.number).unwrap_or(i32::MAX)).collect();
    let servers: Vec<&str> = assigned.iter().map(|ids| ids.server_id.as_str()).collect();
    tx.execute(&statement, &[&tenant.uuid(), &node.uuid(), &types, &clients, &numbers, &servers]).await?;
    Ok(())
}
