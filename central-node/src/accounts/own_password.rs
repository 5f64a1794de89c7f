//! A user changes the own password, with the old one.

use comptoir_core::id::TenantId;

use super::attempts;
use super::context::{Accounts, ClientAddress};
use super::error::AccountError;
use super::logins::{end_other_logins, lock_logins};
use super::record::{ChangedBy, IdentityChange, lock_for_change, record};
use crate::database::{self, StoreError};
use crate::identity::{UserAccess, password};

impl Accounts {
    /// Changes the password of a user who is logged in. The user's other logins end: somebody who knew the old password is
    /// out. A wrong old password counts as a failed login, so that a stolen access token is of no use for guessing it.
    pub async fn change_password(
        &self,
        tenant: TenantId,
        user: &UserAccess,
        (old, new): (&str, &str),
        address: ClientAddress,
    ) -> Result<(), AccountError> {
        let now = self.now();
        let (login, company) = self.login_and_company(tenant, user).await?;
        // First, since nothing about the old password follows from it.
        password::check_strength(new, &login, &company)?;
        let account = self.keyed_hash("login", tenant, login.as_bytes());
        let address = address.map(|ip| self.keyed_hash("address", tenant, ip.to_string().as_bytes()));
        let (found, verifier, locks) = self.begin_attempt(tenant, &login, &account, address.as_ref(), now).await?;
        let old_verifier = verifier.clone();
        if !password::matches(verifier, old).await? || found != Some(user.user) {
            if locks {
                self.record_lock(tenant, found, now).await?;
            }
            return Err(AccountError::LoginFailed);
        }
        let verifier = password::verifier_of(new).await?;
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_logins(&tx, tenant, user.user).await?;
        lock_for_change(&tx, tenant).await?;
        attempts::forget(&tx, tenant, &account).await?;
        if let Some(address) = &address {
            attempts::subtract(&tx, tenant, address, now).await?;
        }
        // The password may have been reset, or the user disabled, while it was compared.
        let sql = "update app_user set verifier = $3
                   where tenant_id = $1 and user_id = $2 and verifier = $4 and disabled_at is null";
        let set = tx.execute(sql, &[&tenant.uuid(), &user.user.uuid(), &verifier, &old_verifier]).await;
        if set.map_err(StoreError::from)? == 0 {
            return Err(AccountError::LoginFailed);
        }
        end_other_logins(&tx, tenant, (user.user, user.login), "password changed", now).await?;
        let change = IdentityChange::of_user(user.user, "password_set");
        record(&tx, tenant, vec![change], &ChangedBy::User(user.user), now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn login_and_company(&self, tenant: TenantId, user: &UserAccess) -> Result<(String, String), AccountError> {
        let sql = "select u.login, t.name from app_user u join tenant t on t.tenant_id = u.tenant_id
                   where u.tenant_id = $1 and u.user_id = $2 and u.login is not null";
        let connection = self.database.service().await?;
        let row = database::query_opt(connection, tenant, sql, &[&tenant.uuid(), &user.user.uuid()]).await?;
        let row = row.ok_or(AccountError::Reauthenticate)?;
        let read = || -> Result<(String, String), tokio_postgres::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        Ok(read().map_err(StoreError::from)?)
    }
}
