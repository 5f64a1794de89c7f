//! Rows as the document's cache tables name their columns.

use comptoir_core::id::TenantId;
use comptoir_proto::mobile_v1::{ServerEvent, canonical_checksum};
use comptoir_proto::pull_v1::{Change, RowKind};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::database::StoreError;
use crate::devices::changes::change_id;

/// A change as a phone is given it.
pub(super) fn server_event(tenant: TenantId, change: Change) -> Result<ServerEvent, StoreError> {
    let id = change_id(tenant, &change).to_string();
    let payload = payload(&change)?;
    let payload = to_raw_value(&payload).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(ServerEvent {
        id,
        action: if payload.get() == RawValue::NULL.get() { "DELETE" } else { "UPSERT" }.to_owned(),
        checksum: canonical_checksum(payload.get()),
        payload,
        version: change.position,
        occurred_at: change.received_at,
        entity_type: change.key.entity_type,
        entity_id: change.key.entity_id,
    })
}

/// The row; null where it is deleted.
pub(super) fn payload(change: &Change) -> Result<Value, StoreError> {
    let Some(row) = &change.row else { return Ok(Value::Null) };
    let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
    let mut row: Map<String, Value> = serde_json::from_str(row.get()).map_err(damaged)?;
    let mut take = |name: &str| row.remove(name).unwrap_or(Value::Null);
    Ok(match change.key.kind {
        RowKind::Entity if take("deleted") == json!(true) => Value::Null,
        RowKind::Entity => entity(&change.key.entity_type, take("id"), take("fields")),
        RowKind::Delivery => {
            let validation = take("validation");
            let status = if validation.is_null() { "PENDING" } else { "VALIDATED" };
            json!({
                "id": take("id"), "reference": take("reference"), "client_name": take("client"), "total_ttc": take("total_minor"),
                "qr_payload": take("qr"), "assigned_to": take("assigned_to"), "status": status, "validation": validation,
            })
        }
        RowKind::Invoice => {
            let credit_note = take("credit_note");
            let status = if credit_note.is_null() { "VALIDATED" } else { "CANCELLED" };
            json!({
                "id": take("id"), "reference": take("reference"), "provisional_reference": take("provisional_reference"),
                "client_id": take("client"), "currency": take("currency"), "total_ttc": take("total_minor"),
                "due_on": take("due_on"), "credit_note": credit_note, "status": status, "sync_event_id": take("event_id"),
            })
        }
        RowKind::Stock => {
            json!({ "id": take("product"), "site": take("site"), "quantity": take("quantity"), "short": take("short") })
        }
    })
}

/// Its own fields, with what the cache of products cannot do without.
fn entity(entity_type: &str, id: Value, fields: Value) -> Value {
    let Value::Object(mut fields) = fields else { return json!({ "id": id }) };
    if entity_type == "PRODUCT" {
        fields.entry("code").or_insert_with(|| id.clone());
        fields.entry("is_active").or_insert_with(|| json!(1));
    }
    fields.insert("id".to_owned(), id);
    Value::Object(fields)
}
