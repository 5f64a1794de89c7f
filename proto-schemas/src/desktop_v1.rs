//! The desktop contract, field by field as in its document; `docs/spec/desktop.md` settles what the document leaves open.

use comptoir_core::limits::PUSH_RECORDS_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
use serde_json::value::RawValue;

use crate::limited::at_most;
use crate::openapi::words;

/// The entity types of the document.
pub const ENTITY_TYPES: [&str; 11] = [
    "STUDENT",
    "TEACHER",
    "CLASS",
    "EXAM",
    "GRADE",
    "PAYMENT",
    "ATTENDANCE",
    "ABSENCE",
    "DISCIPLINARY_INCIDENT",
    "ACADEMIC_YEAR",
    "SCHOOL_LEVEL",
];

/// Entity types of one `down`.
pub const ENTITY_TYPES_MAX: usize = 1_000;

/// `POST /api/sync/up`. Unknown fields are passed over: the client belongs to others and may be newer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncUpRequest {
    /// The installation's own name for itself.
    pub client_id: String,
    /// Each is parsed separately as an [`OutboxEvent`]: an unreadable one is rejected alone.
    #[serde(deserialize_with = "at_most::<PUSH_RECORDS_MAX, _, _>")]
    pub events: Vec<Box<RawValue>>,
    /// The last `syncTimestamp` that the client was given; null before the first.
    #[serde(default)]
    pub last_sync_timestamp: Option<String>,
}

/// One row of the client's outbox. What only the client needs (attempts, status) is passed over.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboxEvent {
    /// UUID, or any text.
    pub id: String,
    /// Must be the credential's.
    pub tenant_id: String,
    /// One of the document's eleven, or a type that the rulebook names.
    pub entity_type: String,
    /// Within its type.
    pub entity_id: String,
    /// What was done.
    pub operation: Operation,
    /// The entity's data.
    #[schemars(with = "words::Members")]
    pub payload: Box<RawValue>,
    /// A `serverVersion` of the entity, or a clock: then the time of the edit decides what it is based on.
    pub local_version: Number,
    /// ISO 8601, as the client's clock had it.
    #[schemars(with = "words::Instant")]
    pub created_at: String,
    /// When the client last tried to send it, as the client's clock had it: shows a clock that is ahead. Anything else than a
    /// time is passed over.
    #[serde(default)]
    #[schemars(with = "Option<words::Instant>")]
    pub last_attempt_at: Option<serde_json::Value>,
}

/// What was done to an entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "DesktopOperation")]
pub enum Operation {
    /// It is new.
    Create,
    /// Fields changed.
    Update,
    /// It is gone.
    Delete,
}

impl Operation {
    /// The wire word, which is also the event's action.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        }
    }
}

/// The answer to `up`. Every event of the request is in exactly one list.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SyncUpResponse {
    /// Events that were accepted.
    pub acknowledged: Vec<Acknowledged>,
    /// Kept for a person's decision.
    pub conflicts: Vec<Conflict>,
    /// Not taken, and not to be sent again as they are.
    pub rejected: Vec<Rejected>,
}

/// An event that was taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledged {
    /// As the client named it.
    pub outbox_event_id: String,
    /// UUID at central.
    #[schemars(with = "uuid::Uuid")]
    pub server_event_id: String,
    /// The entity's id at central: the client's own, unless that was taken.
    pub entity_id: String,
    /// The entity's version, or where nothing changed the event's position.
    pub server_version: u64,
}

/// An event that waits for a person.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DesktopConflict")]
pub struct Conflict {
    /// As the client named it.
    pub outbox_event_id: String,
    /// Stable: `VERSION_CONFLICT`, `ENTITY_EXISTS`, `ENTITY_DELETED`, `UNKNOWN_ENTITY`.
    pub code: String,
    /// Explanation for the user, with both versions.
    pub reason: String,
    /// The entity's fields at central with its `id` and `serverVersion`; null where central has no such entity, or no more.
    #[schemars(with = "Option<words::Members>")]
    pub server_data: Box<RawValue>,
}

/// An event that was not taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// As the client named it; `#3` for the fourth of the list, where it has no id that reads.
    pub outbox_event_id: String,
    /// Stable code.
    #[schemars(with = "words::AnyCode")]
    pub code: String,
    /// Explanation for a person.
    pub reason: String,
}

/// `POST /api/sync/down`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncDownRequest {
    /// The installation's own name for itself.
    pub client_id: String,
    /// The last `syncTimestamp` that the client was given; null before the first.
    #[serde(default)]
    pub last_sync_timestamp: Option<String>,
    /// Whether a client without a timestamp holds nothing, not even its own events: its data was wiped and its name was not. The
    /// document's own client loses both together.
    #[serde(default)]
    pub reload: bool,
    /// Only these types; all where absent.
    #[serde(default, deserialize_with = "entity_types")]
    pub entity_types: Option<Vec<String>>,
    /// Approximate maximum number of changes.
    #[serde(default)]
    pub limit: Option<u64>,
}

fn entity_types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    struct Types(#[serde(deserialize_with = "at_most::<ENTITY_TYPES_MAX, _, _>")] Vec<String>);
    Ok(Option::<Types>::deserialize(deserializer)?.map(|types| types.0))
}

/// The answer to `down`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncDownResponse {
    /// In the order in which they are to be applied.
    pub changes: Vec<SyncChange>,
    /// What `lastSyncTimestamp` is to be the next time. Never the clock.
    pub sync_timestamp: String,
    /// Whether more waits: ask again at once.
    pub has_more: bool,
    /// Where `lastSyncTimestamp` is no time that central gave: what to send instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// An entity in its present state.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncChange {
    /// UUID: the same change has the same id every time it is given.
    #[schemars(with = "uuid::Uuid")]
    pub id: String,
    /// The entity's type.
    pub entity_type: String,
    /// Within its type.
    pub entity_id: String,
    /// CREATE where the client cannot have it yet.
    pub operation: Operation,
    /// Its fields; an empty object where it was deleted.
    #[schemars(with = "words::Members")]
    pub payload: Box<RawValue>,
    /// What `localVersion` of an edit based on it is to be.
    pub server_version: u64,
    /// When central received the change.
    #[schemars(with = "words::Instant")]
    pub modified_at: String,
}

/// `POST /api/sync/resolve`: the document has the call `resolveConflict('evt_123', true)` and leaves its body open.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolveRequest {
    /// The installation's own name for itself.
    pub client_id: String,
    /// The event that was answered as a conflict.
    pub outbox_event_id: String,
    /// True: central's version is kept. False: the client's version replaces it.
    pub accept_server_version: bool,
    /// The entity's `serverVersion` that the user was shown; where it is absent, the one that the client was given last.
    #[serde(default)]
    pub server_version: Option<u64>,
    /// With `acceptServerVersion` false: these fields instead of all of the client's.
    #[serde(default)]
    #[schemars(with = "Option<words::Members>")]
    pub merged: Option<Box<RawValue>>,
}

/// The answer to `resolve`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolveResponse {
    /// As the client named it.
    pub outbox_event_id: String,
    /// The event that carries the decision.
    #[schemars(with = "uuid::Uuid")]
    pub server_event_id: String,
    /// The entity's id at central.
    pub entity_id: String,
    /// Its version after the decision.
    pub server_version: u64,
    /// As [`Conflict::server_data`], after the decision: what the client writes into its cache.
    #[schemars(with = "Option<words::Members>")]
    pub server_data: Box<RawValue>,
}

/// One synchronisation, of any contract, as the document's `SyncLog` has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncLog {
    /// UUID.
    #[schemars(with = "uuid::Uuid")]
    pub id: String,
    /// The tenant.
    #[schemars(with = "uuid::Uuid")]
    pub tenant_id: String,
    /// The device's own name for itself, or the node's id.
    pub client_id: String,
    /// `UP` or `DOWN`.
    #[schemars(with = "words::SyncDirection")]
    pub direction: String,
    /// Received, or given.
    pub events_count: u64,
    /// Those that ended in conflict.
    pub conflicts_count: u64,
    /// Of these, neither taken nor in conflict.
    pub failed_count: u64,
    /// `SUCCESS`, `PARTIAL` or `FAILED`.
    #[schemars(with = "words::SyncOutcome")]
    pub status: String,
    /// `mobile`, `desktop` or `native`.
    #[schemars(with = "words::SyncContract")]
    pub contract: String,
    /// As the client named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
    /// By central's clock.
    #[schemars(with = "words::Instant")]
    pub started_at: String,
    /// By central's clock.
    #[schemars(with = "words::Instant")]
    pub completed_at: String,
    /// Milliseconds.
    pub duration: u64,
    /// The client's clock less central's in milliseconds, where the request showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// Whether the difference is more than central accepts without a remark.
    pub clock_drifts: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

/// `GET /api/v1/sync-log?client&status&limit&cursor`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SyncLogPage {
    /// Newest first.
    pub entries: Vec<SyncLog>,
    /// Of all that the filter lets through.
    pub statistics: SyncStatistics,
    /// Set unless the page is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Sums over synchronisations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncStatistics {
    /// Number of synchronisations.
    pub syncs: u64,
    /// Succeeded ones among them.
    pub succeeded: u64,
    /// Succeeded ones among them.
    pub partial: u64,
    /// Succeeded ones among them.
    pub failed: u64,
    /// Number of distinct clients.
    pub clients: u64,
    /// Received or given.
    pub events: u64,
    /// Succeeded ones among them.
    pub conflicts: u64,
    /// Milliseconds.
    pub mean_duration: u64,
    /// When the last one began; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub last_at: Option<String>,
}
