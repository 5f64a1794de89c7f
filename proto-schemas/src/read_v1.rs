//! The rows of the read models, the same at a node and at central.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::openapi::words;

/// An entity made of fields: clients, products, school records.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(with = "words::Members")]
    pub fields: Box<RawValue>,
    /// Maps each node with an open conflict to the event that waits for a person.
    #[schemars(with = "words::Members")]
    pub open_conflicts: Box<RawValue>,
    /// The user who made the change of `version`, if the event names one. Resolutions, releases and a node's own pending edits
    /// are changes too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
    /// The node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_node: Option<Uuid>,
    /// When it happened, by that node's clock as far as central could correct it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub updated_at: Option<String>,
}

/// A delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryRow {
    /// Its entity id.
    pub id: String,
    /// Position of its last change.
    pub version: u64,
    /// Printed number. Absent, like the client, if only a validation has arrived.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// The client.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client: String,
    /// Tax included, minor units.
    pub total_minor: Option<i64>,
    /// The code to scan.
    pub qr: Option<String>,
    /// Who is to deliver.
    pub assigned_to: Option<String>,
    /// The first accepted validation.
    pub validation: Option<ValidationRow>,
}

/// The first accepted validation of a delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ValidationRow {
    /// The event.
    pub event_id: Uuid,
    /// The user.
    pub user: Option<String>,
    /// The node.
    pub node: Option<Uuid>,
    /// When, as their device said.
    #[schemars(with = "Option<words::Instant>")]
    pub at: Option<String>,
    /// `latitude,longitude`.
    pub place: Option<String>,
    /// Hash of the signature's file.
    #[schemars(with = "Option<words::Hash>")]
    pub signature_hash: Option<String>,
    /// The event's position.
    pub position: Option<u64>,
}

/// An invoice.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(with = "words::CurrencyCode")]
    pub currency: String,
    /// Tax included, minor units.
    pub total_minor: i64,
    /// `YYYY-MM-DD`.
    #[schemars(with = "Option<words::Day>")]
    pub due_on: Option<String>,
    /// The event that created it.
    pub event_id: Uuid,
}

/// Stock of one product in one site, as a node may know it: no costs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StockRow {
    /// The shop; absent for the tenant's own stock.
    pub site: Option<Uuid>,
    /// The product's entity id.
    pub product: String,
    /// Position of its last change.
    pub version: u64,
    /// Lots minus the backordered quantity: a decimal.
    #[schemars(with = "words::Decimal")]
    pub quantity: String,
    /// Sold below zero and not yet covered by received goods: a decimal.
    #[schemars(with = "words::Decimal")]
    pub backordered: String,
}

/// A row as a node shows it: central's, with the node's pending events over it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Node{R}")]
pub struct NodeRow<R> {
    /// The row with the events of `pending` applied. Its version is central's; 0 if central does not know it.
    #[serde(flatten)]
    pub row: R,
    /// Whether it is central's, with nothing over it.
    pub is_synced: bool,
    /// When the node received central's row; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub last_sync_at: Option<String>,
    /// The node's pending events that are applied, in log order.
    pub pending: Vec<PendingEvent>,
}

/// A pending event of the node: shown in the row, and not yet in central's.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PendingEvent {
    /// The event.
    pub event_id: Uuid,
    /// The number of its epoch.
    pub epoch: u32,
    /// Its number in the epoch.
    pub seq: u64,
    /// Action, such as `SALE_RECORDED`.
    pub action: String,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When the event happened.
    #[schemars(with = "words::Instant")]
    pub occurred_at: String,
    /// `PENDING`, `SENDING`, or `ACKED` if central accepted it and the node has not received its row yet.
    #[schemars(with = "words::EventStatus")]
    pub status: String,
    /// The writer's own JSON: of a validation the code, time, place and the hashes of its files.
    pub payload: Box<RawValue>,
}

/// Stock as a node shows it: central's figure, its age, and separately the node's pending quantities. Nothing is computed from
/// the two.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NodeStockRow {
    /// The shop; absent for the tenant's own stock.
    pub site: Option<Uuid>,
    /// The product's entity id.
    pub product: String,
    /// Position of its last change at central; 0 if central has sent none.
    pub version: u64,
    /// Central's figure, a decimal; absent if central has sent none.
    #[schemars(with = "Option<words::Decimal>")]
    pub quantity: Option<String>,
    /// Central's quantity sold below zero and not yet covered by received goods, a decimal.
    #[schemars(with = "Option<words::Decimal>")]
    pub backordered: Option<String>,
    /// The time up to which central's figure is known to hold: when the node last had everything. Absent before the first
    /// bootstrap.
    #[schemars(with = "Option<words::Instant>")]
    pub known_at: Option<String>,
    /// Whether nothing waits here that moves it.
    pub is_synced: bool,
    /// When the node received central's row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub last_sync_at: Option<String>,
    /// Quantities of this node's pending events.
    pub waiting: WaitingStock,
}

/// Quantities of a product in pending events; decimals, none negative.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct WaitingStock {
    /// How many lines of events.
    pub lines: u64,
    /// Sold.
    #[schemars(with = "words::Decimal")]
    pub sold: String,
    /// Returned by clients.
    #[schemars(with = "words::Decimal")]
    pub refunded: String,
    /// Received from suppliers.
    #[schemars(with = "words::Decimal")]
    pub received: String,
    /// Returned to suppliers.
    #[schemars(with = "words::Decimal")]
    pub returned: String,
    /// Written off.
    #[schemars(with = "words::Decimal")]
    pub written_off: String,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{R}List")]
pub struct RowList<R> {
    /// In the order of their ids' bytes.
    pub rows: Vec<R>,
    /// The `cursor` of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
