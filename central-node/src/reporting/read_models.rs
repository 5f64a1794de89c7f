//! The current read models: lists in pages, and one entity by its id. They show the active version at the tenant's head.

use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::paths;
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, InvoiceRow, RowList};
use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::ReportError;
use super::freshness;
use super::question::{RowPage, WaitFor, write_cursor};
use super::source::ReportSource;
use crate::database::{StoreError, begin};
use crate::event_store::{self, tenant_head};
use crate::feed::{UPDATED_RECORD, delivery_row, entity_row, invoice_row};
use crate::projections::progress::ProjectionMark;
use crate::state_store::Versions;

pub(crate) struct ListQuery<R> {
    /// Selects the version of the list's projection.
    version: fn(&Versions) -> i32,
    sql: &'static str,
    /// Parameters after tenant and version, and before the id after which the page begins and the number of rows.
    parameters: Vec<Box<dyn ToSql + Send + Sync>>,
    read: fn(&Row) -> Result<R, StoreError>,
    id: fn(&R) -> &str,
}

impl ListQuery<EntityRow> {
    /// Entities of one type that are not deleted.
    pub(crate) fn entities(entity_type: &'static str) -> ListQuery<EntityRow> {
        ListQuery {
            version: |versions| versions.entities,
            sql: event_store::ENTITIES_LIST,
            parameters: vec![Box::new(entity_type), Box::new(UPDATED_RECORD)],
            read: entity_row,
            id: |row| &row.id,
        }
    }
}

impl ListQuery<DeliveryRow> {
    /// Deliveries with a reference, or all.
    pub(crate) fn deliveries(reference: Option<String>) -> ListQuery<DeliveryRow> {
        ListQuery {
            version: |versions| versions.deliveries,
            sql: include_str!("deliveries_list.sql"),
            parameters: vec![Box::new(reference)],
            read: delivery_row,
            id: |row| &row.id,
        }
    }
}

impl ListQuery<InvoiceRow> {
    /// Invoices of a site or all, found by central's reference, the node's provisional reference or the credit note's.
    pub(crate) fn invoices(site: Option<SiteId>, reference: Option<String>) -> ListQuery<InvoiceRow> {
        ListQuery {
            version: |versions| versions.invoices,
            sql: include_str!("invoices_list.sql"),
            parameters: vec![Box::new(site.map(SiteId::uuid)), Box::new(reference)],
            read: invoice_row,
            id: |row| &row.id,
        }
    }
}

/// A page of a list, and the tenant's head for which it is valid.
pub(crate) async fn list<R>(
    source: &ReportSource,
    tenant: TenantId,
    wait: WaitFor,
    query: &ListQuery<R>,
    page: &RowPage,
) -> Result<(Position, RowList<R>), ReportError> {
    let mut connection = ready(source, tenant, wait).await?;
    let tx = begin(&mut connection, tenant).await?;
    let head = tenant_head(&tx, tenant).await?.map_or(Position::ZERO, |head| head.head);
    let version = (query.version)(&Versions::active(&tx, tenant).await?);
    let after = page.after.as_ref().and_then(|key| key.first()).and_then(Option::as_deref);
    // One row more than the page, to detect whether there are more.
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX).saturating_add(1);
    let id = tenant.uuid();
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&id, &version];
    parameters.extend(query.parameters.iter().map(|parameter| -> &(dyn ToSql + Sync) { parameter.as_ref() }));
    parameters.extend_from_slice(&[&after, &limit]);
    let statement = tx.prepare_cached(query.sql).await?;
    let found = tx.query(&statement, &parameters).await?;
    let more = found.len() > page.limit;
    let rows = found.iter().take(page.limit).map(query.read).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = rows.last().filter(|_| more).map(|last| write_cursor(&[Some((query.id)(last))]));
    Ok((head, RowList { rows, next_cursor }))
}

/// One entity; an error if no change of it was ever accepted, or if it is deleted.
pub(crate) async fn entity(
    source: &ReportSource,
    tenant: TenantId,
    wait: WaitFor,
    entity_type: &str,
    id: &str,
) -> Result<EntityRow, ReportError> {
    let mut connection = ready(source, tenant, wait).await?;
    let tx = begin(&mut connection, tenant).await?;
    let version = Versions::active(&tx, tenant).await?.entities;
    let parameters: [&(dyn ToSql + Sync); 5] = [&tenant.uuid(), &version, &entity_type, &id, &UPDATED_RECORD];
    let row = event_store::entity_by_id(&tx, parameters).await?;
    let (of_type, id) = (entity_type.to_owned(), id.to_owned());
    match row.as_ref().map(entity_row).transpose()? {
        None => Err(ReportError::NoEntity { entity_type: of_type, id, list: list_of(entity_type) }),
        Some(row) if row.deleted => Err(ReportError::Deleted { entity_type: of_type, id, version: row.version }),
        Some(row) => Ok(row),
    }
}

/// The list of a type that is not made of fields.
fn list_of(entity_type: &str) -> Option<&'static str> {
    match entity_type {
        "STOCK" => Some(paths::STOCK),
        "DELIVERY" => Some(paths::DELIVERIES),
        "INVOICE" => Some(paths::INVOICES),
        _ => None,
    }
}

/// Waits until the caller's own write can be read, and returns a connection.
async fn ready(source: &ReportSource, tenant: TenantId, wait: WaitFor) -> Result<Object, ReportError> {
    freshness::wait_for(&source.progress, tenant, ProjectionMark::Head, wait).await?;
    Ok(source.database.service().await?)
}
