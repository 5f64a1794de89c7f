//! Payloads: validated under the JSON Schema of their action and version, then read into core's facts. A payload is always
//! validated under its own version: schema files are added and never changed.

mod json;
mod phone_rows;
mod read;
mod sales;
mod schemas;

use comptoir_core::decision::Code;
use comptoir_core::event::Event;
use comptoir_core::event::Fields;
use comptoir_core::fact::ParsedEvent;
use comptoir_core::id::Name;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::security_v1::SECURITY_RECORDED;

pub use phone_rows::{AUDIT_ENTRY, PhoneRow, phone_row};
pub use read::read_fact;
pub use schemas::{actions, newest_version, schema};

/// The action by which central records that its store was restored from an older copy.
pub const CENTRAL_RESTORED: &str = "CENTRAL_RESTORED";
/// The action by which central records that a user, a role, a device or a key changed.
pub const IDENTITY_CHANGED: &str = "IDENTITY_CHANGED";

/// Why a payload cannot be read: it is refused at a local API, and quarantined when it arrives by push.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {detail}")]
pub struct PayloadError {
    /// `INVALID_PAYLOAD` or `UNKNOWN_SCHEMA`.
    pub code: Code,
    /// JSON pointer into the event as a draft writes it: `/payload/lines/3/quantity`, `/action`.
    pub pointer: String,
    /// What is wrong, with the value.
    pub detail: String,
    /// Every place where the payload does not fit its schema, up to a limit; the first is the one above. Empty for other errors.
    pub errors: Vec<FieldError>,
}

/// One of the errors of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FieldError {
    /// As in [`PayloadError`].
    pub pointer: String,
    /// What is wrong, with the value, and what is allowed.
    pub message: String,
}

/// Characters of a pointer or a detail. A hostile payload is quoted in its own error, and the error goes into a decision.
const WORDS_CHARS_MAX: usize = 500;

impl PayloadError {
    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> PayloadError {
        let (pointer, detail) = (shortened(pointer.into()), shortened(detail.into()));
        PayloadError { code: Code::InvalidPayload, pointer, detail, errors: Vec::new() }
    }

    fn unknown_schema(detail: String) -> PayloadError {
        let pointer = "/action".to_owned();
        PayloadError { code: Code::UnknownSchema, pointer, detail, errors: Vec::new() }
    }
}

fn shortened(words: String) -> String {
    match words.char_indices().nth(WORDS_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &words[..end]),
        None => words,
    }
}

/// Reads a sealed event's payload.
pub fn parse(event: Event) -> Result<ParsedEvent, (Box<Event>, PayloadError)> {
    let content = &event.content;
    match read_fact(&content.entity_type, &content.action, content.schema_version, &content.payload) {
        Ok((fact, objection)) => Ok(ParsedEvent { event, fact, objection }),
        Err(error) => Err((Box::new(event), error)),
    }
}

/// Reads the payload of an event that took effect. It was validated when it was received, and validation is half of the work.
pub fn parse_valid(event: Event) -> Result<ParsedEvent, (Box<Event>, PayloadError)> {
    let content = &event.content;
    match read::read_fact_that_fits(&content.entity_type, &content.action, content.schema_version, &content.payload) {
        Ok(fact) => Ok(ParsedEvent { event, fact, objection: None }),
        Err(error) => Err((Box::new(event), error)),
    }
}

/// Fields of a generic entity as JSON.
pub fn fields_value(fields: &Fields) -> Value {
    let object: Map<String, Value> = fields
        .iter()
        .map(|(name, value)| {
            let value = value.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or(Value::Null));
            (name.clone(), value)
        })
        .collect();
    Value::Object(object)
}

/// JSON as fields of a generic entity; `null` removes a field.
pub fn fields_of(object: &Map<String, Value>) -> Fields {
    object.iter().map(|(name, value)| (name.clone(), (!value.is_null()).then(|| value.to_string()))).collect()
}

/// The entity type that a domain action belongs to; `None` where it goes with any.
pub fn entity_type_of(action: &str) -> Option<&'static str> {
    match action {
        "SALE_RECORDED" | "SALE_REFUNDED" | "SALE_CANCELLED" | "REVENUE_ADJUSTED" => Some("SALE"),
        "GOODS_RECEIVED" | "GOODS_RETURNED" => Some("RECEPTION"),
        "STOCK_WRITTEN_OFF" | "STOCK_COUNTED" | "STOCK_COUNT_ACCEPTED" | "STOCK_ADJUSTED" => Some("STOCK"),
        "PRODUCTION_VALIDATED" => Some("PRODUCTION"),
        "DELIVERY_CREATED" | "DELIVERY_VALIDATED" => Some("DELIVERY"),
        "INVOICE_CREATED" | "INVOICE_CANCELLED" | "INVOICE_REFERENCE_ASSIGNED" => Some("INVOICE"),
        "TRAINING_SALE_RECORDED" => Some("TRAINING"),
        "TILL_OPENED" | "CASH_MOVED" | "TILL_CLOSED" => Some("TILL_SESSION"),
        "AUDIT_RECORDED" | SECURITY_RECORDED => Some("AUDIT"),
        "RULEBOOK_ADOPTED" => Some("RULEBOOK"),
        "EPOCH_OPENED" | "CLOCK_CHANGED" => Some("NODE"),
        CENTRAL_RESTORED => Some("CENTRAL"),
        _ => None,
    }
}

/// Actions that only central's own node may seal.
pub fn is_central_only(action: &str) -> bool {
    matches!(
        action,
        "STOCK_ADJUSTED"
            | "STOCK_COUNT_ACCEPTED"
            | "PRODUCTION_VALIDATED"
            | "DELIVERY_CREATED"
            | "INVOICE_REFERENCE_ASSIGNED"
            | "CONFLICT_RESOLVED"
            | "QUARANTINE_RELEASED"
            | "RULEBOOK_ADOPTED"
            | CENTRAL_RESTORED
            | SECURITY_RECORDED
            | IDENTITY_CHANGED
    )
}

/// Actions that only a node's log seals.
pub fn is_sealed_by_the_log(action: &str) -> bool {
    matches!(action, "EPOCH_OPENED" | "CLOCK_CHANGED")
}

/// Actions that a node records by its own count, never from a draft: `POST /api/v1/till/...`.
pub fn is_recorded_by_the_till(action: &str) -> bool {
    matches!(action, "TILL_OPENED" | "CASH_MOVED" | "TILL_CLOSED")
}

/// Whether an entity type as given is the one its action needs.
pub(crate) fn check_entity_type(entity_type: &Name, action: &Name) -> Result<(), PayloadError> {
    match entity_type_of(action.as_str()) {
        Some(needed) if needed != entity_type.as_str() => Err(PayloadError::invalid(
            "/entity_type",
            format!("{action} goes with entity type {needed}, got {entity_type}"),
        )),
        _ => Ok(()),
    }
}
