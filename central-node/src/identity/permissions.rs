//! The table of roles as rows, as it is now. `*` in a row is `None` in a [`Permission`]. `rights.rs` has its history.

use comptoir_core::access::{AccessOperation, AccessScope, Permission, Role, RoleAt};
use comptoir_core::id::{Name, SiteId, TenantId};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::StoreError;

const ANY: &str = "*";

/// A name, or `*` for any.
pub(crate) fn name_text(name: Option<&Name>) -> &str {
    name.map_or(ANY, Name::as_str)
}

/// Every permission of a tenant, by role.
pub(crate) async fn permissions(tx: &Transaction<'_>, tenant: TenantId) -> Result<Vec<Permission>, StoreError> {
    let sql = "select role, operation, action, entity_type, scope from role_permission
               where tenant_id = $1 and to_position is null
               order by role, operation, action, entity_type";
    tx.query(sql, &[&tenant.uuid()]).await?.iter().map(permission).collect()
}

/// The roles of a user.
pub(crate) async fn roles_of(tx: &Transaction<'_>, tenant: TenantId, user: Uuid) -> Result<Vec<RoleAt>, StoreError> {
    let sql = "select role, site_id from user_role
               where tenant_id = $1 and user_id = $2 and to_position is null order by role, site_id";
    tx.query(sql, &[&tenant.uuid(), &user]).await?.iter().map(|row| role_at(row.try_get(0)?, row.try_get(1)?)).collect()
}

/// The permissions of a user's roles.
pub(super) async fn permissions_of(
    tx: &Transaction<'_>,
    tenant: TenantId,
    user: Uuid,
) -> Result<Vec<Permission>, StoreError> {
    let sql = "select p.role, p.operation, p.action, p.entity_type, p.scope from role_permission p
               where p.tenant_id = $1 and p.to_position is null
                 and p.role in (select r.role from user_role r
                                where r.tenant_id = $1 and r.user_id = $2 and r.to_position is null)";
    let statement = tx.prepare_cached(sql).await?;
    tx.query(&statement, &[&tenant.uuid(), &user]).await?.iter().map(permission).collect()
}

/// A row of `user_role`; the nil site means every site.
pub(crate) fn role_at(role: &str, site: Uuid) -> Result<RoleAt, StoreError> {
    let role = Role::new(role).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(RoleAt { role, site: (!site.is_nil()).then(|| SiteId::new(site)) })
}

pub(super) fn permission(row: &Row) -> Result<Permission, StoreError> {
    let damaged = |what: String| StoreError::Damaged(format!("a row of role_permission: {what}"));
    let (operation, scope): (&str, &str) = (row.try_get(1)?, row.try_get(4)?);
    let name =
        |text: &str| (text != ANY).then(|| Name::new(text)).transpose().map_err(|error| damaged(error.to_string()));
    Ok(Permission {
        role: Role::new(row.try_get(0)?).map_err(|error| damaged(error.to_string()))?,
        operation: AccessOperation::parse(operation).ok_or_else(|| damaged(format!("operation {operation:?}")))?,
        action: name(row.try_get(2)?)?,
        entity_type: name(row.try_get(3)?)?,
        scope: AccessScope::parse(scope).ok_or_else(|| damaged(format!("scope {scope:?}")))?,
    })
}
