//! The credential of a request.

use std::sync::Arc;

use comptoir_core::access::{AccessRequest, Permission, Role, RoleAt, allows};
use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::key_text::{KeyKind, KeyTextError};
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::access_token::{self, AccessClaims, TokenError};
use super::keys::PresentedKey;
use super::{permissions, token_keys, user_device};
use crate::database::{self, Database, Micros, StoreError};

/// A login of a device that ends within a day asks its user to log in again, while there is a network.
const LOGIN_ENDS_SOON_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

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
    /// The device that the token was issued to; `None` for a person at a browser.
    pub device: Option<UserDevice>,
    /// The user's roles, on a device its only one; read for this request: a role that was removed gives no rights, whatever the
    /// token says.
    pub roles: Vec<RoleAt>,
    permissions: Vec<Permission>,
}

/// The device of an access token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserDevice {
    /// The device's own name.
    pub name: String,
    /// Its log.
    pub node: NodeId,
    /// Its one role, at the site of its log.
    pub role: RoleAt,
    /// Whether it was revoked: it may send what it recorded, and nothing else.
    pub is_revoked: bool,
    /// Whether its user has to log in again soon: the login ends within a day, or the device was without contact for longer
    /// than its user may work offline since the login.
    pub needs_login: bool,
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
        Some(text) if text.starts_with(KeyKind::ForCentral.prefix()) => {
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
    let login = login_of(&tx, tenant, &claims, now).await?.ok_or(AuthError::Unknown)?;
    let held = permissions::roles_of(&tx, tenant, claims.sub).await?;
    let roles = match &login.device {
        Some(UserDevice { role, .. }) => user_device::narrowed(&role.role, role.site, held).into_iter().collect(),
        None => held,
    };
    let user = UserAccess {
        user: UserId::new(claims.sub),
        login: claims.sid,
        device: login.device,
        roles,
        permissions: permissions::permissions_of(&tx, tenant, claims.sub).await?,
    };
    let (key_id, access) = (claims.sub.to_string(), Access::User(Arc::new(user)));
    Ok(Credential { tenant, key_id, access, is_revoked: false })
}

/// The login of a token.
struct TokenLogin {
    device: Option<UserDevice>,
}

/// The login that a token names, if it is open, or if it is of a revoked device: that one may still send what it recorded.
async fn login_of(
    tx: &Transaction<'_>,
    tenant: TenantId,
    claims: &AccessClaims,
    now: Timestamp,
) -> Result<Option<TokenLogin>, StoreError> {
    let sql = "select u.disabled_at is null and f.ended_at is null and f.expires_at > $4, f.expires_at,
                      d.role, n.site_id, d.revoked_at is not null,
                      exists (select from device_gap g where g.tenant_id = f.tenant_id and g.node_id = d.node_id
                                                         and g.ended_at > f.created_at)
               from refresh_family f
               join app_user u on u.tenant_id = f.tenant_id and u.user_id = f.user_id
               left join device d on d.tenant_id = f.tenant_id and d.user_id = f.user_id and d.node_id = $5
               left join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
               where f.tenant_id = $1 and f.user_id = $2 and f.family_id = $3";
    let node = claims.device.as_ref().map(|name| user_device::device_node(tenant, name));
    let node_column = node.map(NodeId::uuid);
    let statement = tx.prepare_cached(sql).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&tenant.uuid(), &claims.sub, &claims.sid, &Micros(now), &node_column];
    let Some(row) = tx.query_opt(&statement, &parameters).await? else { return Ok(None) };
    let (is_open, is_revoked): (bool, bool) = (row.try_get(0)?, row.try_get(4)?);
    if !is_open && !is_revoked {
        return Ok(None);
    }
    let (Some(name), Some(node)) = (&claims.device, node) else {
        return Ok(Some(TokenLogin { device: None }));
    };
    // A device that is not enrolled to the user any more.
    let Some(role) = row.try_get::<_, Option<&str>>(2)? else { return Ok(None) };
    let role = Role::new(role).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let site = row.try_get::<_, Option<Uuid>>(3)?.map(SiteId::new);
    let Micros(expires_at) = row.try_get(1)?;
    let needs_login = expires_at < now.shifted(LOGIN_ENDS_SOON_MICROS) || row.try_get(5)?;
    let device = UserDevice { name: name.clone(), node, role: RoleAt { role, site }, is_revoked, needs_login };
    Ok(Some(TokenLogin { device: Some(device) }))
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
