//! What only a node has: documents that are still being typed, and what a person at the node should hear.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

/// A document that is still being typed, as it was saved last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypedDraft {
    /// Made by whoever types; a UUID.
    pub id: Uuid,
    /// What it is to become a change of.
    pub entity_type: String,
    /// What is to have happened.
    pub action: String,
    /// When it was saved first, by the node's clock.
    pub created_at: String,
    /// When it was saved last.
    pub saved_at: String,
    /// As it was given.
    pub body: Box<RawValue>,
}

/// Something a person at the node should hear.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Notification {
    /// Names it.
    pub id: String,
    /// `ALREADY_VALIDATED`, `CONFLICT`, `REJECTED`, `QUARANTINED`, `SUPERSEDED`, `RELEASED` or `RESOLVED`.
    pub kind: String,
    /// One line, in the language that was asked for.
    pub title: String,
    /// What it means, in the same language.
    pub detail: String,
    /// The node's own event that it speaks of.
    pub event_id: Uuid,
    /// Of the event.
    pub entity_type: String,
    /// Of the event.
    pub entity_id: String,
    /// Why, as central said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who decided, or was first, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of the decision, or of the event that says it.
    pub position: u64,
    /// When it came here, by the node's clock.
    pub at: String,
    /// When a person saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<String>,
    /// What central said beside: a resolution, or a notice's data.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}
