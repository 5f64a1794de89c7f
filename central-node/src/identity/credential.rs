//! The credential of a request.

use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_proto::key_text::{KeyTextError, PREFIX};
use uuid::Uuid;

use super::keys::PresentedKey;
use crate::database::{self, Database, StoreError};

/// An authenticated key: its tenant and its rights.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    /// The only tenant that the credential may read and write.
    pub tenant: TenantId,
    /// The key's id, for lists and refusals.
    pub key_id: String,
    /// The credential's rights.
    pub access: Access,
}

/// What a credential may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A node's key: pushes the node's log, and acts for its site.
    Node {
        /// The node's id.
        node: NodeId,
        /// The node's site.
        site: Option<SiteId>,
    },
    /// An administrator's token: acts for central.
    Admin,
}

impl Credential {
    /// The node, if this is a node's key.
    pub fn node(&self) -> Option<NodeId> {
        match self.access {
            Access::Node { node, .. } => Some(node),
            Access::Admin => None,
        }
    }
}

/// Why a request has no credential.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The credential is missing, unknown, expired or revoked; the response does not say which.
    #[error("no valid credential: send `Authorization: Bearer <key>`")]
    Unknown,
    /// The text cannot be a key of any tenant, so nothing was looked up.
    #[error("no valid credential: {0}")]
    Mistyped(KeyTextError),
    /// The lookup failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks up the credential of an `Authorization` header.
pub async fn authenticate(db: &Database, authorization: Option<&str>) -> Result<Credential, AuthError> {
    let parts = authorization.and_then(|header| header.split_once(' '));
    let bearer = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer")).map(|(_, key)| key);
    let bearer = bearer.map(str::trim).filter(|text| text.starts_with(PREFIX)).ok_or(AuthError::Unknown)?;
    let key = PresentedKey::read(bearer).map_err(AuthError::Mistyped)?;
    let connection = db.service().await?;
    let sql = "select k.secret_hash, k.scope, k.node_id, n.site_id
               from api_key k left join node n on n.tenant_id = k.tenant_id and n.node_id = k.node_id
               where k.tenant_id = $1 and k.key_id = $2 and k.revoked_at is null
                 and (k.expires_at is null or k.expires_at > now())";
    let tenant = key.tenant.uuid();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&tenant, &key.key_id];
    let row = database::query_opt(connection, key.tenant, sql, &parameters).await?.ok_or(AuthError::Unknown)?;
    let column = |error| AuthError::Store(StoreError::from(error));
    if !key.matches(row.try_get::<_, &[u8]>("secret_hash").map_err(column)?) {
        return Err(AuthError::Unknown);
    }
    let node: Option<Uuid> = row.try_get("node_id").map_err(column)?;
    let site: Option<Uuid> = row.try_get("site_id").map_err(column)?;
    let access = match (row.try_get("scope").map_err(column)?, node) {
        ("admin", _) => Access::Admin,
        ("node", Some(node)) => Access::Node { node: NodeId::new(node), site: site.map(SiteId::new) },
        (scope, _) => return Err(StoreError::Damaged(format!("key {} has scope {scope}", key.key_id)).into()),
    };
    Ok(Credential { tenant: key.tenant, key_id: key.key_id, access })
}
