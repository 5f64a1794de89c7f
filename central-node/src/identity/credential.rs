//! The credential of a request.

use std::sync::Arc;

use comptoir_core::access::{AccessRequest, Permission, RoleAt, allows};
use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::key_text::{KeyTextError, PREFIX};
use uuid::Uuid;

use super::access_token::{self, TokenError};
use super::keys::PresentedKey;
use super::{permissions, token_keys};
use crate::database::{self, Database, Micros, StoreError};

/// An authenticated key or access token: its tenant and its rights.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    /// The only tenant that the credential may read and write.
    pub tenant: TenantId,
    /// The key's id, or the user's, for lists and refusals.
    pub key_id: String,
    /// The credential's rights.
    pub access: Access,
    /// Whether it is the key of a revoked node: it may only hand over what the node has.
    pub is_revoked: bool,
}

/// What a credential may do.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// A person's access token: the person's roles decide.
    User(Arc<UserAccess>),
}

/// A person with a valid access token, and the rights that the person has now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserAccess {
    /// The user's id, which events name.
    pub user: UserId,
    /// The login that the token belongs to.
    pub login: Uuid,
    /// The device that the token was issued to, as it names itself.
    pub device: Option<String>,
    /// The user's roles, read for this request: a role that was removed gives no rights, whatever the token says.
    pub roles: Vec<RoleAt>,
    permissions: Vec<Permission>,
}

impl UserAccess {
    /// Whether the user may do this.
    pub fn allows(&self, request: &AccessRequest<'_>) -> bool {
        allows(&self.permissions, &self.roles, request)
    }

    /// What the user's roles may do.
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// The sites of the user's roles; empty if the user has all roles at every site.
    pub fn sites(&self) -> Vec<SiteId> {
        let mut sites: Vec<SiteId> = self.roles.iter().filter_map(|held| held.site).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }
}

impl Credential {
    /// The node, if this is a node's key.
    pub fn node(&self) -> Option<NodeId> {
        match self.access {
            Access::Node { node, .. } => Some(node),
            Access::Admin | Access::User(_) => None,
        }
    }

    /// The person, if this is an access token.
    pub fn user(&self) -> Option<&UserAccess> {
        match &self.access {
            Access::User(user) => Some(user),
            Access::Node { .. } | Access::Admin => None,
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
    /// The access token was valid: the client refreshes it.
    #[error("the access token has expired: refresh it at /api/v1/auth/refresh")]
    Expired,
    /// The lookup failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks up the credential of an `Authorization` header: a key, or an access token of this issuer.
pub(crate) async fn authenticate(
    db: &Database,
    issuer: &str,
    now: Timestamp,
    authorization: Option<&str>,
) -> Result<Credential, AuthError> {
    let parts = authorization.and_then(|header| header.split_once(' '));
    let bearer = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer")).map(|(_, text)| text.trim());
    match bearer {
        Some(token) if access_token::is_jwt(token) => user_of(db, issuer, now, token).await,
        Some(text) if text.starts_with(PREFIX) => {
            holder_of(db, PresentedKey::read(text).map_err(AuthError::Mistyped)?).await
        }
        Some(_) | None => Err(AuthError::Unknown),
    }
}

/// The user of an access token. The token says who; what the user may do is read from the rows, so that disabling a user,
/// ending a login or removing a role takes effect with the next request.
async fn user_of(db: &Database, issuer: &str, now: Timestamp, token: &str) -> Result<Credential, AuthError> {
    let refused = |error: TokenError| match error {
        TokenError::Expired => AuthError::Expired,
        TokenError::Invalid(reason) => {
            tracing::info!(reason, "an access token was refused");
            AuthError::Unknown
        }
    };
    let kid = access_token::kid_of(token).map_err(refused)?;
    let key = token_keys::public_key(db, &kid, now).await?.ok_or(AuthError::Unknown)?;
    let claims = access_token::verify(token, &key, issuer, now).map_err(refused)?;
    let tenant = TenantId::new(claims.tenant);
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select from app_user u
               join refresh_family f on f.tenant_id = u.tenant_id and f.user_id = u.user_id
               where u.tenant_id = $1 and u.user_id = $2 and u.disabled_at is null
                 and f.family_id = $3 and f.ended_at is null and f.expires_at > $4";
    let statement = tx.prepare_cached(sql).await.map_err(StoreError::from)?;
    let active = tx.query_opt(&statement, &[&tenant.uuid(), &claims.sub, &claims.sid, &Micros(now)]).await;
    active.map_err(StoreError::from)?.ok_or(AuthError::Unknown)?;
    let user = UserAccess {
        user: UserId::new(claims.sub),
        login: claims.sid,
        device: claims.device,
        roles: permissions::roles_of(&tx, tenant, claims.sub).await?,
        permissions: permissions::permissions_of(&tx, tenant, claims.sub).await?,
    };
    let (key_id, access) = (claims.sub.to_string(), Access::User(Arc::new(user)));
    Ok(Credential { tenant, key_id, access, is_revoked: false })
}

async fn holder_of(db: &Database, key: PresentedKey) -> Result<Credential, AuthError> {
    let connection = db.service().await?;
    let sql = "select k.secret_hash, k.scope, k.node_id, n.site_id, n.revoked_at is not null as is_revoked
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
    let is_revoked = row.try_get("is_revoked").map_err(column)?;
    Ok(Credential { tenant: key.tenant, key_id: key.key_id, access, is_revoked })
}
