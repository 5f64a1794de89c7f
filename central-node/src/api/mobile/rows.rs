//! Rows with the column names of the customer document's cache tables.

use comptoir_core::id::TenantId;
use comptoir_proto::mobile_v1::{ServerEvent, canonical_checksum};
use comptoir_proto::pull_v1::{RowChange, RowKind};
use comptoir_proto::read_v1::EntityRow;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::database::StoreError;
use crate::devices::change_id;

/// A change in the form that a phone receives.
pub(super) fn server_event(tenant: TenantId, change: RowChange) -> Result<ServerEvent, StoreError> {
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
pub(super) fn payload(change: &RowChange) -> Result<Value, StoreError> {
    let Some(row) = &change.row else { return Ok(Value::Null) };
    let named = match change.key.kind {
        RowKind::Entity => entity(row),
        RowKind::Delivery => serde_json::from_str(row.get()).map(delivery),
        RowKind::Invoice => serde_json::from_str(row.get()).map(invoice),
        RowKind::Stock => serde_json::from_str(row.get()).map(stock),
    };
    named.map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The entity's own fields, plus those that the phone's product cache requires.
fn entity(row: &RawValue) -> Result<Value, serde_json::Error> {
    let row: EntityRow = serde_json::from_str(row.get())?;
    if row.deleted {
        return Ok(Value::Null);
    }
    // Parsed separately: in the row they are one level deeper than where they were validated.
    let mut fields: Map<String, Value> = serde_json::from_str(row.fields.get())?;
    if row.entity_type == "PRODUCT" {
        fields.entry("code").or_insert_with(|| json!(row.id));
        fields.entry("is_active").or_insert_with(|| json!(1));
    }
    fields.insert("id".to_owned(), json!(row.id));
    Ok(Value::Object(fields))
}

fn delivery(mut row: Map<String, Value>) -> Value {
    let mut take = |name: &str| row.remove(name).unwrap_or(Value::Null);
    let validation = take("validation");
    let status = if validation.is_null() { "PENDING" } else { "VALIDATED" };
    json!({
        "id": take("id"), "reference": take("reference"), "client_name": take("client"), "total_ttc": take("total_minor"),
        "qr_payload": take("qr"), "assigned_to": take("assigned_to"), "status": status, "validation": validation,
    })
}

fn invoice(mut row: Map<String, Value>) -> Value {
    let mut take = |name: &str| row.remove(name).unwrap_or(Value::Null);
    let credit_note = take("credit_note");
    let status = if credit_note.is_null() { "VALIDATED" } else { "CANCELLED" };
    json!({
        "id": take("id"), "reference": take("reference"), "provisional_reference": take("provisional_reference"),
        "client_id": take("client"), "currency": take("currency"), "total_ttc": take("total_minor"),
        "due_on": take("due_on"), "credit_note": credit_note, "status": status, "sync_event_id": take("event_id"),
    })
}

fn stock(mut row: Map<String, Value>) -> Value {
    let mut take = |name: &str| row.remove(name).unwrap_or(Value::Null);
    json!({ "id": take("product"), "site": take("site"), "quantity": take("quantity"), "short": take("backordered") })
}

#[cfg(test)]
mod tests {
    use comptoir_proto::pull_v1::RowKey;

    use super::*;

    /// One such row ended every pull of every phone of its tenant.
    #[test]
    fn a_row_is_given_however_deep_its_fields_nest() {
        let fields = format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127));
        let row = json!({ "entity_type": "CLIENT", "id": "c-1", "version": 7, "deleted": false, "open_conflicts": {} });
        let row = row.to_string().replacen('{', &format!("{{\"fields\":{fields},"), 1);
        let key = RowKey { kind: RowKind::Entity, entity_type: "CLIENT".into(), entity_id: "c-1".into(), site: None };
        let row = RawValue::from_string(row).expect("JSON");
        let change = RowChange { key, position: 7, received_at: "2026-03-01T10:00:00Z".into(), row: Some(row) };
        let given = payload(&change).expect("it was taken once");
        assert_eq!((&given["id"], given["a"].to_string().len()), (&json!("c-1"), fields.len() - 6));
    }
}
