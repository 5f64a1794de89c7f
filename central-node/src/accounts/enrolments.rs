//! A user's device enrols itself with a one-time code: `cpe_<tenant>_<secret>`, for one user, one site and one role. The
//! device makes its key pair; central keeps the public half.
//!
//! A user has at most three active devices: each takes one of three slots, and a unique index lets no two take the same one.

use comptoir_core::access::Role;
use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::device_proofs::enrolment_text;
use comptoir_proto::instant;
use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::context::Accounts;
use super::error::AccountError;
use super::logins::lock_logins;
use super::names::{device_of, name_of};
use super::record::{ChangedBy, IdentityChange, lock_for_change, record};
use super::secrets::{random_secret, read_secret, secret_text};
use super::user_devices::{active_devices, lock_device, revoke_locked};
use crate::database::{self, Micros, StoreError};
use crate::identity::permissions::roles_of;
use crate::identity::user_device::{device_node, enrolled_device, is_signed, narrowed};

/// How long a code is valid.
pub const ENROLMENT_HOURS: i64 = 48;
const PREFIX: &str = "cpe";
const SLOTS: i16 = 3;

/// A code, shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// What the device sends with its key.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Enrolment(until {})", instant::format(self.expires_at))
    }
}

/// A device that enrols itself.
#[derive(Clone)]
pub struct EnrolRequest {
    /// The code.
    pub code: String,
    /// The device's own name.
    pub name: String,
    /// What people call it.
    pub label: Option<String>,
    /// The device's public key in hex.
    pub public_key: String,
    /// Its signature over [`enrolment_text`].
    pub proof: String,
    /// The device of the same user that is revoked in its favour.
    pub replaces: Option<NodeId>,
}

/// An enrolled device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enrolled {
    /// The device's log.
    pub node: NodeId,
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device's site.
    pub site: SiteId,
    /// Its role.
    pub role: Role,
}

/// A code as stored.
struct IssuedCode {
    user: UserId,
    site: SiteId,
    role: Role,
    expires_at: Timestamp,
    used_by: Option<NodeId>,
}

impl Accounts {
    /// Issues a code with which the user enrols one device.
    pub async fn issue_enrolment(
        &self,
        tenant: TenantId,
        user: UserId,
        (site, role): (SiteId, &Role),
        by: &ChangedBy,
    ) -> Result<Enrolment, AccountError> {
        let now = self.now();
        let expires_at = now.shifted(ENROLMENT_HOURS * 3_600 * 1_000_000);
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_for_change(&tx, tenant).await?;
        match lock_user_state(&tx, tenant, user).await? {
            Some(UserState::Enabled) => {}
            Some(UserState::Disabled) => return Err(AccountError::Disabled(user)),
            Some(UserState::Erased) => return Err(AccountError::Erased(user)),
            None => return Err(AccountError::NoUser { tenant, user: user.to_string() }),
        }
        let sql = "select from site where tenant_id = $1 and site_id = $2";
        let known = tx.query_opt(sql, &[&tenant.uuid(), &site.uuid()]).await.map_err(StoreError::from)?;
        known.ok_or(AccountError::NoSite { tenant, site })?;
        let held = narrowed(role, Some(site), roles_of(&tx, tenant, user.uuid()).await?);
        held.ok_or_else(|| AccountError::RoleNotHeld { role: role.to_string(), site })?;
        let secret = random_secret()?;
        let sql = "delete from device_enrolment where tenant_id = $1 and expires_at < $2";
        tx.execute(sql, &[&tenant.uuid(), &Micros(now)]).await.map_err(StoreError::from)?;
        let sql = "insert into device_enrolment (tenant_id, code_hash, user_id, site_id, role, expires_at)
                   values ($1, $2, $3, $4, $5, $6)";
        let hash = blake3::hash(&secret);
        let columns: [&(dyn ToSql + Sync); 6] = [
            &tenant.uuid(),
            &hash.as_bytes().as_slice(),
            &user.uuid(),
            &site.uuid(),
            &role.as_str(),
            &Micros(expires_at),
        ];
        tx.execute(sql, &columns).await.map_err(StoreError::from)?;
        let change = IdentityChange::of_user(user, "enrolment_issued")
            .with("role", role.as_str())
            .with("site", site.to_string())
            .with("until", instant::format(expires_at));
        record(&tx, tenant, vec![change], by, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Enrolment { code: secret_text(PREFIX, tenant, &secret), expires_at })
    }

    /// Enrols a device. The same request again, after a lost answer, is answered in the same way.
    pub async fn enrol(&self, request: &EnrolRequest) -> Result<Enrolled, AccountError> {
        let name = device_of(&request.name)?;
        let label = request.label.as_deref().map(name_of).transpose()?;
        let mut public_key = [0u8; 32];
        hex::decode_to_slice(&request.public_key, &mut public_key).map_err(|_| AccountError::EnrolmentProof)?;
        let text = enrolment_text(&request.code, name, &request.public_key);
        if !is_signed(&public_key, &text, &request.proof) {
            return Err(AccountError::EnrolmentProof);
        }
        let (tenant, secret) = read_secret(PREFIX, &request.code).ok_or(AccountError::Enrolment)?;
        let hash = blake3::hash(&secret);
        let (now, node) = (self.now(), device_node(tenant, name));
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let code = lock_code(&tx, tenant, &hash).await?.ok_or(AccountError::Enrolment)?;
        let enrolled = Enrolled { node, tenant, user: code.user, site: code.site, role: code.role.clone() };
        if let Some(used_by) = code.used_by {
            let own =
                enrolled_device(&tx, tenant, name).await?.filter(|own| own.has_key(&public_key) && !own.is_revoked);
            return if used_by == node && own.is_some() { Ok(enrolled) } else { Err(AccountError::Enrolment) };
        }
        // Locked, so that of two enrolments of one user at a time the second sees the first one's slot.
        if code.expires_at <= now || lock_user_state(&tx, tenant, code.user).await? != Some(UserState::Enabled) {
            return Err(AccountError::Enrolment);
        }
        let by = ChangedBy::Device(node);
        let mut changes = Vec::new();
        if let Some(replaced) = request.replaces {
            let device = lock_device(&tx, tenant, replaced).await?.filter(|device| device.user == Some(code.user));
            let device = device.ok_or_else(|| AccountError::NoDevice { tenant, device: replaced.to_string() })?;
            changes.extend(revoke_locked(&tx, tenant, &device, now).await?);
        }
        let slot = free_slot(&tx, tenant, code.user).await?;
        make_node(&tx, tenant, (node, name), code.site, &self.public_key).await?;
        let sql = "insert into device (tenant_id, node_id, device, user_id, role, public_key, slot, enrolled_at, seen_at, label)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
                   on conflict (tenant_id, node_id) do update
                   set user_id = excluded.user_id, role = excluded.role, public_key = excluded.public_key,
                       slot = excluded.slot, enrolled_at = excluded.enrolled_at, seen_at = excluded.seen_at,
                       label = excluded.label
                   where device.user_id is null and device.revoked_at is null";
        let columns: [&(dyn ToSql + Sync); 9] = [
            &tenant.uuid(),
            &node.uuid(),
            &name,
            &code.user.uuid(),
            &code.role.as_str(),
            &public_key.as_slice(),
            &slot,
            &Micros(now),
            &label,
        ];
        if tx.execute(sql, &columns).await.map_err(StoreError::from)? == 0 {
            return Err(AccountError::DeviceExists);
        }
        let sql = "update device_enrolment set used_by = $3 where tenant_id = $1 and code_hash = $2";
        let used: [&(dyn ToSql + Sync); 3] = [&tenant.uuid(), &hash.as_bytes().as_slice(), &node.uuid()];
        tx.execute(sql, &used).await.map_err(StoreError::from)?;
        let mut change = IdentityChange::of_device(node, "device_enrolled")
            .with("user", code.user.to_string())
            .with("role", code.role.as_str())
            .with("site", code.site.to_string());
        if let Some(replaced) = request.replaces {
            change = change.with("replaces", replaced.to_string());
        }
        changes.push(change);
        record(&tx, tenant, changes, &by, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(enrolled)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum UserState {
    Enabled,
    Disabled,
    Erased,
}

/// Locks a user, and returns whether the user may log in; `None` if there is none.
async fn lock_user_state(
    tx: &Transaction<'_>,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<UserState>, StoreError> {
    let sql = "select disabled_at is not null, erased_at is not null from app_user
               where tenant_id = $1 and user_id = $2 for update";
    let Some(row) = tx.query_opt(sql, &[&tenant.uuid(), &user.uuid()]).await? else { return Ok(None) };
    Ok(Some(match (row.try_get(0)?, row.try_get(1)?) {
        (_, true) => UserState::Erased,
        (true, false) => UserState::Disabled,
        (false, false) => UserState::Enabled,
    }))
}

/// Locks the logins of the code's user, the tenant and the code, in this order; see [`lock_logins`].
async fn lock_code(
    tx: &Transaction<'_>,
    tenant: TenantId,
    hash: &blake3::Hash,
) -> Result<Option<IssuedCode>, AccountError> {
    let sql = "select user_id from device_enrolment where tenant_id = $1 and code_hash = $2";
    let row = tx.query_opt(sql, &[&tenant.uuid(), &hash.as_bytes().as_slice()]).await.map_err(StoreError::from)?;
    let Some(row) = row else { return Ok(None) };
    lock_logins(tx, tenant, UserId::new(row.try_get(0).map_err(StoreError::from)?)).await?;
    lock_for_change(tx, tenant).await?;
    let sql = "select user_id, site_id, role, expires_at, used_by from device_enrolment
               where tenant_id = $1 and code_hash = $2 for update";
    let row = tx.query_opt(sql, &[&tenant.uuid(), &hash.as_bytes().as_slice()]).await.map_err(StoreError::from)?;
    let read = |row: tokio_postgres::Row| {
        let role = Role::new(row.try_get(2)?).map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok::<_, StoreError>(IssuedCode {
            user: UserId::new(row.try_get(0)?),
            site: SiteId::new(row.try_get(1)?),
            role,
            expires_at: row.try_get::<_, Micros>(3)?.0,
            used_by: row.try_get::<_, Option<Uuid>>(4)?.map(NodeId::new),
        })
    };
    Ok(row.map(read).transpose()?)
}

/// A slot of the user's that no active device has.
async fn free_slot(tx: &Transaction<'_>, tenant: TenantId, user: UserId) -> Result<i16, AccountError> {
    let sql = "select slot from device where tenant_id = $1 and user_id = $2 and slot is not null";
    let rows = tx.query(sql, &[&tenant.uuid(), &user.uuid()]).await.map_err(StoreError::from)?;
    let taken = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i16>, _>>().map_err(StoreError::from)?;
    match (1..=SLOTS).find(|slot| !taken.contains(slot)) {
        Some(slot) => Ok(slot),
        None => Err(AccountError::DeviceLimit { devices: active_devices(tx, tenant, user).await? }),
    }
}

/// The node whose log central keeps for the device. A device that a program has spoken for keeps its log, if it belongs to the
/// same site or to none.
async fn make_node(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (node, name): (NodeId, &str),
    site: SiteId,
    central_key: &[u8; 32],
) -> Result<(), AccountError> {
    let sql = "insert into node (tenant_id, node_id, site_id, name, public_key) values ($1, $2, $3, $4, $5)
               on conflict (tenant_id, node_id) do update set site_id = excluded.site_id
               where node.site_id is null or node.site_id = excluded.site_id";
    let columns: [&(dyn ToSql + Sync); 5] =
        [&tenant.uuid(), &node.uuid(), &site.uuid(), &name, &central_key.as_slice()];
    match tx.execute(sql, &columns).await.map_err(StoreError::from)? {
        0 => Err(AccountError::DeviceExists),
        _ => Ok(()),
    }
}
