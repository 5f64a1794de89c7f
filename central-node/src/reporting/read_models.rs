//! The read models as they stand: lists in pages, one entity by its id. What is listed is what the version that is read holds at the
//! tenant's head.

use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, InvoiceRow, RowList};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::ReportError;
use super::params::{RowPage, write_cursor};
use crate::database::StoreError;
use crate::event_store;
use crate::feed::{UPDATED_RECORD, delivery_row, entity_row, invoice_row};
use crate::state_store::Versions;

/// Entities of one type that are not deleted.
pub(super) async fn entities(
    tx: &Transaction<'_>,
    tenant: TenantId,
    entity_type: &str,
    page: &RowPage,
) -> Result<RowList<EntityRow>, ReportError> {
    let version = Versions::active(tx, tenant).await?.entities;
    let rows = listed(tx, event_store::ENTITIES_LIST, page, &[&tenant.uuid(), &version, &entity_type, &UPDATED_RECORD])
        .await?;
    list(&rows, page, entity_row, |row| &row.id)
}

/// What is no entity of fields has a list of its own.
fn where_it_is(entity_type: &str) -> String {
    let list = match entity_type {
        "STOCK" => paths::STOCK,
        "DELIVERY" => paths::DELIVERIES,
        "INVOICE" => paths::INVOICES,
        _ => return String::new(),
    };
    format!(" among entities: see {list}")
}

/// One entity, deleted or not; nothing where no change of it was ever accepted.
pub(super) async fn entity(
    tx: &Transaction<'_>,
    tenant: TenantId,
    entity_type: &str,
    id: &str,
) -> Result<EntityRow, ReportError> {
    let version = Versions::active(tx, tenant).await?.entities;
    let parameters: [&(dyn ToSql + Sync); 5] = [&tenant.uuid(), &version, &entity_type, &id, &UPDATED_RECORD];
    let row = event_store::entity_by_id(tx, parameters).await?;
    let row = row.as_ref().map(entity_row).transpose()?;
    let refused = |detail| ReportError::from(Problem::new(ErrorCode::NotFound, detail));
    match row {
        None => Err(refused(format!("there is no {entity_type} {id:?}{}", where_it_is(entity_type)))),
        Some(row) if row.deleted => {
            Err(refused(format!("{entity_type} {id:?} was deleted at version {}", row.version)))
        }
        Some(row) => Ok(row),
    }
}

/// Deliveries, of one reference or all.
pub(super) async fn deliveries(
    tx: &Transaction<'_>,
    tenant: TenantId,
    reference: Option<&str>,
    page: &RowPage,
) -> Result<RowList<DeliveryRow>, ReportError> {
    let version = Versions::active(tx, tenant).await?.deliveries;
    let sql = include_str!("deliveries_list.sql");
    let rows = listed(tx, sql, page, &[&tenant.uuid(), &version, &reference]).await?;
    list(&rows, page, delivery_row, |row| &row.id)
}

/// Invoices of a shop or all, found by central's reference, by the one that the node had printed, or by the credit note's.
pub(super) async fn invoices(
    tx: &Transaction<'_>,
    tenant: TenantId,
    site: Option<SiteId>,
    reference: Option<&str>,
    page: &RowPage,
) -> Result<RowList<InvoiceRow>, ReportError> {
    let version = Versions::active(tx, tenant).await?.invoices;
    let sql = include_str!("invoices_list.sql");
    let rows = listed(tx, sql, page, &[&tenant.uuid(), &version, &site.map(SiteId::uuid), &reference]).await?;
    list(&rows, page, invoice_row, |row| &row.id)
}

/// The tenant's head: a list is a function of it.
pub(super) async fn head(tx: &Transaction<'_>, tenant: TenantId) -> Result<Position, ReportError> {
    let head = event_store::tenant_head(tx, tenant).await?;
    Ok(head.map_or(Position::ZERO, |head| head.head))
}

/// Runs a list's query. Its last parameters are the id after which the page begins, and how many rows it may have: one more than the page,
/// so that it is seen where there are more.
async fn listed(
    tx: &Transaction<'_>,
    sql: &str,
    page: &RowPage,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StoreError> {
    let after = page.after.as_ref().and_then(|key| key.first()).and_then(Option::as_deref);
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX).saturating_add(1);
    let statement = tx.prepare_cached(sql).await?;
    let mut parameters = parameters.to_vec();
    parameters.extend_from_slice(&[&after, &limit]);
    Ok(tx.query(&statement, &parameters).await?)
}

fn list<R>(
    rows: &[Row],
    page: &RowPage,
    read: fn(&Row) -> Result<R, StoreError>,
    id: fn(&R) -> &str,
) -> Result<RowList<R>, ReportError> {
    let more = rows.len() > page.limit;
    let rows = rows.iter().take(page.limit).map(read).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = rows.last().filter(|_| more).map(|last| write_cursor(&[Some(id(last))]));
    Ok(RowList { rows, next_cursor })
}
