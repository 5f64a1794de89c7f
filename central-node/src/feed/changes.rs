//! The rows of a scope that changed after a cursor, in two steps: first the keys, in order and as many as fit, then their
//! rows. In a transaction with one snapshot both steps see the same state. Otherwise a row that changed between the two is
//! left out: it has moved after the head that was read first, where the reader will find it.

use std::collections::HashMap;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::{RowChange, RowKey, RowKind};
use deadpool_postgres::Transaction;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::cursor::FeedPosition;
use super::keys::{self, CreatedRow, ListedRow, limit_column, received_at};
use super::rows::{UPDATED_RECORD, delivery_row, entity_row, invoice_row, stock_row};
use super::scope::Scope;
use crate::database::{StoreError, natural};
use crate::event_store::{self, TenantHead};
use crate::state_store::Versions;

/// The approximate size of a page's rows in bytes; a single row may be larger.
pub(super) const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A page of changes, with the head at which it was read.
#[derive(Debug)]
pub(crate) struct ChangesPage {
    /// In the order of (position, key).
    pub(crate) changes: Vec<RowChange>,
    /// Whether more changes follow this page. If not, the reader has everything up to `head`.
    pub(crate) more: bool,
    /// The start of the next page: the head, or after the last row if more follow.
    pub(crate) end: FeedPosition,
    /// The tenant's head, read first: no new change can appear at or below it.
    pub(crate) head: TenantHead,
}

/// The changes of a scope after a cursor: at most `limit` rows of these types and about 4 MiB.
pub(crate) async fn changes(
    tx: &Transaction<'_>,
    tenant: TenantId,
    scope: Scope,
    after: &FeedPosition,
    (types, limit): (Option<&[String]>, usize),
) -> Result<ChangesPage, StoreError> {
    let head = event_store::tenant_head(tx, tenant).await?;
    let head = head.ok_or_else(|| StoreError::Damaged(format!("tenant {tenant} has no head")))?;
    let mut page = ChangesPage { changes: Vec::new(), more: false, end: FeedPosition::position(head.head), head };
    if after.key.is_none() && after.position >= head.head {
        return Ok(page);
    }
    let versions = Versions::active(tx, tenant).await?;
    // Changes after the head belong to the next page, in any isolation level.
    let mut listed = keys::changed(tx, tenant, &versions, scope, after, (types, limit.saturating_add(1))).await?;
    listed.retain(|row| row.position <= head.head);
    page.more = cut(&mut listed, limit);
    if let Some(last) = listed.last().filter(|_| page.more) {
        page.end = FeedPosition { position: last.position, key: Some(last.key.clone()) };
    }
    page.changes = load(tx, tenant, &versions, scope, &listed).await?;
    Ok(page)
}

/// The rows of these types created after a position up to another, in their current state. Entities that have not changed
/// since are left out.
pub(crate) async fn created_rows(
    tx: &Transaction<'_>,
    tenant: TenantId,
    scope: Scope,
    stretch: (Position, Position),
    wanted: (Option<&[String]>, usize),
) -> Result<Vec<CreatedRow>, StoreError> {
    let versions = Versions::active(tx, tenant).await?;
    keys::created_rows(tx, tenant, &versions, scope, stretch, wanted).await
}

/// The current rows of some keys, which may have changed since they were listed.
pub(crate) async fn rows_of(
    tx: &Transaction<'_>,
    tenant: TenantId,
    scope: Scope,
    listed: &[ListedRow],
) -> Result<Vec<RowChange>, StoreError> {
    let versions = Versions::active(tx, tenant).await?;
    let mut found = read_rows(tx, tenant, &versions, scope, listed).await?;
    let change = |row: &ListedRow| found.remove(&row.key).map(|(position, json)| row.change(position, json));
    Ok(listed.iter().filter_map(change).collect())
}

/// Truncates the list to one page, and returns whether rows were left out.
pub(super) fn cut(listed: &mut Vec<ListedRow>, limit: usize) -> bool {
    let mut bytes = 0usize;
    let fits = listed.iter().take(limit).take_while(|row| {
        let first = bytes == 0;
        bytes = bytes.saturating_add(row.bytes.max(1));
        first || bytes <= PAGE_BYTES
    });
    let fits = fits.count();
    let more = fits < listed.len();
    listed.truncate(fits);
    more
}

/// The rows of some keys, in the same order.
pub(super) async fn load(
    tx: &Transaction<'_>,
    tenant: TenantId,
    versions: &Versions,
    scope: Scope,
    listed: &[ListedRow],
) -> Result<Vec<RowChange>, StoreError> {
    let mut found = read_rows(tx, tenant, versions, scope, listed).await?;
    let change = |row: &ListedRow| {
        let (position, json) = found.remove(&row.key)?;
        (position == row.position).then(|| row.change(position, json))
    };
    Ok(listed.iter().filter_map(change).collect())
}

impl ListedRow {
    fn change(&self, position: Position, row: Box<RawValue>) -> RowChange {
        let received_at = instant::format(self.received_at);
        RowChange { key: self.key.clone(), position: position.0, received_at, row: Some(row) }
    }
}

async fn read_rows(
    tx: &Transaction<'_>,
    tenant: TenantId,
    versions: &Versions,
    scope: Scope,
    listed: &[ListedRow],
) -> Result<HashMap<RowKey, ChangedRow>, StoreError> {
    let reader = ChangeReader { tx, tenant, scope, listed };
    let (entities, deliveries, invoices, stock) = tokio::try_join!(
        reader.entities(versions.entities),
        reader.deliveries(versions.deliveries),
        reader.invoices(versions.invoices),
        reader.stock(versions.stock),
    )?;
    let mut found: HashMap<RowKey, ChangedRow> = HashMap::with_capacity(listed.len());
    found.extend(entities.into_iter().chain(deliveries).chain(invoices).chain(stock));
    Ok(found)
}

/// A scope's entities after a key, whole and in key order, one page at a time; empty at the end.
pub(super) async fn entities_in_order(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    scope: Scope,
    after: Option<&RowKey>,
    limit: usize,
) -> Result<Vec<RowChange>, StoreError> {
    let (entity_type, entity_id) = after.map_or(("", ""), |key| (key.entity_type.as_str(), key.entity_id.as_str()));
    // A bootstrap holds two pages in memory at once.
    let (tenant, limit, bytes) = (tenant.uuid(), limit_column(limit), limit_column(PAGE_BYTES / 2));
    let parameters: [&(dyn ToSql + Sync); 8] =
        [&tenant, &version, &entity_type, &entity_id, &limit, &bytes, &scope.shows_conflicts, &UPDATED_RECORD];
    let rows = event_store::entities_in_order(tx, parameters).await?;
    let change = |row: &Row| {
        let (key, (position, json)) = found(RowKind::Entity, "position", row, &entity_row(row)?)?;
        Ok(RowChange { key, position: position.0, received_at: instant::format(received_at(row)?), row: Some(json) })
    };
    rows.iter().map(change).collect()
}

/// A row and the position of its last change.
type ChangedRow = (Position, Box<RawValue>);

struct ChangeReader<'a> {
    tx: &'a Transaction<'a>,
    tenant: TenantId,
    scope: Scope,
    listed: &'a [ListedRow],
}

impl<'a> ChangeReader<'a> {
    fn keys(&self, kind: RowKind) -> impl Iterator<Item = &'a RowKey> {
        self.listed.iter().map(|row| &row.key).filter(move |key| key.kind == kind)
    }

    fn ids(&self, kind: RowKind) -> Vec<&'a str> {
        self.keys(kind).map(|key| key.entity_id.as_str()).collect()
    }

    async fn entities(&self, version: i32) -> Result<Vec<(RowKey, ChangedRow)>, StoreError> {
        let ids = self.ids(RowKind::Entity);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let types: Vec<&str> = self.keys(RowKind::Entity).map(|key| key.entity_type.as_str()).collect();
        let parameters: [&(dyn ToSql + Sync); 5] = [&self.tenant.uuid(), &version, &types, &ids, &UPDATED_RECORD];
        let rows = event_store::entities_by_key(self.tx, parameters).await?;
        let position = if self.scope.shows_conflicts { "touched" } else { "entity_version" };
        rows.iter().map(|row| found(RowKind::Entity, position, row, &entity_row(row)?)).collect()
    }

    async fn deliveries(&self, version: i32) -> Result<Vec<(RowKey, ChangedRow)>, StoreError> {
        let ids = self.ids(RowKind::Delivery);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.tx.prepare_cached(include_str!("rows_deliveries.sql")).await?;
        let rows = self.tx.query(&statement, &[&self.tenant.uuid(), &version, &ids]).await?;
        rows.iter().map(|row| found(RowKind::Delivery, "position", row, &delivery_row(row)?)).collect()
    }

    async fn invoices(&self, version: i32) -> Result<Vec<(RowKey, ChangedRow)>, StoreError> {
        let ids = self.ids(RowKind::Invoice);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.tx.prepare_cached(include_str!("rows_invoices.sql")).await?;
        let rows = self.tx.query(&statement, &[&self.tenant.uuid(), &version, &ids]).await?;
        rows.iter().map(|row| found(RowKind::Invoice, "position", row, &invoice_row(row)?)).collect()
    }

    async fn stock(&self, version: i32) -> Result<Vec<(RowKey, ChangedRow)>, StoreError> {
        let products = self.ids(RowKind::Stock);
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let sites: Vec<Uuid> = self.keys(RowKind::Stock).map(|key| key.site.unwrap_or_default()).collect();
        let statement = self.tx.prepare_cached(include_str!("rows_stock.sql")).await?;
        let rows = self.tx.query(&statement, &[&self.tenant.uuid(), &version, &sites, &products]).await?;
        rows.iter().map(|row| found(RowKind::Stock, "position", row, &stock_row(row)?)).collect()
    }
}

fn found(
    kind: RowKind,
    position: &str,
    row: &Row,
    value: &impl serde::Serialize,
) -> Result<(RowKey, ChangedRow), StoreError> {
    let position = Position(natural(row.try_get(position)?)?);
    let json = serde_json::value::to_raw_value(value).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let key = match kind {
        RowKind::Entity => {
            RowKey { kind, entity_type: row.try_get("entity_type")?, entity_id: row.try_get("entity_id")?, site: None }
        }
        RowKind::Delivery => {
            RowKey { kind, entity_type: "DELIVERY".to_owned(), entity_id: row.try_get("delivery_id")?, site: None }
        }
        RowKind::Invoice => {
            RowKey { kind, entity_type: "INVOICE".to_owned(), entity_id: row.try_get("invoice_id")?, site: None }
        }
        RowKind::Stock => RowKey {
            kind,
            entity_type: "STOCK".to_owned(),
            entity_id: row.try_get("product")?,
            site: super::rows::site(row.try_get("site_id")?),
        },
    };
    Ok((key, (position, json)))
}
