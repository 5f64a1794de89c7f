//! Queries that need the log and a read model in one statement. The callers know the read models' columns and read the rows.

use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::database::{StoreError, as_bigint, natural};

/// Parameters by number, as each SQL file lists them.
type Parameters<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];

async fn rows(tx: &Transaction<'_>, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.query(&statement, parameters).await?)
}

/// Keys of rows that changed after a position.
pub(crate) async fn changed_keys(tx: &Transaction<'_>, parameters: Parameters<'_, 15>) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("changed_keys.sql"), &parameters).await
}

/// Keys of rows that were created between two positions.
pub(crate) async fn created_keys(tx: &Transaction<'_>, parameters: Parameters<'_, 10>) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("created_keys.sql"), &parameters).await
}

/// Keys of one kind, in key order.
pub(crate) async fn keys_in_order(tx: &Transaction<'_>, parameters: Parameters<'_, 9>) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("keys_in_order.sql"), &parameters).await
}

/// The position of the last change in each of some scopes.
pub(crate) async fn newest_change(tx: &Transaction<'_>, parameters: Parameters<'_, 6>) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("newest_change.sql"), &parameters).await
}

/// Entities in key order, each with its last change.
pub(crate) async fn entities_in_order(
    tx: &Transaction<'_>,
    parameters: Parameters<'_, 8>,
) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("entities_in_order.sql"), &parameters).await
}

/// Entities by key, each with its last change.
pub(crate) async fn entities_by_key(
    tx: &Transaction<'_>,
    parameters: Parameters<'_, 5>,
) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("rows_entities.sql"), &parameters).await
}

/// One entity with its last change.
pub(crate) async fn entity_by_id(
    tx: &Transaction<'_>,
    parameters: Parameters<'_, 5>,
) -> Result<Option<Row>, StoreError> {
    Ok(rows(tx, include_str!("entity_by_id.sql"), &parameters).await?.pop())
}

/// A list of entities of one type, each with its last change.
pub(crate) const ENTITIES_LIST: &str = include_str!("entities_list.sql");

/// Who created and changed entities, as one client sees it.
pub(crate) async fn entity_provenance(
    tx: &Transaction<'_>,
    parameters: Parameters<'_, 6>,
) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("entity_provenance.sql"), &parameters).await
}

/// The entities that a client has received under its own ids.
pub(crate) async fn delivered_entities(
    tx: &Transaction<'_>,
    parameters: Parameters<'_, 5>,
) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("delivered_entities.sql"), &parameters).await
}

/// Quarantined events with their records and release state.
pub(crate) async fn quarantined_states(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    ids: &[Uuid],
) -> Result<Vec<Row>, StoreError> {
    rows(tx, include_str!("quarantined_states.sql"), &[&tenant.uuid(), &version, &ids]).await
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenConflictFilter<'a> {
    pub(crate) entity_type: Option<&'a str>,
    pub(crate) entity_id: Option<&'a str>,
    pub(crate) node: Option<NodeId>,
    /// Edits of these sites; `None` for all.
    pub(crate) sites: Option<&'a [Uuid]>,
}

/// The edits that opened the open conflicts, after a position and oldest first.
pub(crate) async fn open_conflicts(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    filter: OpenConflictFilter<'_>,
    after: Position,
    limit: usize,
) -> Result<Vec<(Position, EventId)>, StoreError> {
    let OpenConflictFilter { entity_type, entity_id, node, sites } = filter;
    let parameters: [&(dyn ToSql + Sync); 8] = [
        &tenant.uuid(),
        &version,
        &entity_type,
        &entity_id,
        &node.map(NodeId::uuid),
        &as_bigint(after.0),
        &as_bigint(limit as u64),
        &sites,
    ];
    let read = |row: &Row| Ok((Position(natural(row.try_get("position")?)?), EventId::new(row.try_get("event_id")?)));
    rows(tx, include_str!("open_conflicts.sql"), &parameters).await?.iter().map(read).collect()
}
