//! Rights with their history, as rows. The rows follow from `IDENTITY_CHANGED` events: [`apply_change`] runs in the transaction
//! that records the event, under the tenant's lock, with the event's position.

use comptoir_core::access::{Permission, RoleAt, default_permissions};
use comptoir_core::id::{Name, SiteId, TenantId, UserId};
use comptoir_core::position::Position;
use comptoir_core::rights::{RightsChange, RightsHistory, RightsPeriod};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::permissions::{name_text, permission, role_at};
use crate::database::{Micros, StoreError, as_bigint, natural};

/// Changes the rows as an event at this position says.
pub(crate) async fn apply_change(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (at, now): (Position, Timestamp),
    change: &RightsChange,
) -> Result<(), StoreError> {
    let at = as_bigint(at.0);
    match change {
        // The event records the rows with which the same transaction created the tenant.
        RightsChange::TenantCreated(_) => Ok(()),
        RightsChange::UserCreated(user) => {
            let sql = "update app_user set created_position = $3 where tenant_id = $1 and user_id = $2";
            execute(tx, sql, &[&tenant.uuid(), &user.uuid(), &at]).await
        }
        RightsChange::UserDisabled(user) => disable(tx, tenant, *user, at).await,
        RightsChange::UserEnabled(user) => {
            let sql = "update user_disabling set to_position = $3
                       where tenant_id = $1 and user_id = $2 and to_position is null";
            execute(tx, sql, &[&tenant.uuid(), &user.uuid(), &at]).await
        }
        RightsChange::UserErased(user) => {
            let sql = "update user_role set to_position = $3
                       where tenant_id = $1 and user_id = $2 and to_position is null";
            execute(tx, sql, &[&tenant.uuid(), &user.uuid(), &at]).await?;
            disable(tx, tenant, *user, at).await
        }
        RightsChange::RoleAssigned(user, RoleAt { role, site }) => {
            let sql =
                "insert into user_role (tenant_id, user_id, role, site_id, from_position) values ($1, $2, $3, $4, $5)
                       on conflict (tenant_id, user_id, role, site_id) where to_position is null do nothing";
            execute(tx, sql, &[&tenant.uuid(), &user.uuid(), &role.as_str(), &site_column(*site), &at]).await
        }
        RightsChange::RoleRemoved(user, RoleAt { role, site }) => {
            let sql = "update user_role set to_position = $5
                       where tenant_id = $1 and user_id = $2 and role = $3 and site_id = $4 and to_position is null";
            execute(tx, sql, &[&tenant.uuid(), &user.uuid(), &role.as_str(), &site_column(*site), &at]).await
        }
        RightsChange::PermissionAllowed(permission) => {
            let Permission { role, operation, action, entity_type, scope: _ } = permission;
            let of = (role.as_str(), operation.as_str(), action.as_ref(), entity_type.as_ref());
            end_permission(tx, tenant, of, at).await?;
            insert_permissions(tx, tenant, at, std::slice::from_ref(permission)).await
        }
        RightsChange::PermissionDenied { role, operation, action, entity_type } => {
            let of = (role.as_str(), operation.as_str(), action.as_ref(), entity_type.as_ref());
            end_permission(tx, tenant, of, at).await
        }
        // The same transaction wrote the row of the device.
        RightsChange::DeviceEnrolled(..) => Ok(()),
        RightsChange::NodeRevoked(node) => {
            let sql = "update node set revoked_position = $3, revoked_at = $4
                       where tenant_id = $1 and node_id = $2 and revoked_at is null";
            execute(tx, sql, &[&tenant.uuid(), &node.uuid(), &at, &Micros(now)]).await
        }
    }
}

async fn execute(tx: &Transaction<'_>, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
    tx.execute(sql, parameters).await?;
    Ok(())
}

async fn disable(tx: &Transaction<'_>, tenant: TenantId, user: UserId, at: i64) -> Result<(), StoreError> {
    let sql = "insert into user_disabling (tenant_id, user_id, from_position) values ($1, $2, $3)
               on conflict (tenant_id, user_id) where to_position is null do nothing";
    execute(tx, sql, &[&tenant.uuid(), &user.uuid(), &at]).await
}

async fn end_permission(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (role, operation, action, entity_type): (&str, &str, Option<&Name>, Option<&Name>),
    at: i64,
) -> Result<(), StoreError> {
    let sql = "update role_permission set to_position = $6
               where tenant_id = $1 and role = $2 and operation = $3 and action = $4 and entity_type = $5
                 and to_position is null";
    execute(tx, sql, &[&tenant.uuid(), &role, &operation, &name_text(action), &name_text(entity_type), &at]).await
}

/// Inserts the permissions of a new tenant's roles.
pub(super) async fn insert_defaults(tx: &Transaction<'_>, tenant: TenantId) -> Result<(), StoreError> {
    insert_permissions(tx, tenant, 0, &default_permissions()).await
}

async fn insert_permissions(
    tx: &Transaction<'_>,
    tenant: TenantId,
    at: i64,
    permissions: &[Permission],
) -> Result<(), StoreError> {
    let sql = "insert into role_permission (tenant_id, role, operation, action, entity_type, scope, from_position)
               select h.tenant_id, unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]),
                      unnest($6::text[]), $7::bigint
               from tenant_head h where h.tenant_id = $1";
    let column = |text: fn(&Permission) -> &str| permissions.iter().map(text).collect::<Vec<&str>>();
    let roles = column(|row| row.role.as_str());
    let operations = column(|row| row.operation.as_str());
    let actions = column(|row| name_text(row.action.as_ref()));
    let types = column(|row| name_text(row.entity_type.as_ref()));
    let scopes = column(|row| row.scope.as_str());
    execute(tx, sql, &[&tenant.uuid(), &roles, &operations, &actions, &types, &scopes, &at]).await
}

/// The nil site means every site.
pub(crate) fn site_column(site: Option<SiteId>) -> Uuid {
    site.map_or(Uuid::nil(), SiteId::uuid)
}

/// The rights of a tenant's users at every position. A request of a device names the device's role itself. The caller holds
/// the tenant's lock.
pub(crate) async fn load_history(tx: &Transaction<'_>, tenant: TenantId) -> Result<RightsHistory, StoreError> {
    let key = tenant.uuid();
    let key: [&(dyn ToSql + Sync); 1] = [&key];
    let (users, disabled, roles, permissions) = tokio::try_join!(
        tx.query("select user_id, created_position from app_user where tenant_id = $1", &key),
        tx.query("select user_id, from_position, to_position from user_disabling where tenant_id = $1", &key),
        tx.query("select role, site_id, user_id, from_position, to_position from user_role where tenant_id = $1", &key),
        tx.query(
            "select role, operation, action, entity_type, scope, from_position, to_position
             from role_permission where tenant_id = $1",
            &key
        ),
    )?;
    let mut history = RightsHistory::default();
    for row in &users {
        history.add_user(UserId::new(row.try_get(0)?), Position(natural(row.try_get(1)?)?));
    }
    for row in &disabled {
        history.add_disabled(UserId::new(row.try_get(0)?), period(row, 1)?);
    }
    for row in &roles {
        let held = role_at(row.try_get(0)?, row.try_get(1)?)?;
        history.add_role(UserId::new(row.try_get(2)?), held, period(row, 3)?);
    }
    for row in &permissions {
        history.add_permission(permission(row)?, period(row, 5)?);
    }
    Ok(history)
}

fn period(row: &Row, column: usize) -> Result<RightsPeriod, StoreError> {
    let to: Option<i64> = row.try_get(column + 1)?;
    let to = to.map(natural).transpose()?.map(Position);
    Ok(RightsPeriod { from: Position(natural(row.try_get(column)?)?), to })
}
