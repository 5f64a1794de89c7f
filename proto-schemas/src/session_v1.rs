//! Sessions at a node: of a user, who logs in with a password or a PIN, or of a local key. `docs/spec/local-api.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::identity_v1::RoleDto;
use crate::openapi::words;

/// `POST /api/v1/session`: who logs in, and with what. Without a body the local key in the header opens the session.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SessionRequest")]
pub struct SessionDto {
    /// The user's login; upper and lower case are the same.
    #[schemars(length(min = 1, max = 64))]
    pub login: String,
    /// The user's password.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128))]
    pub password: Option<String>,
    /// Instead of the password: the PIN that the user set at this node.
    #[serde(default)]
    #[schemars(length(min = 1, max = 8))]
    pub pin: Option<String>,
}

/// `PUT /api/v1/session/pin`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PinRequest")]
pub struct PinDto {
    /// The user's password.
    #[schemars(length(min = 1, max = 128))]
    pub password: String,
    /// Four to eight digits; null removes the PIN.
    #[schemars(length(min = 4, max = 8))]
    pub pin: Option<String>,
}

/// `POST /api/v1/session/unlock`: one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UnlockRequest")]
pub struct UnlockDto {
    /// The PIN.
    #[serde(default)]
    #[schemars(length(min = 1, max = 8))]
    pub pin: Option<String>,
    /// The password.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128))]
    pub password: Option<String>,
}

/// A session, or the caller without one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionState {
    /// The local key that opened the session or is sent; absent for a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The user; absent for a local key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<SessionUser>,
    /// What may be done: `read`, `record`...
    pub operations: Vec<String>,
    /// Which events may be recorded.
    pub records: Vec<RecordableEvent>,
    /// Whether the session is locked.
    pub locked: bool,
    /// Whether the user has a PIN that can be used now.
    pub has_pin: bool,
    /// Whether a PIN is not enough to unlock the session: the password is asked for. Recording goes on.
    pub password_required: bool,
    /// When the session ends by itself; absent for a key or token in the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub ends_at: Option<String>,
}

/// The user of a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionUser {
    /// The id that events name.
    pub id: Uuid,
    /// What the user types.
    pub login: String,
    /// For people.
    pub name: String,
    /// The roles at the node's site or at every site.
    pub roles: Vec<RoleDto>,
}

/// What people call a user, for screens that show who acted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserName {
    /// The id that events name.
    pub id: Uuid,
    /// For people.
    pub name: String,
}

/// Events that may be recorded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordableEvent {
    /// Only this action; null for any.
    #[schemars(with = "Option<words::Name>")]
    pub action: Option<String>,
    /// Only this entity type; null for any.
    #[schemars(with = "Option<words::Name>")]
    pub entity_type: Option<String>,
}
