//! One-time codes with which a user sets a password: `cpl_<tenant>_<secret>`. Nobody else learns the password, and no user has a
//! default one.

use comptoir_core::id::{TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use deadpool_postgres::Transaction;

use super::context::Accounts;
use super::error::AccountError;
use super::logins::{end_logins, lock_logins};
use super::record::{ChangedBy, IdentityChange, lock_for_change, record};
use super::secrets::{read_secret, secret_text};
use crate::database::{self, Micros, StoreError};
use crate::identity::password;

/// How long a code is valid.
pub const LINK_HOURS: i64 = 48;
const PREFIX: &str = "cpl";

/// A code, shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeLink {
    /// What the user sends with the password.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl OneTimeLink {
    /// The path that opens the page for the password. The code is in the fragment, which a browser sends to nobody.
    pub fn path(&self) -> String {
        format!("{}#{}", comptoir_proto::paths::SETUP_PAGE, self.code)
    }
}

impl std::fmt::Debug for OneTimeLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OneTimeLink(until {})", instant::format(self.expires_at))
    }
}

pub(super) fn link_issued(user: UserId, link: &OneTimeLink) -> IdentityChange {
    IdentityChange::of_user(user, "link_issued").with("until", instant::format(link.expires_at))
}

impl Accounts {
    /// Issues a code, which replaces an earlier one.
    pub(super) async fn issue_link(
        &self,
        tx: &Transaction<'_>,
        tenant: TenantId,
        user: UserId,
        now: Timestamp,
    ) -> Result<OneTimeLink, AccountError> {
        let expires_at = now.shifted(LINK_HOURS * 3_600 * 1_000_000);
        let secret = self.link_secret(tenant, user, expires_at);
        let sql = "insert into one_time_link (tenant_id, user_id, code_hash, expires_at) values ($1, $2, $3, $4)
                   on conflict (tenant_id, user_id) do update
                   set code_hash = excluded.code_hash, expires_at = excluded.expires_at";
        let hash = blake3::hash(&secret);
        tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &hash.as_bytes().as_slice(), &Micros(expires_at)])
            .await
            .map_err(StoreError::from)?;
        Ok(OneTimeLink { code: secret_text(PREFIX, tenant, &secret), expires_at })
    }

    /// The user's code, if one is valid: central shows the first administrator's at each start until it is used, and writes
    /// nothing for that. Right after a restore, before its window is open, central must not write.
    pub async fn valid_link(&self, tenant: TenantId, user: UserId) -> Result<Option<OneTimeLink>, AccountError> {
        let sql = "select expires_at, code_hash from one_time_link
                   where tenant_id = $1 and user_id = $2 and expires_at > $3";
        let connection = self.database.service().await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&tenant.uuid(), &user.uuid(), &Micros(self.now())];
        let Some(row) = database::query_opt(connection, tenant, sql, &parameters).await? else { return Ok(None) };
        let read = || -> Result<(Micros, Vec<u8>), tokio_postgres::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        let (Micros(expires_at), stored) = read().map_err(StoreError::from)?;
        let secret = self.link_secret(tenant, user, expires_at);
        let is_own = blake3::hash(&secret).as_bytes().as_slice() == stored;
        Ok(is_own.then(|| OneTimeLink { code: secret_text(PREFIX, tenant, &secret), expires_at }))
    }

    /// 256 bits that nobody can guess without central's key.
    fn link_secret(&self, tenant: TenantId, user: UserId, expires_at: Timestamp) -> [u8; 32] {
        let bytes = [user.as_bytes().as_slice(), &expires_at.0.to_le_bytes()].concat();
        self.keyed_hash("one-time link", tenant, &bytes)
    }

    /// Sets a password with a code. The code is used up, and other logins of the user end.
    pub async fn set_password(&self, code: &str, new_password: &str) -> Result<(TenantId, UserId), AccountError> {
        let (tenant, secret) = read_secret(PREFIX, code.trim()).ok_or(AccountError::Link)?;
        let now = self.now();
        let hash = blake3::hash(&secret);
        let (user, login, company) = self.user_of_code(tenant, &hash, now).await?.ok_or(AccountError::Link)?;
        // A weak password does not use up the code.
        password::check_strength(new_password, &login, &company)?;
        let verifier = password::verifier_of(new_password).await?;
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_logins(&tx, tenant, user).await?;
        lock_for_change(&tx, tenant).await?;
        // Of two requests at a time, one deletes the row.
        let sql =
            "delete from one_time_link where tenant_id = $1 and user_id = $2 and code_hash = $3 and expires_at > $4";
        let used = tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &hash.as_bytes().as_slice(), &Micros(now)]).await;
        if used.map_err(StoreError::from)? == 0 {
            return Err(AccountError::Link);
        }
        let sql = "update app_user set verifier = $3 where tenant_id = $1 and user_id = $2 and disabled_at is null";
        let set = tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &verifier]).await.map_err(StoreError::from)?;
        if set == 0 {
            return Err(AccountError::Link);
        }
        end_logins(&tx, tenant, user, "password set", now).await?;
        let change = IdentityChange::of_user(user, "password_set");
        record(&tx, tenant, vec![change], &ChangedBy::User(user), now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok((tenant, user))
    }

    async fn user_of_code(
        &self,
        tenant: TenantId,
        hash: &blake3::Hash,
        now: Timestamp,
    ) -> Result<Option<(UserId, String, String)>, AccountError> {
        let sql = "select u.user_id, u.login, t.name from one_time_link l
                   join app_user u on u.tenant_id = l.tenant_id and u.user_id = l.user_id
                   join tenant t on t.tenant_id = l.tenant_id
                   where l.tenant_id = $1 and l.code_hash = $2 and l.expires_at > $3 and u.disabled_at is null";
        let connection = self.database.service().await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&tenant.uuid(), &hash.as_bytes().as_slice(), &Micros(now)];
        let row = database::query_opt(connection, tenant, sql, &parameters).await?;
        let read = |row: tokio_postgres::Row| Ok((UserId::new(row.try_get(0)?), row.try_get(1)?, row.try_get(2)?));
        Ok(row.map(read).transpose().map_err(|error: tokio_postgres::Error| StoreError::from(error))?)
    }
}
