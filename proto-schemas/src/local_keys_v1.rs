//! The local keys and sessions of a node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::openapi::words;

/// A local key to be made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalKeyRequest {
    /// What it is for.
    #[schemars(with = "words::Name")]
    pub label: String,
    /// What it may do: `read`, `record`, `record:ACTION`, `record:ACTION:ENTITY_TYPE`, `audit`, `export`, `administer`. Absent:
    /// `read` and `record`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub grants: Option<Vec<String>>,
}

/// A local key without its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LocalKeyRow {
    /// Its public part.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// What it may do.
    pub grants: Vec<String>,
    /// When it was made, by the node's clock.
    #[schemars(with = "words::Instant")]
    pub created_at: String,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub revoked_at: Option<String>,
    /// The hour of its last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub last_used_at: Option<String>,
}

/// A new local key.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct NewLocalKey {
    /// The key itself, shown this once.
    pub key: String,
    /// What was made.
    #[serde(flatten)]
    pub row: LocalKeyRow,
}
