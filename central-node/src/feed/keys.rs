//! The keys of a scope's rows, in the order of their last change or in key order.

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::pull_v1::{RowKey, RowKind};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::cursor::FeedPosition;
use super::rows::site;
use super::scope::Scope;
use crate::database::{StoreError, as_bigint, natural};
use crate::event_store;
use crate::state_store::Versions;

/// Sorts after every key.
const NO_KIND: i16 = i16::MAX;

/// A listed row, not read yet.
#[derive(Clone, Debug)]
pub(crate) struct ListedRow {
    pub(crate) key: RowKey,
    pub(crate) position: Position,
    pub(crate) received_at: Timestamp,
    /// The approximate size of the row in bytes.
    pub(crate) bytes: usize,
}

/// The kinds in key order.
pub(super) const KINDS: [RowKind; 4] = [RowKind::Entity, RowKind::Delivery, RowKind::Invoice, RowKind::Stock];

fn kind_column(kind: RowKind) -> i16 {
    match kind {
        RowKind::Entity => 0,
        RowKind::Delivery => 1,
        RowKind::Invoice => 2,
        RowKind::Stock => 3,
    }
}

fn kind_of(column: i16) -> Result<RowKind, StoreError> {
    let found = KINDS.into_iter().find(|kind| kind_column(*kind) == column);
    found.ok_or_else(|| StoreError::Damaged(format!("{column} is no kind of row")))
}

/// A key as query parameters.
struct KeyColumns<'a> {
    kind: i16,
    entity_type: &'a str,
    entity_id: &'a str,
    site: Uuid,
}

impl KeyColumns<'_> {
    fn of(key: &RowKey) -> KeyColumns<'_> {
        let site = key.site.unwrap_or_default();
        KeyColumns { kind: kind_column(key.kind), entity_type: &key.entity_type, entity_id: &key.entity_id, site }
    }

    /// Sorts before every key of a kind.
    fn before(kind: i16) -> KeyColumns<'static> {
        KeyColumns { kind, entity_type: "", entity_id: "", site: Uuid::nil() }
    }
}

/// The rows of these types that changed after a position, in the order of (position, key).
pub(super) async fn changed(
    tx: &Transaction<'_>,
    tenant: TenantId,
    versions: &Versions,
    scope: Scope,
    after: &FeedPosition,
    (types, limit): (Option<&[String]>, usize),
) -> Result<Vec<ListedRow>, StoreError> {
    let key = after.key.as_ref().map_or(KeyColumns::before(NO_KIND), KeyColumns::of);
    let (tenant, site, position, limit) =
        (tenant.uuid(), scope.site_column(), as_bigint(after.position.0), limit_column(limit));
    let own_invoices = scope.own_invoices.map(NodeId::uuid);
    let parameters: [&(dyn ToSql + Sync); 15] = [
        &tenant,
        &versions.entities,
        &versions.deliveries,
        &versions.invoices,
        &versions.stock,
        &site,
        &position,
        &key.kind,
        &key.entity_type,
        &key.entity_id,
        &key.site,
        &limit,
        &scope.shows_conflicts,
        &types,
        &own_invoices,
    ];
    event_store::changed_keys(tx, parameters).await?.iter().map(listed).collect()
}

/// A row and the position of its creation.
#[derive(Clone, Debug)]
pub(crate) struct CreatedRow {
    pub(crate) row: ListedRow,
    pub(crate) position: Position,
    pub(crate) received_at: Timestamp,
}

/// The rows created after a position up to another, in that order; see the query. Entities that have not changed since are
/// left out.
pub(super) async fn created_rows(
    tx: &Transaction<'_>,
    tenant: TenantId,
    versions: &Versions,
    scope: Scope,
    (from, to): (Position, Position),
    (types, limit): (Option<&[String]>, usize),
) -> Result<Vec<CreatedRow>, StoreError> {
    let (tenant, site, from, to) = (tenant.uuid(), scope.site_column(), as_bigint(from.0), as_bigint(to.0));
    let limit = limit_column(limit);
    let parameters: [&(dyn ToSql + Sync); 10] = [
        &tenant,
        &versions.entities,
        &versions.deliveries,
        &versions.invoices,
        &versions.stock,
        &from,
        &to,
        &site,
        &types,
        &limit,
    ];
    let created_row = |row: &Row| {
        let position = Position(natural(row.try_get("created")?)?);
        let received_at = event_store::received_at(row.try_get("created_decision")?)?;
        Ok(CreatedRow { row: listed(row)?, position, received_at })
    };
    event_store::created_keys(tx, parameters).await?.iter().map(created_row).collect()
}

/// A scope's rows of one kind other than entities, after a key or from the start, in key order.
pub(super) async fn in_order(
    tx: &Transaction<'_>,
    tenant: TenantId,
    versions: &Versions,
    scope: Scope,
    (kind, after): (RowKind, Option<&RowKey>),
    limit: usize,
) -> Result<Vec<ListedRow>, StoreError> {
    let key = after.map_or(KeyColumns::before(kind_column(kind)), KeyColumns::of);
    let (tenant, site, limit) = (tenant.uuid(), scope.site_column(), limit_column(limit));
    let parameters: [&(dyn ToSql + Sync); 9] = [
        &tenant,
        &versions.deliveries,
        &versions.invoices,
        &versions.stock,
        &site,
        &key.kind,
        &key.entity_id,
        &key.site,
        &limit,
    ];
    event_store::keys_in_order(tx, parameters).await?.iter().map(listed).collect()
}

pub(super) fn limit_column(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn listed(row: &Row) -> Result<ListedRow, StoreError> {
    let kind = kind_of(row.try_get("kind")?)?;
    let bytes: i32 = row.try_get("bytes")?;
    let position = Position(natural(row.try_get("position")?)?);
    Ok(ListedRow {
        key: RowKey {
            kind,
            entity_type: row.try_get("entity_type")?,
            entity_id: row.try_get("entity_id")?,
            site: site(row.try_get("site_id")?),
        },
        position,
        received_at: received_at(row)?,
        bytes: usize::try_from(bytes).unwrap_or_default(),
    })
}

/// The receipt time of the row's last change.
pub(super) fn received_at(row: &Row) -> Result<Timestamp, StoreError> {
    let decision: Option<&[u8]> = row.try_get("decision")?;
    let position: i64 = row.try_get("position")?;
    let missing = || StoreError::Damaged(format!("a row changed at position {position}, where the log has no event"));
    event_store::received_at(decision.ok_or_else(missing)?)
}
