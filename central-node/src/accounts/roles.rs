//! The table of roles: what each may do. A role exists while it may do something.

use comptoir_core::access::AccessOperation;
use comptoir_core::access::Permission;
use comptoir_core::id::{Name, TenantId};

use super::context::Accounts;
use super::error::AccountError;
use super::record::{ChangedBy, IdentityChange, lock_for_change, record};
use crate::database::{self, StoreError};
use crate::identity::permissions::permissions;

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
        self.change_table(tenant, permission, "permission_allowed", by).await
    }

    /// Removes a permission, whatever its scope. Returns whether there was one.
    pub async fn deny(&self, tenant: TenantId, permission: &Permission, by: &ChangedBy) -> Result<bool, AccountError> {
        self.change_table(tenant, permission, "permission_denied", by).await
    }

    async fn change_table(
        &self,
        tenant: TenantId,
        permission: &Permission,
        word: &str,
        by: &ChangedBy,
    ) -> Result<bool, AccountError> {
        let is_allowed = word == "permission_allowed";
        let Permission { role, operation, action, entity_type, scope } = permission;
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_for_change(&tx, tenant).await?;
        let is_same = |row: &Permission| Permission { scope: *scope, ..row.clone() } == *permission;
        let before = permissions(&tx, tenant).await?.into_iter().find(is_same);
        let changes = match &before {
            Some(row) => !is_allowed || row.scope != *scope,
            None => is_allowed,
        };
        if !changes {
            return Ok(false);
        }
        let name = |name: &Option<Name>| name.as_ref().map(|name| name.as_str().to_owned());
        let mut change = IdentityChange::new("ROLE", role.to_string(), word)
            .with("role", role.as_str())
            .with("operation", operation.as_str())
            .with("action", name(action))
            .with("entity_type", name(entity_type));
        if is_allowed {
            change = change.with("scope", scope.as_str());
        }
        record(&tx, tenant, vec![change], by, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(true)
    }
}
