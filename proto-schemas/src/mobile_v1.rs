//! The mobile contract, field by field as in its document; `docs/spec/mobile.md` settles what the document leaves open.

use comptoir_core::limits::PUSH_RECORDS_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::canonical_json::canonical;
use crate::limited::at_most;
use crate::openapi::words;
use crate::pull_v1::DeviceStatus;

/// `POST /api/sync/push`. Unknown fields are passed over: the client belongs to others and may be newer.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "MobilePushRequest")]
pub struct PushRequest {
    /// The device's own name for itself.
    pub device_id: String,
    /// For the log only: idempotency is per event id.
    pub batch_id: String,
    /// Each is parsed separately as a [`SyncEvent`]: an unreadable one fails alone.
    #[serde(deserialize_with = "at_most::<PUSH_RECORDS_MAX, _, _>")]
    pub events: Vec<Box<RawValue>>,
}

/// One event of a push.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SyncEvent {
    /// UUID.
    pub id: String,
    /// `DELIVERY`, `INVOICE`, `CLIENT`, `AUDIT`...
    pub entity_type: String,
    /// Within its type.
    pub entity_id: String,
    /// `DELIVERY_VALIDATED`, `INVOICE_CREATED`, `UPDATE`...
    pub action: String,
    /// As `docs/spec/payloads.md` has it for the action.
    pub payload: Box<RawValue>,
    /// ISO 8601, as the device's clock had it.
    #[schemars(with = "words::Instant")]
    pub occurred_at: String,
    /// A number; a text is taken too.
    pub user_id: UserId,
    /// SHA-256 of the payload, 64 hex digits: see [`checksum_fits`].
    #[schemars(with = "words::Hash")]
    pub checksum: String,
}

/// An audit entry of a phone, which it may push among the events as it stands. It has no payload and no checksum of one:
/// `payload_hash` is evidence of what the entry speaks of.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LocalAuditEntry {
    /// UUID.
    pub id: String,
    /// `DELIVERY_SCANNED`...
    pub action: String,
    /// What it speaks of.
    pub entity_type: String,
    /// Within its type.
    pub entity_id: String,
    /// A text; a number is taken too.
    pub user_id: UserId,
    /// On which device, as the device says.
    #[serde(default)]
    pub device_id: Option<String>,
    /// ISO 8601, as the device's clock had it.
    #[schemars(with = "words::Instant")]
    pub occurred_at: String,
    /// `app_version`, `battery_level`, `network_type`, `location`.
    #[serde(default)]
    #[schemars(with = "Option<words::Members>")]
    pub context: Option<Box<RawValue>>,
    /// SHA-256 of what it speaks of.
    #[serde(default)]
    pub payload_hash: Option<String>,
    /// Whether the phone knows that central has it.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    pub synced: Option<Box<RawValue>>,
}

/// Who acted. The document has a number; the queue's table on the device a text.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a whole number or a text")]
pub enum UserId {
    /// `12`.
    Number(i64),
    /// `"12"`.
    Text(String),
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UserId::Number(number) => number.fmt(f),
            UserId::Text(text) => text.fmt(f),
        }
    }
}

/// The answer to a push.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MobilePushResponse")]
pub struct PushResponse {
    /// Whether every event took effect.
    pub success: bool,
    /// What the device may purge from its queue.
    pub acked_event_ids: Vec<String>,
    /// Events that have no effect, or none yet.
    pub failed_events: Vec<FailedEvent>,
    /// Central's clock.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
}

/// An event that has no effect, or none before a person at head office has looked at it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FailedEvent {
    /// As the device named it; `#3` for the fourth of the list, where it has no id that reads.
    pub event_id: String,
    /// `ALREADY_VALIDATED`, `CHECKSUM_MISMATCH`...
    #[schemars(with = "words::AnyCode")]
    pub error_code: String,
    /// Whether the same event may be taken later.
    pub retry: bool,
    /// What was wrong, with the value, for developers and the log. Not in the document; clients that do not know it ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the device is to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// What the device is to do about an event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    /// `DISCARD_LOCAL`, `TAKE_SERVER_STOCK`, `CHOOSE`, `FIX_AND_RESEND`.
    #[schemars(with = "words::ResolutionAction")]
    pub action: String,
    /// The values it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// The answer to `GET /api/sync/pull?since&device_id&limit`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MobilePullResponse")]
pub struct PullResponse {
    /// In the order in which they are to be applied.
    pub events: Vec<ServerEvent>,
    /// Whether more waits: ask again with `server_time` as `since`.
    pub has_more: bool,
    /// What `since` is to be the next time. Never the clock.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
    /// State of the device.
    pub device_status: DeviceStatus,
    /// Where `since` is no time that central gave to this phone: what to send instead. Not in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A row in its present state: the document leaves the type open.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServerEvent {
    /// UUID: the same change has the same id every time it is given.
    #[schemars(with = "uuid::Uuid")]
    pub id: String,
    /// `PRODUCT`, `CLIENT`, `DELIVERY`, `INVOICE`, `STOCK`...
    pub entity_type: String,
    /// Within its type; a product's for stock.
    pub entity_id: String,
    /// `UPSERT` or `DELETE`.
    #[schemars(with = "words::RowAction")]
    pub action: String,
    /// The whole row; null where it was deleted.
    #[schemars(with = "Option<words::Members>")]
    pub payload: Box<RawValue>,
    /// Rises with each change of the row.
    pub version: u64,
    /// When central received the change.
    #[schemars(with = "words::Instant")]
    pub occurred_at: String,
    /// SHA-256 of the payload in its RFC 8785 form.
    #[schemars(with = "words::Hash")]
    pub checksum: String,
}

/// The answer to `GET /api/sync/status?device_id`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MobileStatus")]
pub struct StatusResponse {
    /// Whether central can write.
    pub server_healthy: bool,
    /// Central's clock.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
    /// The device that asks.
    pub device: DeviceStanding,
    /// Whether a pull would return changes.
    pub sync_required: bool,
}

/// State of a device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceStanding {
    /// False: it was revoked.
    pub is_active: bool,
    /// Changes that it has not pulled; counted up to 1,000.
    pub pending_events: u64,
}

/// The answer to `GET /api/sync/bootstrap?device_id&cursor&limit`: a page of the first load. One list at a time is filled.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MobileBootstrap")]
pub struct BootstrapResponse {
    /// For the cache of products.
    #[schemars(with = "Vec<words::Members>")]
    pub products: Vec<Box<RawValue>>,
    /// Deliveries without a validation.
    #[schemars(with = "Vec<words::Members>")]
    pub deliveries_pending: Vec<Box<RawValue>>,
    /// Clients.
    #[schemars(with = "Vec<words::Members>")]
    pub clients: Vec<Box<RawValue>>,
    /// Invoices of the device's shop.
    #[schemars(with = "Vec<words::Members>")]
    pub invoices: Vec<Box<RawValue>>,
    /// Stock of the device's shop, and the tenant's own: read only.
    #[schemars(with = "Vec<words::Members>")]
    pub stock: Vec<Box<RawValue>>,
    /// Whether more waits: ask again with `cursor`.
    pub has_more: bool,
    /// Cursor of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// On the last page, the first `since`: later changes come by pull.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
    /// State of the device.
    pub device_status: DeviceStatus,
}

/// SHA-256 of some bytes, 64 hex digits.
pub fn checksum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// SHA-256 of a JSON text's RFC 8785 form; of its own bytes where it has none.
pub fn canonical_checksum(text: &str) -> String {
    checksum(canonical(text).as_deref().unwrap_or(text).as_bytes())
}

/// Whether a checksum matches a payload: over its bytes as sent, or over its RFC 8785 form. Clients that hash the request text
/// need no library; clients that keep payloads as objects use the form.
pub fn checksum_fits(payload: &str, sent: &str) -> bool {
    let is = |computed: String| computed.eq_ignore_ascii_case(sent);
    is(checksum(payload.as_bytes())) || canonical(payload).is_some_and(|form| is(checksum(form.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of `docs/spec/mobile.md`: text as sent, SHA-256 over it, SHA-256 over its RFC 8785 form.
    #[test]
    fn the_vectors_of_the_paper_hold() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("../vectors/mobile-checksums.json")).expect("JSON");
        assert!(vectors.len() >= 4);
        for vector in &vectors {
            let text = |name: &str| vector[name].as_str().unwrap_or_else(|| panic!("{name} in {vector}"));
            let sent = text("payload_as_sent");
            assert_eq!(checksum(sent.as_bytes()), text("sha256_as_sent"), "{sent}");
            assert_eq!(canonical(sent).as_deref(), Some(text("canonical")), "{sent}");
            assert_eq!(canonical_checksum(sent), text("sha256_canonical"), "{sent}");
            assert!(checksum_fits(sent, text("sha256_as_sent")));
            assert!(checksum_fits(sent, &text("sha256_canonical").to_uppercase()));
            assert!(!checksum_fits(&sent.replace('1', "2"), text("sha256_as_sent")));
        }
    }
}
