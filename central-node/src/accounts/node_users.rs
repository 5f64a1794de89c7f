//! The users whom a node authenticates without contact with central.

use std::collections::BTreeMap;

use comptoir_core::access::{AccessOperation, Permission, RoleAt, allows_somewhere};
use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use uuid::Uuid;

use super::context::Accounts;
use super::error::AccountError;
use crate::database::{self, StoreError};
use crate::event_store::tenant_head;
use crate::identity::PublishedKey;
use crate::identity::permissions::{permissions, role_at};

/// A user who may log in at a site's nodes.
#[derive(Clone, PartialEq, Eq)]
pub struct SiteUser {
    /// The id that events name.
    pub id: Uuid,
    /// What the user types.
    pub login: String,
    /// For people.
    pub name: String,
    /// The password's verifier; `None` until the user has a password.
    pub verifier: Option<String>,
    /// The roles at that site or at every site.
    pub roles: Vec<RoleAt>,
}

/// The users of a site, as of a position.
pub struct SiteUsers {
    /// The position of the last change of a user, a role or a permission.
    pub identity_position: Position,
    /// By id.
    pub users: Vec<SiteUser>,
    /// What the tenant's roles may do.
    pub permissions: Vec<Permission>,
    /// `iss` of access tokens.
    pub token_issuer: String,
    /// The keys of access tokens.
    pub token_keys: Vec<PublishedKey>,
}

impl Accounts {
    /// The enabled users with a role at the site or at every site, without those who may administer the tenant: the verifier of
    /// an administrator's password must not lie on the disk of a till.
    pub async fn site_users(&self, tenant: TenantId, site: Option<SiteId>) -> Result<SiteUsers, AccountError> {
        let token_keys = self.published_keys().await?;
        let mut connection = self.database.service().await?;
        // One snapshot: rights of a later position under an earlier number would be judged by the wrong ones.
        let tx = database::begin_snapshot(&mut connection, tenant).await?;
        let head = tenant_head(&tx, tenant).await?.ok_or(AccountError::NoTenant(tenant))?;
        let permissions = permissions(&tx, tenant).await?;
        let mut roles = roles_by_user(&tx, tenant).await?;
        let sql = "select user_id, login, name, verifier from app_user
                   where tenant_id = $1 and disabled_at is null and erased_at is null order by user_id";
        let rows = tx.query(sql, &[&tenant.uuid()]).await.map_err(StoreError::from)?;
        let mut users = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut user = site_user(row)?;
            let held = roles.remove(&user.id).unwrap_or_default();
            if allows_somewhere(&permissions, &held, AccessOperation::Administer) {
                continue;
            }
            user.roles = held.into_iter().filter(|held| held.site.is_none() || held.site == site).collect();
            if !user.roles.is_empty() {
                users.push(user);
            }
        }
        let (identity_position, token_issuer) = (head.identity_position, self.issuer.clone());
        Ok(SiteUsers { identity_position, users, permissions, token_issuer, token_keys })
    }
}

fn site_user(row: &Row) -> Result<SiteUser, StoreError> {
    let text = |column: usize| Ok::<_, StoreError>(row.try_get::<_, Option<String>>(column)?.unwrap_or_default());
    Ok(SiteUser { id: row.try_get(0)?, login: text(1)?, name: text(2)?, verifier: row.try_get(3)?, roles: Vec::new() })
}

async fn roles_by_user(tx: &Transaction<'_>, tenant: TenantId) -> Result<BTreeMap<Uuid, Vec<RoleAt>>, StoreError> {
    let sql = "select user_id, role, site_id from user_role
               where tenant_id = $1 and to_position is null order by user_id, role, site_id";
    let mut roles: BTreeMap<Uuid, Vec<RoleAt>> = BTreeMap::new();
    for row in &tx.query(sql, &[&tenant.uuid()]).await? {
        roles.entry(row.try_get(0)?).or_default().push(role_at(row.try_get(1)?, row.try_get(2)?)?);
    }
    Ok(roles)
}
