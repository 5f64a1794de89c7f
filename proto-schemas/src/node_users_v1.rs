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
    /// Ed25519, in hex, by the key of the log over [`WipeProof::signed_text`]: `comptoir/wiped/1` and the fields above,
    /// one a line.
    #[schemars(length(min = 128, max = 128))]
    pub signature: String,
}

impl WipeProof {
    /// The signed text: seven lines, each ended by a line feed.
    pub fn signed_text(&self) -> String {
        let WipeProof { node, epoch, last_seq, last_chain, unsent, wiped_at, signature: _ } = self;
        format!("comptoir/wiped/1\n{node}\n{epoch}\n{last_seq}\n{last_chain}\n{unsent}\n{wiped_at}\n")
    }
}

/// `POST /api/v1/nodes/{id}/revoke`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RevokeNodeRequest")]
pub struct RevokeNodeDto {
    /// Why, for the log.
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// A node that is revoked, now or before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RevokedNode {
    /// The node.
    pub node: Uuid,
    /// When it was revoked.
    #[schemars(with = "words::Instant")]
    pub revoked_at: String,
    /// The position of the event of its revocation.
    pub revoked_position: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_text_of_a_proof_is_its_fields_one_a_line() {
        let proof = WipeProof {
            node: Uuid::from_bytes([1; 16]),
            epoch: 2,
            last_seq: 7,
            last_chain: "ab".repeat(32),
            unsent: 0,
            wiped_at: "2026-12-01T10:00:00Z".to_owned(),
            signature: "00".repeat(64),
        };
        let text = format!(
            "comptoir/wiped/1\n01010101-0101-0101-0101-010101010101\n2\n7\n{}\n0\n2026-12-01T10:00:00Z\n",
            "ab".repeat(32)
        );
        assert_eq!(proof.signed_text(), text);
    }
}
