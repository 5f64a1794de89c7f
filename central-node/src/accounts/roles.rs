//! The table of roles: what each may do. A role exists while it may do something.

use comptoir_core::access::AccessOperation;
use comptoir_core::access::Permission;
use comptoir_core::id::TenantId;

use super::context::Accounts;
use super::error::AccountError;
use super::record::{ChangedBy, IdentityChange, record};
use crate::database::{self, StoreError};
use crate::identity::permissions::{name_text, permissions};

impl Accounts {
    /// Every permission of a tenant, by role.
    pub async fn permissions(&self, tenant: TenantId) -> Result<Vec<Permission>, AccountError> {
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        Ok(permissions(&tx, tenant).await?)
    }

    /// Adds a permission, or changes its scope. Returns whether anything changed.
    pub async fn allow(&self, tenant: TenantId, permission: &Permission, by: &ChangedBy) -> Result<bool, AccountError> {
        if permission.action.is_some() && permission.operation != AccessOperation::Record {
            let detail = format!("{} has no action; only record has one", permission.operation.as_str());
            return Err(AccountError::Permission(detail));
        }
        let sql = "insert into role_permission as p (tenant_id, role, operation, action, entity_type, scope)
                   values ($1, $2, $3, $4, $5, $6)
                   on conflict (tenant_id, role, operation, action, entity_type) do update set scope = excluded.scope
                   where p.scope <> excluded.scope";
        self.change_table(tenant, permission, "permission_allowed", sql, true, by).await
    }

    /// Removes a permission, whatever its scope. Returns whether there was one.
    pub async fn deny(&self, tenant: TenantId, permission: &Permission, by: &ChangedBy) -> Result<bool, AccountError> {
        let sql = "delete from role_permission
                   where tenant_id = $1 and role = $2 and operation = $3 and action = $4 and entity_type = $5";
        self.change_table(tenant, permission, "permission_denied", sql, false, by).await
    }

    async fn change_table(
        &self,
        tenant: TenantId,
        permission: &Permission,
        word: &str,
        sql: &str,
        has_scope: bool,
        by: &ChangedBy,
    ) -> Result<bool, AccountError> {
        let Permission { role, operation, action, entity_type, scope } = permission;
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let tenant_column = tenant.uuid();
        let (role, operation, scope) = (role.as_str(), operation.as_str(), scope.as_str());
        let (action_text, type_text) = (name_text(action.as_ref()), name_text(entity_type.as_ref()));
        let mut parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            vec![&tenant_column, &role, &operation, &action_text, &type_text];
        if has_scope {
            parameters.push(&scope);
        }
        if tx.execute(sql, &parameters).await.map_err(StoreError::from)? == 0 {
            return Ok(false);
        }
        let name = |name: &Option<comptoir_core::id::Name>| name.as_ref().map(|name| name.as_str().to_owned());
        let mut change = IdentityChange::new("ROLE", role.to_owned(), word)
            .with("role", role)
            .with("operation", operation)
            .with("action", name(action))
            .with("entity_type", name(entity_type));
        if has_scope {
            change = change.with("scope", scope);
        }
        record(&tx, tenant, vec![change], by, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(true)
    }
}
