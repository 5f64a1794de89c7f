//! Refresh tokens as rows: their families, and where a presented token is in its family.

use comptoir_core::id::{TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::device_proofs::refresh_text;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::context::Accounts;
use super::error::AccountError;
use super::secrets::secret_text;
use crate::database::{Micros, StoreError};
use crate::identity::user_device::{EnrolledDevice, enrolled_device};

pub(super) const PREFIX: &str = "cpr";
/// For how long a rotated token gives its successor again.
const LOST_ANSWER_MICROS: i64 = 30 * 1_000_000;

/// A login.
pub(super) struct Family {
    pub(super) id: Uuid,
    pub(super) user: UserId,
    pub(super) device: Option<FamilyDevice>,
    pub(super) expires_at: Timestamp,
}

/// The device of a login.
pub(super) struct FamilyDevice {
    pub(super) name: String,
    pub(super) enrolled: EnrolledDevice,
}

/// Where a presented refresh token is in its family.
pub(super) enum TokenUse {
    /// Never used before.
    First,
    /// Used before, so recently that its answer may have been lost.
    AnswerLost,
    /// Used as its holder never does: later, from another device, or without the device's key. Somebody copied it.
    Replayed(&'static str),
}

/// A refresh token as its client presents it.
pub(super) struct PresentedToken<'a> {
    pub(super) secret: [u8; 32],
    pub(super) device: Option<&'a str>,
    /// The device's signature over the token.
    pub(super) proof: Option<&'a str>,
}

/// A secret has 256 random bits, so a plain hash is enough.
pub(super) fn hash_of(secret: &[u8; 32]) -> [u8; 32] {
    *blake3::hash(secret).as_bytes()
}

pub(super) async fn insert_token(
    tx: &Transaction<'_>,
    tenant: TenantId,
    family: Uuid,
    secret: &[u8; 32],
) -> Result<(), StoreError> {
    let sql = "insert into refresh_token (tenant_id, token_hash, family_id) values ($1, $2, $3)";
    tx.execute(sql, &[&tenant.uuid(), &hash_of(secret).as_slice(), &family]).await?;
    Ok(())
}

impl Accounts {
    /// The family of a token, locked. The login of a revoked device goes on for its hand-over, also when it has ended.
    pub(super) async fn find_token(
        &self,
        tx: &Transaction<'_>,
        tenant: TenantId,
        presented: &PresentedToken<'_>,
        now: Timestamp,
    ) -> Result<(Family, TokenUse), AccountError> {
        let sql = "select f.family_id, f.user_id, f.device, f.expires_at, f.ended_at is not null or u.disabled_at is not null,
                          t.rotated_at
                   from refresh_token t
                   join refresh_family f on f.tenant_id = t.tenant_id and f.family_id = t.family_id
                   join app_user u on u.tenant_id = f.tenant_id and u.user_id = f.user_id
                   where t.tenant_id = $1 and t.token_hash = $2
                   for update of f, t";
        let row = tx.query_opt(sql, &[&tenant.uuid(), &hash_of(&presented.secret).as_slice()]).await;
        let row = row.map_err(StoreError::from)?.ok_or(AccountError::Reauthenticate)?;
        let read = || -> Result<_, tokio_postgres::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get::<_, Micros>(3)?.0, row.try_get(4)?))
        };
        let (id, user, device, expires_at, ended): (Uuid, Uuid, Option<String>, _, bool) =
            read().map_err(StoreError::from)?;
        let rotated_at: Option<Micros> = row.try_get(5).map_err(StoreError::from)?;
        let user = UserId::new(user);
        let device = match device {
            Some(name) => Some(device_of_family(tx, tenant, user, name).await?),
            None => None,
        };
        let hands_over = device.as_ref().is_some_and(|device| device.enrolled.is_revoked);
        if (ended || expires_at <= now) && !hands_over {
            return Err(AccountError::Reauthenticate);
        }
        let family = Family { id, user, device, expires_at };
        if let Some(reason) = foreign_holder(tenant, &family, presented) {
            return Ok((family, TokenUse::Replayed(reason)));
        }
        let Some(Micros(rotated_at)) = rotated_at else { return Ok((family, TokenUse::First)) };
        let recent = now <= rotated_at.shifted(LOST_ANSWER_MICROS);
        // A client that used the successor has received the answer. Without a device's key nobody knows who asks again.
        let lost = recent && family.device.is_some() && !self.successor_was_used(tx, tenant, &presented.secret).await?;
        Ok((family, if lost { TokenUse::AnswerLost } else { TokenUse::Replayed("REFRESH_TOKEN_REPLAYED") }))
    }

    async fn successor_was_used(
        &self,
        tx: &Transaction<'_>,
        tenant: TenantId,
        secret: &[u8; 32],
    ) -> Result<bool, AccountError> {
        let hash = hash_of(&self.keyed_hash("successor", tenant, secret));
        let sql = "select rotated_at is not null from refresh_token where tenant_id = $1 and token_hash = $2";
        let row = tx.query_opt(sql, &[&tenant.uuid(), &hash.as_slice()]).await.map_err(StoreError::from)?;
        Ok(row.map(|row| row.try_get(0)).transpose().map_err(StoreError::from)?.unwrap_or(true))
    }
}

async fn device_of_family(
    tx: &Transaction<'_>,
    tenant: TenantId,
    user: UserId,
    name: String,
) -> Result<FamilyDevice, AccountError> {
    let enrolled = enrolled_device(tx, tenant, &name).await?.filter(|device| device.user == user);
    Ok(FamilyDevice { enrolled: enrolled.ok_or(AccountError::Reauthenticate)?, name })
}

/// Why the token is not in the hands of the device that it was given to.
fn foreign_holder(tenant: TenantId, family: &Family, presented: &PresentedToken<'_>) -> Option<&'static str> {
    let own = family.device.as_ref().map(|device| device.name.as_str());
    if own != presented.device {
        return Some("REFRESH_TOKEN_OF_OTHER_DEVICE");
    }
    let device = family.device.as_ref()?;
    let text = refresh_text(&secret_text(PREFIX, tenant, &presented.secret), &device.name);
    (!device.enrolled.signed(&text, presented.proof)).then_some("REFRESH_TOKEN_WITHOUT_KEY")
}
