//! The read models as they stand: lists in pages, one entity by its id. What is listed is what the version that is read holds at the
//! tenant's head.

use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use deadpool_postgres::Transaction;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::ReportError;
use super::params::{Page, write_cursor};
use crate::database::{Micros, StoreError};
use crate::world_store::Versions;

/// One page of a list.
#[derive(Debug, Serialize)]
pub(super) struct List<R> {
    /// In the order of their ids' bytes.
    pub(super) rows: Vec<R>,
    /// Of a page that is not the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// An entity made of fields.
#[derive(Debug, Serialize)]
pub(super) struct EntityRow {
    entity_type: String,
    id: String,
    /// Position of its last accepted change: what If-Match and `base_version` name.
    pub(super) version: i64,
    deleted: bool,
    /// The writers' own JSON.
    fields: Box<RawValue>,
    /// Node to the event whose edit waits for a person.
    open_conflicts: Box<RawValue>,
}

/// A delivery.
#[derive(Debug, Serialize)]
pub(super) struct DeliveryRow {
    id: String,
    version: i64,
    /// Absent, as the client is, where only a validation has come.
    #[serde(skip_serializing_if = "String::is_empty")]
    reference: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    client: String,
    total_minor: Option<i64>,
    qr: Option<String>,
    assigned_to: Option<String>,
    validation: Option<ValidationRow>,
}

/// The first accepted validation of a delivery.
#[derive(Debug, Serialize)]
struct ValidationRow {
    event_id: Uuid,
    user: Option<String>,
    node: Option<Uuid>,
    at: Option<String>,
    place: Option<String>,
    signature_hash: Option<String>,
    position: Option<i64>,
}

/// An invoice.
#[derive(Debug, Serialize)]
pub(super) struct InvoiceRow {
    id: String,
    version: i64,
    site: Option<Uuid>,
    reference: String,
    provisional_reference: Option<String>,
    credit_note: Option<String>,
    client: String,
    currency: String,
    total_minor: i64,
    due_on: Option<String>,
    event_id: Uuid,
}

/// Entities of one type that are not deleted.
pub(super) async fn entities(
    tx: &Transaction<'_>,
    tenant: TenantId,
    entity_type: &str,
    page: &Page,
) -> Result<List<EntityRow>, ReportError> {
    let version = Versions::active(tx, tenant).await?.entities;
    let sql = include_str!("entities_list.sql");
    let rows = listed(tx, sql, page, &[&tenant.uuid(), &version, &entity_type]).await?;
    list(&rows, page, EntityRow::read, |row| &row.id)
}

/// One entity, deleted or not; nothing where no change of it was ever accepted.
pub(super) async fn entity(
    tx: &Transaction<'_>,
    tenant: TenantId,
    entity_type: &str,
    id: &str,
) -> Result<EntityRow, ReportError> {
    let version = Versions::active(tx, tenant).await?.entities;
    let statement = tx.prepare_cached(include_str!("entity_by_id.sql")).await?;
    let row = tx.query_opt(&statement, &[&tenant.uuid(), &version, &entity_type, &id]).await?;
    let row = row.as_ref().map(EntityRow::read).transpose()?;
    let refused = |detail| ReportError::from(Problem::new(ErrorCode::NotFound, detail));
    match row {
        None => Err(refused(format!("there is no {entity_type} {id:?}"))),
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
    page: &Page,
) -> Result<List<DeliveryRow>, ReportError> {
    let version = Versions::active(tx, tenant).await?.deliveries;
    let sql = include_str!("deliveries_list.sql");
    let rows = listed(tx, sql, page, &[&tenant.uuid(), &version, &reference]).await?;
    list(&rows, page, DeliveryRow::read, |row| &row.id)
}

/// Invoices of a shop or all, found by central's reference, by the one that the node had printed, or by the credit note's.
pub(super) async fn invoices(
    tx: &Transaction<'_>,
    tenant: TenantId,
    site: Option<SiteId>,
    reference: Option<&str>,
    page: &Page,
) -> Result<List<InvoiceRow>, ReportError> {
    let version = Versions::active(tx, tenant).await?.invoices;
    let sql = include_str!("invoices_list.sql");
    let rows = listed(tx, sql, page, &[&tenant.uuid(), &version, &site.map(SiteId::uuid), &reference]).await?;
    list(&rows, page, InvoiceRow::read, |row| &row.id)
}

/// The tenant's head: a list is a function of it.
pub(super) async fn head(tx: &Transaction<'_>, tenant: TenantId) -> Result<Position, ReportError> {
    let head = crate::event_store::tenant_head(tx, tenant).await?;
    Ok(head.map_or(Position::ZERO, |head| head.head))
}

/// Runs a list's query. Its last parameters are the id after which the page begins, and how many rows it may have: one more than the page,
/// so that it is seen where there are more.
async fn listed(
    tx: &Transaction<'_>,
    sql: &str,
    page: &Page,
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
    page: &Page,
    read: fn(&Row) -> Result<R, ReportError>,
    id: fn(&R) -> &str,
) -> Result<List<R>, ReportError> {
    let more = rows.len() > page.limit;
    let rows = rows.iter().take(page.limit).map(read).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = rows.last().filter(|_| more).map(|last| write_cursor(&[Some(id(last))]));
    Ok(List { rows, next_cursor })
}

impl EntityRow {
    fn read(row: &Row) -> Result<EntityRow, ReportError> {
        Ok(EntityRow {
            entity_type: row.try_get("entity_type")?,
            id: row.try_get("entity_id")?,
            version: row.try_get("entity_version")?,
            deleted: row.try_get("deleted")?,
            fields: RawValue::from_string(row.try_get("fields")?)?,
            open_conflicts: RawValue::from_string(row.try_get("open_conflicts")?)?,
        })
    }
}

impl DeliveryRow {
    fn read(row: &Row) -> Result<DeliveryRow, ReportError> {
        Ok(DeliveryRow {
            id: row.try_get("delivery_id")?,
            version: row.try_get("position")?,
            reference: row.try_get("reference")?,
            client: row.try_get("client")?,
            total_minor: row.try_get("total_minor")?,
            qr: row.try_get("qr")?,
            assigned_to: row.try_get("assigned_to")?,
            validation: ValidationRow::read(row)?,
        })
    }
}

impl ValidationRow {
    fn read(row: &Row) -> Result<Option<ValidationRow>, ReportError> {
        let Some(event_id) = row.try_get("validated_event")? else { return Ok(None) };
        let at: Option<Micros> = row.try_get("validated_at")?;
        Ok(Some(ValidationRow {
            event_id,
            user: row.try_get("validated_by")?,
            node: row.try_get("validated_node")?,
            at: at.map(|at| instant::format(at.0)),
            place: row.try_get("validated_place")?,
            signature_hash: row.try_get("signature_hash")?,
            position: row.try_get("validated_position")?,
        }))
    }
}

impl InvoiceRow {
    fn read(row: &Row) -> Result<InvoiceRow, ReportError> {
        let site: Uuid = row.try_get("site_id")?;
        Ok(InvoiceRow {
            id: row.try_get("invoice_id")?,
            version: row.try_get("position")?,
            site: (!site.is_nil()).then_some(site),
            reference: row.try_get("reference")?,
            provisional_reference: row.try_get("provisional_reference")?,
            credit_note: row.try_get("credit_note")?,
            client: row.try_get("client")?,
            currency: row.try_get("currency")?,
            total_minor: row.try_get("total_minor")?,
            due_on: row.try_get("due_on")?,
            event_id: row.try_get("event_id")?,
        })
    }
}
