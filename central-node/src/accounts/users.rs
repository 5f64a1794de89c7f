//! Users as rows. An erased user keeps the row and the id, which events name, and nothing else.

use comptoir_core::access::{Role, RoleAt};
use comptoir_core::id::{TenantId, UserId};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::context::Accounts;
use super::error::AccountError;
use super::links::{OneTimeLink, link_issued};
use super::logins::{end_logins, lock_logins};
use super::names::{LOGIN_CHARS_MAX, login_of, name_of};
use super::record::{ChangedBy, IdentityChange, lock_for_change, record};
use super::user_devices::revoke_devices;
use crate::database::{self, Micros, StoreError, as_bigint};
use crate::identity::permissions::{role_at, roles_of};

/// A user to be created.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What the user types to log in; compared without regard to case.
    pub login: String,
    /// The user's name, for people.
    pub name: String,
    /// The user's roles.
    pub roles: Vec<RoleAt>,
}

/// A created user, with the code for the first password.
#[derive(Debug)]
pub struct CreatedUser {
    /// The user's id.
    pub user: UserId,
    /// Sets the password, once.
    pub link: OneTimeLink,
}

/// A user in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserRow {
    /// The user's id.
    pub user: UserId,
    /// What the user types; `None` once erased.
    pub login: Option<String>,
    /// The user's name; `None` once erased.
    pub name: Option<String>,
    /// The user's roles.
    pub roles: Vec<RoleAt>,
    /// Whether a password has been set.
    pub has_password: bool,
    /// When the user was created.
    pub created_at: Timestamp,
    /// Since when the user may not log in.
    pub disabled_at: Option<Timestamp>,
    /// When the name was erased.
    pub erased_at: Option<Timestamp>,
}

impl Accounts {
    /// Creates a user without a password.
    pub async fn create_user(
        &self,
        tenant: TenantId,
        new: &NewUser,
        by: &ChangedBy,
    ) -> Result<CreatedUser, AccountError> {
        let (login, name, now) = (login_of(&new.login)?, name_of(&new.name)?, self.now());
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let created_at = as_bigint(lock_for_change(&tx, tenant).await?.0);
        let user = UserId::new(Uuid::now_v7());
        let sql = "insert into app_user (tenant_id, user_id, login, name, created_at, created_position)
                   values ($1, $2, $3, $4, $5, $6)";
        let inserted = tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &login, &name, &Micros(now), &created_at]).await;
        inserted.map_err(|error| match error.code() {
            Some(&SqlState::UNIQUE_VIOLATION) => AccountError::Exists { tenant, login: login.clone() },
            _ => StoreError::from(error).into(),
        })?;
        let mut changes = vec![IdentityChange::of_user(user, "user_created")];
        for held in each_once(&new.roles) {
            check_role(&tx, tenant, held).await?;
            changes.push(role_change(user, "role_assigned", held));
        }
        let link = self.issue_link(&tx, tenant, user, now).await?;
        changes.push(link_issued(user, &link));
        finish(tx, tenant, changes, by, now).await?;
        Ok(CreatedUser { user, link })
    }

    /// A tenant's users, by login; erased ones last.
    pub async fn users(&self, tenant: TenantId) -> Result<Vec<UserRow>, AccountError> {
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let sql = "select user_id, login, name, verifier is not null, created_at, disabled_at, erased_at
                   from app_user where tenant_id = $1 order by login, user_id";
        let rows = tx.query(sql, &[&tenant.uuid()]).await.map_err(StoreError::from)?;
        let mut users = rows.iter().map(user_row).collect::<Result<Vec<_>, StoreError>>()?;
        let sql = "select user_id, role, site_id from user_role
                   where tenant_id = $1 and to_position is null order by role, site_id";
        for row in &tx.query(sql, &[&tenant.uuid()]).await.map_err(StoreError::from)? {
            let read =
                || -> Result<_, tokio_postgres::Error> { Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)) };
            let (user, role, site): (Uuid, &str, Uuid) = read().map_err(StoreError::from)?;
            if let Some(of) = users.iter_mut().find(|of| of.user.uuid() == user) {
                of.roles.push(role_at(role, site)?);
            }
        }
        Ok(users)
    }

    /// The user of that id or login.
    pub async fn find_user(&self, tenant: TenantId, id_or_login: &str) -> Result<UserRow, AccountError> {
        let wanted = id_or_login.to_lowercase();
        let found = self
            .users(tenant)
            .await?
            .into_iter()
            .find(|row| row.login.as_deref() == Some(wanted.as_str()) || row.user.to_string() == wanted);
        found.ok_or_else(|| AccountError::NoUser { tenant, user: id_or_login.chars().take(LOGIN_CHARS_MAX).collect() })
    }

    /// Changes a user's name.
    pub async fn rename_user(
        &self,
        tenant: TenantId,
        user: UserId,
        name: &str,
        by: &ChangedBy,
    ) -> Result<(), AccountError> {
        let name = name_of(name)?;
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_user(&tx, tenant, user).await?;
        let sql = "update app_user set name = $3 where tenant_id = $1 and user_id = $2 and name is distinct from $3";
        let changed = tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &name]).await.map_err(StoreError::from)?;
        let changes = one_change(changed, user, "user_renamed");
        finish(tx, tenant, changes, by, now).await
    }

    /// Disables a user at once: open logins end. Enabling does not restore them.
    pub async fn set_user_disabled(
        &self,
        tenant: TenantId,
        user: UserId,
        disabled: bool,
        by: &ChangedBy,
    ) -> Result<(), AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_user(&tx, tenant, user).await?;
        let sql = "update app_user set disabled_at = $3
                   where tenant_id = $1 and user_id = $2 and (disabled_at is null) = $4";
        let at = disabled.then_some(Micros(now));
        let changed = tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &at, &disabled]).await;
        if disabled {
            end_logins(&tx, tenant, user, "user disabled", now).await?;
        }
        let word = if disabled { "user_disabled" } else { "user_enabled" };
        let changes = one_change(changed.map_err(StoreError::from)?, user, word);
        finish(tx, tenant, changes, by, now).await
    }

    /// Removes the password, ends all logins, and issues a code for a new password.
    pub async fn reset_user(
        &self,
        tenant: TenantId,
        user: UserId,
        by: &ChangedBy,
    ) -> Result<OneTimeLink, AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_user(&tx, tenant, user).await?;
        let sql = "update app_user set verifier = null where tenant_id = $1 and user_id = $2";
        tx.execute(sql, &[&tenant.uuid(), &user.uuid()]).await.map_err(StoreError::from)?;
        end_logins(&tx, tenant, user, "password reset", now).await?;
        let link = self.issue_link(&tx, tenant, user, now).await?;
        finish(tx, tenant, vec![link_issued(user, &link)], by, now).await?;
        Ok(link)
    }

    /// Erases a person: login, name and password; the roles end and the devices are revoked. The ended logins of devices stay, so
    /// that these can hand over what they recorded. The log stays as it is; its events name the id.
    pub async fn erase_user(&self, tenant: TenantId, user: UserId, by: &ChangedBy) -> Result<(), AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_user(&tx, tenant, user).await?;
        let mut changes = revoke_devices(&tx, tenant, user, now).await?;
        end_logins(&tx, tenant, user, "user erased", now).await?;
        let keys: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&tenant.uuid(), &user.uuid()];
        for sql in [
            "delete from one_time_link where tenant_id = $1 and user_id = $2",
            "delete from device_enrolment where tenant_id = $1 and user_id = $2",
            "delete from refresh_family where tenant_id = $1 and user_id = $2 and device is null",
        ] {
            tx.execute(sql, &keys).await.map_err(StoreError::from)?;
        }
        let sql = "update app_user set login = null, name = null, verifier = null, erased_at = $3,
                          disabled_at = coalesce(disabled_at, $3)
                   where tenant_id = $1 and user_id = $2";
        tx.execute(sql, &[&tenant.uuid(), &user.uuid(), &Micros(now)]).await.map_err(StoreError::from)?;
        changes.push(IdentityChange::of_user(user, "user_erased"));
        finish(tx, tenant, changes, by, now).await
    }

    /// Gives a user these roles and no others.
    pub async fn set_roles(
        &self,
        tenant: TenantId,
        user: UserId,
        roles: &[RoleAt],
        by: &ChangedBy,
    ) -> Result<(), AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_user(&tx, tenant, user).await?;
        let before = roles_of(&tx, tenant, user.uuid()).await?;
        let ended = before.iter().filter(|held| !roles.contains(held));
        let mut changes: Vec<IdentityChange> = ended.map(|held| role_change(user, "role_removed", held)).collect();
        for held in each_once(roles).filter(|held| !before.contains(held)) {
            check_role(&tx, tenant, held).await?;
            changes.push(role_change(user, "role_assigned", held));
        }
        finish(tx, tenant, changes, by, now).await
    }

    /// Gives a user a role, at one site or at every site.
    pub async fn assign_role(
        &self,
        tenant: TenantId,
        user: UserId,
        held: &RoleAt,
        by: &ChangedBy,
    ) -> Result<(), AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_user(&tx, tenant, user).await?;
        check_role(&tx, tenant, held).await?;
        let new = !roles_of(&tx, tenant, user.uuid()).await?.contains(held);
        let changes = new.then(|| role_change(user, "role_assigned", held)).into_iter().collect();
        finish(tx, tenant, changes, by, now).await
    }

    /// Takes a role from a user. It takes effect with the user's next request.
    pub async fn remove_role(
        &self,
        tenant: TenantId,
        user: UserId,
        held: &RoleAt,
        by: &ChangedBy,
    ) -> Result<(), AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_user(&tx, tenant, user).await?;
        let removed = roles_of(&tx, tenant, user.uuid()).await?.contains(held);
        let changes = removed.then(|| role_change(user, "role_removed", held)).into_iter().collect();
        finish(tx, tenant, changes, by, now).await
    }

    /// Whether any user who may log in has a role.
    pub async fn has_user_with(&self, tenant: TenantId, role: &Role) -> Result<bool, AccountError> {
        let users = self.users(tenant).await?;
        Ok(users.iter().any(|row| {
            row.has_password && row.disabled_at.is_none() && row.roles.iter().any(|held| held.role == *role)
        }))
    }
}

/// Locks the user's logins, the tenant, and a user who exists and was not erased.
async fn lock_user(tx: &Transaction<'_>, tenant: TenantId, user: UserId) -> Result<(), AccountError> {
    lock_logins(tx, tenant, user).await?;
    lock_for_change(tx, tenant).await?;
    let sql = "select erased_at is not null from app_user where tenant_id = $1 and user_id = $2 for update";
    let row = tx.query_opt(sql, &[&tenant.uuid(), &user.uuid()]).await.map_err(StoreError::from)?;
    let row = row.ok_or_else(|| AccountError::NoUser { tenant, user: user.to_string() })?;
    if row.try_get(0).map_err(StoreError::from)? {
        return Err(AccountError::Erased(user));
    }
    Ok(())
}

/// Records what changed, and commits.
async fn finish(
    tx: Transaction<'_>,
    tenant: TenantId,
    changes: Vec<IdentityChange>,
    by: &ChangedBy,
    now: Timestamp,
) -> Result<(), AccountError> {
    if !changes.is_empty() {
        record(&tx, tenant, changes, by, now).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

fn one_change(changed: u64, user: UserId, word: &str) -> Vec<IdentityChange> {
    (changed > 0).then(|| IdentityChange::of_user(user, word)).into_iter().collect()
}

fn role_change(user: UserId, word: &str, held: &RoleAt) -> IdentityChange {
    let site = held.site.map(|site| site.to_string());
    IdentityChange::of_user(user, word).with("role", held.role.as_str()).with("site", site)
}

fn each_once(roles: &[RoleAt]) -> impl Iterator<Item = &RoleAt> {
    roles.iter().enumerate().filter(|(at, held)| !roles[..*at].contains(held)).map(|(_, held)| held)
}

/// Refuses an unknown site or role.
async fn check_role(tx: &Transaction<'_>, tenant: TenantId, held: &RoleAt) -> Result<(), AccountError> {
    if let Some(site) = held.site {
        let sql = "select from site where tenant_id = $1 and site_id = $2";
        let known = tx.query_opt(sql, &[&tenant.uuid(), &site.uuid()]).await.map_err(StoreError::from)?;
        known.ok_or(AccountError::NoSite { tenant, site })?;
    }
    // A misspelt role would give no rights and no error.
    let sql = "select from role_permission where tenant_id = $1 and role = $2 and to_position is null limit 1";
    let known = tx.query_opt(sql, &[&tenant.uuid(), &held.role.as_str()]).await.map_err(StoreError::from)?;
    let unknown = || format!("there is no role {}: allow it something first (comptoir admin role allow)", held.role);
    known.ok_or_else(|| AccountError::Permission(unknown()))?;
    Ok(())
}

fn user_row(row: &Row) -> Result<UserRow, StoreError> {
    let time = |at: Option<Micros>| at.map(|Micros(at)| at);
    Ok(UserRow {
        user: UserId::new(row.try_get(0)?),
        login: row.try_get(1)?,
        name: row.try_get(2)?,
        roles: Vec::new(),
        has_password: row.try_get(3)?,
        created_at: row.try_get::<_, Micros>(4)?.0,
        disabled_at: time(row.try_get(5)?),
        erased_at: time(row.try_get(6)?),
    })
}
