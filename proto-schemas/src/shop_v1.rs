//! Types that only a node serves: saved forms, notifications, and live events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::api_v1::EventDto;
use crate::openapi::words;

/// A form as its user saved it last.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SavedForm {
    /// UUID chosen by the client.
    pub id: Uuid,
    /// Times it was saved.
    pub version: u64,
    /// The value for `If-Match`.
    pub etag: String,
    /// What it is to become a change of.
    pub entity_type: String,
    /// What is to have happened.
    pub action: String,
    /// When it was saved first, by the node's clock.
    #[schemars(with = "words::Instant")]
    pub created_at: String,
    /// When it was saved last.
    #[schemars(with = "words::Instant")]
    pub saved_at: String,
    /// The body as the client sent it.
    #[schemars(with = "words::Members")]
    pub body: Box<RawValue>,
}

/// A notification for the node's users.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Notification {
    /// Id of the notification.
    pub id: String,
    /// `ALREADY_VALIDATED`, `CONFLICT`, `REJECTED`, `QUARANTINED`, `SUPERSEDED`, `RELEASED`, `RESOLVED`, `DECISION_CHANGED` or
    /// `ROW_TOO_LARGE`.
    #[schemars(with = "words::NotificationKind")]
    pub kind: String,
    /// One line, in the language that was asked for.
    pub title: String,
    /// What it means, in the same language.
    pub detail: String,
    /// The node's own event that it is about.
    pub event_id: Uuid,
    /// Of the event.
    pub entity_type: String,
    /// Of the event.
    pub entity_id: String,
    /// Why, as central said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::DecisionCode>")]
    pub code: Option<String>,
    /// Who decided, or was first, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of the decision, or of the event that says it.
    pub position: u64,
    /// When the node stored it, by its clock.
    #[schemars(with = "words::Instant")]
    pub at: String,
    /// When a person saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub seen_at: Option<String>,
    /// Central's additional data: a resolution, or a notice's data.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

/// A sale of a node's log, with what undid it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SaleAndRefunds {
    /// The sale. Its receipt's number is `epoch-seq`.
    pub sale: EventDto,
    /// Refunds and cancellations that name it, oldest first.
    pub refunds: Vec<EventDto>,
    /// Whether every record after the sale was looked at; otherwise there may be more refunds.
    pub is_complete: bool,
}

/// Answer to an upload.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StoredBlob {
    /// The BLAKE3 of its bytes, by which it goes.
    #[schemars(with = "words::Hash")]
    pub hash: String,
}

/// `event: marks` of `GET /api/v1/stream`: the marks of the open epoch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LiveMarks {
    /// The epoch's number.
    pub epoch: u32,
    /// Last seq that was given out.
    pub appended: u64,
    /// Last seq on disk.
    pub durable: u64,
    /// Last seq that central has decided.
    pub acked: u64,
}

/// `event: queue`: pending events. Their age alone is not a change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LiveQueue {
    /// Events that central has not answered for.
    pub pending: u64,
    /// Events that need a person.
    pub to_review: u64,
}

/// `event: sync`: the connection to central.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LiveSync {
    /// What the agent is doing.
    #[schemars(with = "words::SyncPhase")]
    pub phase: String,
    /// The code of what a person should look at.
    pub alert: Option<String>,
    /// The code of the last failure since the last success.
    pub last_error: Option<String>,
    /// Every change up to this position is here.
    pub complete_through: Option<u64>,
    /// Raised with every change of the rows.
    pub rows: u64,
    /// Rows of a first load under way.
    pub loaded_rows: Option<u64>,
    /// When central last answered as it should.
    #[schemars(with = "Option<words::Instant>")]
    pub last_success_at: Option<String>,
}

/// `event: notifications`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LiveNotifications {
    /// Number of unseen notifications, up to 1,000.
    pub unseen: u64,
}
