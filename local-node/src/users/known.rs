//! The users and rights as central sent them, and when central last confirmed them. Stored sealed, as one value.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comptoir_core::access::{AccessOperation, AccessScope, Permission, Role, RoleAt};
use comptoir_core::id::{Name, SiteId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::identity_v1::{JsonWebKey, PermissionDto, RoleDto};
use comptoir_proto::node_users_v1::{NodeUser, NodeUsers};
use serde::{Deserialize, Serialize};

use crate::event_log::{AppendError, KeyChange, KeySpace, Log, VALUE_BYTES_MAX};

const TAG_CONTEXT: &str = "comptoir/verifier-tag/1";

/// The users of the site.
pub(crate) struct KnownUsers {
    by_id: HashMap<UserId, Arc<KnownUser>>,
    by_login: HashMap<String, UserId>,
    token_keys: HashMap<String, [u8; 32]>,
    /// What the tenant's roles may do.
    pub(crate) permissions: Arc<[Permission]>,
    /// Position of the last change of users and rights among them.
    pub(crate) identity_position: u64,
    /// `iss` of central's access tokens.
    pub(crate) token_issuer: String,
}

/// A user of the site.
pub(crate) struct KnownUser {
    /// The id that events name.
    pub(crate) id: UserId,
    /// What the user types.
    pub(crate) login: String,
    /// For people.
    pub(crate) name: String,
    /// The password's verifier.
    pub(crate) verifier: Option<String>,
    /// The roles here.
    pub(crate) roles: Arc<[RoleAt]>,
    /// Names the verifier: another password ends sessions and PINs.
    pub(crate) password_tag: String,
}

/// As stored.
#[derive(Serialize, Deserialize)]
struct StoredUsers {
    contact_at: i64,
    sent: NodeUsers,
}

impl KnownUsers {
    /// Reads the stored users, and when central last confirmed them. What the node's key does not unseal counts as absent:
    /// central sends it again.
    pub(super) fn read(log: &Log) -> Option<(KnownUsers, NodeUsers, Timestamp)> {
        let sealed = log.get(KeySpace::Users, &[]).ok()??;
        let opened = log.unseal(KeySpace::Users, &[], &sealed).ok();
        let stored = opened.and_then(|bytes| serde_json::from_slice::<StoredUsers>(&bytes).ok());
        if stored.is_none() {
            tracing::warn!("The stored users do not read; central is asked for them again");
        }
        stored.map(|StoredUsers { contact_at, sent }| (KnownUsers::new(&sent), sent, Timestamp(contact_at)))
    }

    /// Stores what central sent.
    pub(super) async fn store(log: &Log, sent: &NodeUsers, contact_at: Timestamp) -> Result<(), AppendError> {
        let stored = StoredUsers { contact_at: contact_at.0, sent: sent.clone() };
        let bytes = serde_json::to_vec(&stored).map_err(|error| read_only(&error))?;
        let sealed = log.seal(KeySpace::Users, &[], &bytes).map_err(|error| read_only(&error))?;
        if sealed.len() > VALUE_BYTES_MAX {
            return Err(AppendError::TooLarge { what: "bytes of users", got: sealed.len(), max: VALUE_BYTES_MAX });
        }
        log.put(vec![vec![KeyChange::set(KeySpace::Users, Vec::new(), sealed)]]).await
    }

    /// What a later version of central may send and this one does not know grants nothing.
    pub(super) fn new(sent: &NodeUsers) -> KnownUsers {
        let users = sent.users.iter().map(|user| Arc::new(KnownUser::new(user)));
        let by_id: HashMap<UserId, Arc<KnownUser>> = users.map(|user| (user.id, user)).collect();
        KnownUsers {
            by_login: by_id.values().map(|user| (user.login.clone(), user.id)).collect(),
            by_id,
            token_keys: sent.token_keys.keys.iter().filter_map(token_key).collect(),
            permissions: sent.permissions.iter().filter_map(permission).collect(),
            identity_position: sent.identity_position,
            token_issuer: sent.token_issuer.clone(),
        }
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&Arc<KnownUser>> {
        self.by_id.get(&id)
    }

    /// All of them, by id.
    pub(crate) fn all(&self) -> Vec<&Arc<KnownUser>> {
        let mut all: Vec<_> = self.by_id.values().collect();
        all.sort_by_key(|user| user.id.uuid());
        all
    }

    pub(crate) fn with_login(&self, login: &str) -> Option<&Arc<KnownUser>> {
        self.by_login.get(login).and_then(|id| self.by_id.get(id))
    }

    pub(crate) fn token_key(&self, kid: &str) -> Option<&[u8; 32]> {
        self.token_keys.get(kid)
    }

    pub(crate) fn count(&self) -> usize {
        self.by_id.len()
    }
}

impl KnownUser {
    fn new(sent: &NodeUser) -> KnownUser {
        let verifier = sent.verifier.as_deref().unwrap_or_default();
        let tag = blake3::derive_key(TAG_CONTEXT, verifier.as_bytes());
        KnownUser {
            id: UserId::new(sent.id),
            login: sent.login.to_lowercase(),
            name: sent.name.clone(),
            verifier: sent.verifier.clone(),
            roles: sent.roles.iter().filter_map(role).collect(),
            password_tag: hex::encode(&tag[..8]),
        }
    }

    /// The roles as they are sent.
    pub(crate) fn role_dtos(&self) -> Vec<RoleDto> {
        let dto = |held: &RoleAt| RoleDto { role: held.role.to_string(), site: held.site.map(SiteId::uuid) };
        self.roles.iter().map(dto).collect()
    }
}

fn role(sent: &RoleDto) -> Option<RoleAt> {
    Some(RoleAt { role: Role::new(&sent.role).ok()?, site: sent.site.map(SiteId::new) })
}

fn permission(sent: &PermissionDto) -> Option<Permission> {
    let name = |text: &Option<String>| text.as_ref().map(Name::new).transpose().ok();
    Some(Permission {
        role: Role::new(&sent.role).ok()?,
        operation: AccessOperation::parse(&sent.operation)?,
        action: name(&sent.action)?,
        entity_type: name(&sent.entity_type)?,
        scope: AccessScope::parse(&sent.scope)?,
    })
}

fn token_key(sent: &JsonWebKey) -> Option<(String, [u8; 32])> {
    let is_ed25519 = sent.kty == "OKP" && sent.crv == "Ed25519";
    let key = URL_SAFE_NO_PAD.decode(&sent.x).ok()?.try_into().ok()?;
    is_ed25519.then_some((sent.kid.clone(), key))
}

fn read_only(error: &dyn std::fmt::Display) -> AppendError {
    AppendError::ReadOnly { reason: error.to_string() }
}
