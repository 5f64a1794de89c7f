//! Parses rows of the read models.

use comptoir_core::id::NodeId;
use comptoir_proto::instant;
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, InvoiceRow, StockRow, ValidationRow};
use comptoir_proto::stored_v1::{self, AUTHOR_BYTES, DecodeError};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::{Micros, StoreError, natural};
use crate::event_store;

/// The length of the start of a record in the results of entity queries.
pub(crate) const UPDATED_RECORD: i32 = AUTHOR_BYTES as i32;

/// An entity made of fields. The row has `fields` and `open_conflicts` as text, and the decision and the start of the record
/// of its last change.
pub(crate) fn entity_row(row: &Row) -> Result<EntityRow, StoreError> {
    let decision: Option<&[u8]> = row.try_get("updated_decision")?;
    let decision = decision.map(event_store::sealed_decision).transpose()?;
    let record: Option<&[u8]> = row.try_get("updated_record")?;
    let damaged = |error: DecodeError| StoreError::Damaged(format!("who changed an entity: {error}"));
    let author = record.map(stored_v1::author).transpose().map_err(damaged)?;
    let node = record.map(stored_v1::author_node).transpose().map_err(damaged)?;
    Ok(EntityRow {
        entity_type: row.try_get("entity_type")?,
        id: row.try_get("entity_id")?,
        version: natural(row.try_get("entity_version")?)?,
        deleted: row.try_get("deleted")?,
        fields: raw(row.try_get("fields")?)?,
        open_conflicts: raw(row.try_get("open_conflicts")?)?,
        updated_by: author.flatten().map(|user| user.to_string()),
        updated_node: node.map(NodeId::uuid),
        updated_at: decision.map(|decision| instant::format(decision.effective_at)),
    })
}

pub(crate) fn delivery_row(row: &Row) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        id: row.try_get("delivery_id")?,
        version: natural(row.try_get("position")?)?,
        reference: row.try_get("reference")?,
        client: row.try_get("client")?,
        total_minor: row.try_get("total_minor")?,
        qr: row.try_get("qr")?,
        assigned_to: row.try_get("assigned_to")?,
        validation: validation_row(row)?,
    })
}

fn validation_row(row: &Row) -> Result<Option<ValidationRow>, StoreError> {
    let Some(event_id) = row.try_get("validated_event")? else { return Ok(None) };
    let at: Option<Micros> = row.try_get("validated_at")?;
    let position: Option<i64> = row.try_get("validated_position")?;
    Ok(Some(ValidationRow {
        event_id,
        user: row.try_get("validated_by")?,
        node: row.try_get("validated_node")?,
        at: at.map(|at| instant::format(at.0)),
        place: row.try_get("validated_place")?,
        signature_hash: row.try_get("signature_hash")?,
        position: position.map(natural).transpose()?,
    }))
}

pub(crate) fn invoice_row(row: &Row) -> Result<InvoiceRow, StoreError> {
    Ok(InvoiceRow {
        id: row.try_get("invoice_id")?,
        version: natural(row.try_get("position")?)?,
        site: site(row.try_get("site_id")?),
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

/// Stock without its lots; the row has `quantity` and `backordered` as text.
pub(super) fn stock_row(row: &Row) -> Result<StockRow, StoreError> {
    Ok(StockRow {
        site: site(row.try_get("site_id")?),
        product: row.try_get("product")?,
        version: natural(row.try_get("position")?)?,
        quantity: plain(row.try_get("quantity")?)?,
        backordered: plain(row.try_get("backordered")?)?,
    })
}

/// The nil site means the tenant's own stock.
pub(super) fn site(column: Uuid) -> Option<Uuid> {
    (!column.is_nil()).then_some(column)
}

fn raw(text: String) -> Result<Box<RawValue>, StoreError> {
    RawValue::from_string(text).map_err(|error| StoreError::Damaged(format!("stored JSON: {error}")))
}

fn plain(text: &str) -> Result<String, StoreError> {
    let number =
        Decimal::from_str_exact(text).map_err(|error| StoreError::Damaged(format!("quantity {text:?}: {error}")))?;
    Ok(comptoir_core::money::plain(number))
}
