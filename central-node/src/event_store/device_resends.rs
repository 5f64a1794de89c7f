//! Rows that a desktop receives once more, although nobody else changed them. Written in the transaction of the event that makes
//! a row due, at that event's position. A client that has not confirmed the position gets the row again, so a lost answer does
//! no harm.
//!
//! A choice that is repeated makes its row due too, and is no event: the row is due at the next position, and comes with every
//! last page until an event has that position.

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::state::EntityKey;
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::database::{StoreError, as_bigint, natural};

/// A row that a desktop receives once more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Resend {
    pub(crate) node: NodeId,
    pub(crate) key: EntityKey,
    pub(crate) position: Position,
}

/// A due row, as the page of a desktop reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DueRow {
    pub(crate) entity_type: String,
    pub(crate) entity_id: String,
    pub(crate) position: Position,
    /// The receipt time of the event at that position, if there is one.
    pub(crate) received_at: Option<Timestamp>,
}

/// Stores what is due. Nodes that are no desktops need no such rows.
pub(crate) async fn insert_resends(
    tx: &Transaction<'_>,
    tenant: TenantId,
    resends: &[Resend],
) -> Result<(), StoreError> {
    if resends.is_empty() {
        return Ok(());
    }
    let statement = tx.prepare_cached(include_str!("device_resends_insert.sql")).await?;
    let nodes: Vec<_> = resends.iter().map(|resend| resend.node.uuid()).collect();
    let positions: Vec<i64> = resends.iter().map(|resend| as_bigint(resend.position.0)).collect();
    let types: Vec<&str> = resends.iter().map(|resend| resend.key.entity_type.as_str()).collect();
    let ids: Vec<&str> = resends.iter().map(|resend| resend.key.entity_id.as_str()).collect();
    tx.execute(&statement, &[&tenant.uuid(), &nodes, &positions, &types, &ids]).await?;
    Ok(())
}

/// The rows of these types that are due to a desktop after a position up to another, at most `limit` of them, oldest first.
pub(crate) async fn due_resends(
    tx: &Transaction<'_>,
    (tenant, node): (TenantId, NodeId),
    (from, to): (Position, Position),
    types: Option<&[String]>,
    limit: usize,
) -> Result<Vec<DueRow>, StoreError> {
    let statement = tx.prepare_cached(include_str!("device_resends_due.sql")).await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let parameters: [&(dyn ToSql + Sync); 6] =
        [&tenant.uuid(), &node.uuid(), &as_bigint(from.0), &as_bigint(to.0), &types, &limit];
    let read = |row: &Row| {
        Ok(DueRow {
            entity_type: row.try_get("entity_type")?,
            entity_id: row.try_get("entity_id")?,
            position: Position(natural(row.try_get("position")?)?),
            received_at: row.try_get::<_, Option<&[u8]>>("decision")?.map(super::seal::received_at).transpose()?,
        })
    };
    tx.query(&statement, &parameters).await?.iter().map(read).collect()
}

/// Deletes what a desktop has confirmed: the rows of these types that were due up to a position.
pub(crate) async fn delete_resends(
    tx: &Transaction<'_>,
    (tenant, node): (TenantId, NodeId),
    up_to: Position,
    types: Option<&[String]>,
) -> Result<(), StoreError> {
    let sql = "delete from device_resend
               where tenant_id = $1 and node_id = $2 and position <= $3
                 and ($4::text[] is null or entity_type = any ($4))";
    let statement = tx.prepare_cached(sql).await?;
    tx.execute(&statement, &[&tenant.uuid(), &node.uuid(), &as_bigint(up_to.0), &types]).await?;
    Ok(())
}
