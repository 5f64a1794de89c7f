//! The rows of the read models, the same at a node and at central.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// An entity made of fields: clients, products, school records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EntityRow {
    /// `CLIENT`, `PRODUCT`, `STUDENT`...
    pub entity_type: String,
    /// Within its type.
    pub id: String,
    /// Position of its last accepted change: what `If-Match` and `base_version` name.
    pub version: u64,
    /// Deleted, at that version.
    pub deleted: bool,
    /// The writers' own JSON.
    pub fields: Box<RawValue>,
    /// Node to the event whose edit waits for a person.
    pub open_conflicts: Box<RawValue>,
}

/// A delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// Its entity id.
    pub id: String,
    /// Position of its last change.
    pub version: u64,
    /// Printed number. Absent, as the client is, where only a validation has come.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// The client.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client: String,
    /// Tax included, minor units.
    pub total_minor: Option<i64>,
    /// What is to be scanned.
    pub qr: Option<String>,
    /// Who is to deliver.
    pub assigned_to: Option<String>,
    /// The validation that stands.
    pub validation: Option<ValidationRow>,
}

/// The first accepted validation of a delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ValidationRow {
    /// The event.
    pub event_id: Uuid,
    /// Who.
    pub user: Option<String>,
    /// On which node.
    pub node: Option<Uuid>,
    /// When, as their device said.
    pub at: Option<String>,
    /// `latitude,longitude`.
    pub place: Option<String>,
    /// Of the signature's file.
    pub signature_hash: Option<String>,
    /// The event's position.
    pub position: Option<u64>,
}

/// An invoice.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct InvoiceRow {
    /// Its entity id.
    pub id: String,
    /// Position of its last change.
    pub version: u64,
    /// The shop; absent in the tenant's own series.
    pub site: Option<Uuid>,
    /// Central's number.
    pub reference: String,
    /// What the node had printed.
    pub provisional_reference: Option<String>,
    /// The credit note's number, once cancelled.
    pub credit_note: Option<String>,
    /// The client's entity id.
    pub client: String,
    /// ISO 4217.
    pub currency: String,
    /// Tax included, minor units.
    pub total_minor: i64,
    /// `YYYY-MM-DD`.
    pub due_on: Option<String>,
    /// The event that created it.
    pub event_id: Uuid,
}

/// Stock of one product in one site, as a node may know it: no costs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StockRow {
    /// The shop; absent for the tenant's own stock.
    pub site: Option<Uuid>,
    /// The product's entity id.
    pub product: String,
    /// Position of its last change.
    pub version: u64,
    /// Lots less what is owed: a decimal.
    pub quantity: String,
    /// Sold below zero and not yet paid by goods that came in: a decimal.
    pub short: String,
}
