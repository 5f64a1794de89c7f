//! The users whom a node authenticates without contact with central, and the proof that a revoked node destroyed its data.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::identity_v1::{JsonWebKeySet, PermissionDto, RoleDto};
use crate::openapi::words;

/// `GET /api/v1/sync/users`: the users of the calling node's site. Users who may administer the tenant are not among them: their
/// verifiers stay at central.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NodeUsers {
    /// Position of the tenant's last change of a user, a role or a permission. The node seals it into the events of its users.
    pub identity_position: u64,
    /// By id.
    pub users: Vec<NodeUser>,
    /// What the tenant's roles may do.
    pub permissions: Vec<PermissionDto>,
    /// `iss` of central's access tokens.
    pub token_issuer: String,
    /// The public keys of access tokens.
    pub token_keys: JsonWebKeySet,
}

/// A user who may log in at a node.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct NodeUser {
    /// The id that events name.
    pub id: Uuid,
    /// What the user types, in lower case.
    pub login: String,
    /// For people.
    pub name: String,
    /// The password's argon2id verifier in PHC form; absent until the user has a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// The roles at the node's site or at every site.
    pub roles: Vec<RoleDto>,
}

impl fmt::Debug for NodeUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeUser({})", self.id)
    }
}

/// `POST /api/v1/sync/wiped`: a revoked node destroyed its data. The node keeps the same document as its tombstone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WipeProof {
    /// The node.
    pub node: Uuid,
    /// The epoch that was open.
    pub epoch: u32,
    /// The last record of that epoch.
    pub last_seq: u64,
    /// The chain after that record.
    #[schemars(with = "words::Hash")]
    pub last_chain: String,
    /// Records that central had not acknowledged and that are lost with the folder. A node wipes itself only when this is 0;
    /// `comptoir node wipe` may destroy more.
    pub unsent: u64,
    /// By the node's clock.
    #[schemars(with = "words::Instant")]
    pub wiped_at: String,
    /// Ed25519, in hex, by the key of the log over `comptoir/wiped/1` and the fields above, one a line.
    #[schemars(length(min = 128, max = 128))]
    pub signature: String,
}
