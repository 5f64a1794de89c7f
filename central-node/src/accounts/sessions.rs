//! Logging in, refreshing and logging out.
//!
//! A refresh token is 256 random bits, stored as a hash, and used once: each refresh gives its successor. The successor is
//! derived from its predecessor's secret with central's key, so that a client whose answer was lost gets the same one again,
//! and nothing is stored from which a token could be made. A token that comes again later, or without the key of its device, was
//! copied: its family ends, and that is recorded.
//!
//! A revoked device still gets tokens, without a role: with them it sends what it recorded, and learns that it was revoked.

use comptoir_core::access::RoleAt;
use comptoir_core::id::{TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::device_proofs::login_text;
use comptoir_proto::security_v1::SecurityKind;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::attempts::{self, Attempt, FreeFailures};
use super::context::{Accounts, ClientAddress};
use super::error::AccountError;
use super::logins::end_family;
use super::names::{device_of, login_of};
use super::refresh_tokens::{Family, FamilyDevice, PREFIX, PresentedToken, TokenUse, hash_of, insert_token};
use super::secrets::{random_secret, read_secret, secret_text};
use crate::database::{self, Micros, StoreError};
use crate::identity::access_token::{self, ACCESS_SECONDS, AUDIENCE, AccessClaims};
use crate::identity::permissions::roles_of;
use crate::identity::user_device::{enrolled_device, note_contact};
use crate::identity::{IdentityError, password, token_keys};
use crate::ingest::{SecurityEvent, write_security_event};

/// How long a login lasts. Refreshing does not extend it.
const LOGIN_MICROS: i64 = 7 * 24 * 60 * 60 * 1_000_000;
/// Ended logins are kept for as long as a revoked device may come back with its refresh token.
const KEPT_MICROS: i64 = 90 * 24 * 60 * 60 * 1_000_000;

/// A request to log in.
#[derive(Clone)]
pub struct LoginRequest {
    /// The tenant. May be absent where central has one.
    pub tenant: Option<TenantId>,
    /// What the user types.
    pub login: String,
    /// The password.
    pub password: String,
    /// The name of an enrolled device. The tokens work for no other.
    pub device: Option<String>,
    /// Central's challenge, with a device.
    pub challenge: Option<String>,
    /// The device's signature over it.
    pub proof: Option<String>,
    /// Where the request comes from.
    pub address: ClientAddress,
}

/// The tokens of a login.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// For requests.
    pub access_token: String,
    /// How long it is valid.
    pub access_seconds: i64,
    /// For the next tokens.
    pub refresh_token: String,
    /// When the login ends.
    pub refresh_expires_at: Timestamp,
    /// The user's roles now.
    pub roles: Vec<RoleAt>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens(user {})", self.user)
    }
}

/// What a login says about its device.
enum LoginDevice {
    /// It names none: a person at a browser.
    Absent,
    /// The user has no such device.
    NotEnrolled,
    /// The device's key did not sign.
    Unproven,
    Proven(Box<FamilyDevice>),
}

impl Accounts {
    /// Logs in with a password.
    pub async fn log_in(&self, request: &LoginRequest) -> Result<Tokens, AccountError> {
        let now = self.now();
        let device = request.device.as_deref().map(device_of).transpose()?;
        let tenant = match request.tenant {
            Some(tenant) => tenant,
            None => self.only_tenant().await?,
        };
        // A login that cannot exist is counted like any other.
        let login = login_of(&request.login).unwrap_or_else(|_| request.login.to_lowercase());
        let account = self.keyed_hash("login", tenant, login.as_bytes());
        let address = request.address.map(|ip| self.keyed_hash("address", tenant, ip.to_string().as_bytes()));
        let (account_of, verifier, locks) = self.begin_attempt(tenant, &login, &account, address.as_ref(), now).await?;
        let is_right = password::matches(verifier, &request.password).await?;
        let user = account_of.filter(|_| is_right);
        let device = match (user, device) {
            (Some(user), Some(name)) => self.device_of_login(tenant, user, (&login, name), request, now).await?,
            _ => LoginDevice::Absent,
        };
        let Some(user) = user.filter(|_| !matches!(device, LoginDevice::Unproven)) else {
            if locks {
                self.record_lock(tenant, account_of, now).await?;
            }
            return Err(AccountError::LoginFailed);
        };
        let key = token_keys::signing_key(&self.database).await?;
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        attempts::forget(&tx, tenant, &account).await?;
        if let Some(address) = &address {
            attempts::subtract(&tx, tenant, address, now).await?;
        }
        let device = match device {
            LoginDevice::Absent | LoginDevice::Unproven => None,
            LoginDevice::Proven(device) => Some(*device),
            LoginDevice::NotEnrolled => {
                tx.commit().await.map_err(StoreError::from)?;
                return Err(AccountError::NotEnrolled);
            }
        };
        // The user may have been disabled while the password was compared.
        let sql = "select from app_user where tenant_id = $1 and user_id = $2 and disabled_at is null for share";
        let active = tx.query_opt(sql, &[&tenant.uuid(), &user.uuid()]).await.map_err(StoreError::from)?;
        active.ok_or(AccountError::LoginFailed)?;
        self.note_device(&tx, tenant, device.as_ref(), now).await?;
        let family = Family { id: Uuid::now_v7(), user, device, expires_at: now.shifted(LOGIN_MICROS) };
        let sql = "insert into refresh_family (tenant_id, family_id, user_id, device, created_at, expires_at)
                   values ($1, $2, $3, $4, $5, $6)";
        let expires_at = Micros(family.expires_at);
        let name = family.device.as_ref().map(|device| device.name.as_str());
        tx.execute(sql, &[&tenant.uuid(), &family.id, &user.uuid(), &name, &Micros(now), &expires_at])
            .await
            .map_err(StoreError::from)?;
        let secret = random_secret()?;
        insert_token(&tx, tenant, family.id, &secret).await?;
        let tokens = self.tokens(&tx, tenant, &family, &secret, &key, now).await?;
        tx.execute(
            "delete from refresh_family where tenant_id = $1 and expires_at < $2",
            &[&tenant.uuid(), &Micros(now.shifted(-KEPT_MICROS))],
        )
        .await
        .map_err(StoreError::from)?;
        attempts::prune(&tx, tenant, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(tokens)
    }

    /// Exchanges a refresh token for its successor and a new access token.
    pub async fn refresh(
        &self,
        refresh_token: &str,
        device: Option<&str>,
        proof: Option<&str>,
    ) -> Result<Tokens, AccountError> {
        let device = device.map(device_of).transpose()?;
        let (tenant, secret) = read_secret(PREFIX, refresh_token.trim()).ok_or(AccountError::Reauthenticate)?;
        let now = self.now();
        let key = token_keys::signing_key(&self.database).await?;
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let presented = PresentedToken { secret, device, proof };
        let (family, used) = self.find_token(&tx, tenant, &presented, now).await?;
        if let TokenUse::Replayed(code) = used {
            end_family(&tx, tenant, family.id, code, now).await?;
            let cause = SecurityEvent::cause(tenant, &[code, &family.id.to_string()]);
            let about = family.user.to_string();
            let event = SecurityEvent::new(SecurityKind::TokenReplayed, cause, ("USER", &about)).with("reason", code);
            write_security_event(&tx, tenant, event, now).await?;
            tx.commit().await.map_err(StoreError::from)?;
            return Err(AccountError::Reauthenticate);
        }
        let successor = self.keyed_hash("successor", tenant, &secret);
        if matches!(used, TokenUse::First) {
            insert_token(&tx, tenant, family.id, &successor).await?;
            let sql = "update refresh_token set rotated_at = $3 where tenant_id = $1 and token_hash = $2";
            tx.execute(sql, &[&tenant.uuid(), &hash_of(&secret).as_slice(), &Micros(now)])
                .await
                .map_err(StoreError::from)?;
        }
        self.note_device(&tx, tenant, family.device.as_ref(), now).await?;
        let tokens = self.tokens(&tx, tenant, &family, &successor, &key, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(tokens)
    }

    /// Ends the login of a refresh token. An unknown token has no login, which is what the caller wants.
    pub async fn log_out(&self, refresh_token: &str) -> Result<(), AccountError> {
        let Some((tenant, secret)) = read_secret(PREFIX, refresh_token.trim()) else { return Ok(()) };
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let sql = "select family_id from refresh_token where tenant_id = $1 and token_hash = $2";
        let hash = hash_of(&secret);
        let row = tx.query_opt(sql, &[&tenant.uuid(), &hash.as_slice()]).await.map_err(StoreError::from)?;
        if let Some(row) = row {
            end_family(&tx, tenant, row.try_get(0).map_err(StoreError::from)?, "logged out", now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Counts the attempt, and reads the user if there is one who may log in.
    pub(super) async fn begin_attempt(
        &self,
        tenant: TenantId,
        login: &str,
        account: &[u8; 32],
        address: Option<&[u8; 32]>,
        now: Timestamp,
    ) -> Result<(Option<UserId>, Option<String>, bool), AccountError> {
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        // A wrong tenant is answered like a wrong password, without a row for it.
        let known = tx.query_opt("select from tenant where tenant_id = $1", &[&tenant.uuid()]).await;
        if known.map_err(StoreError::from)?.is_none() {
            return Ok((None, None, false));
        }
        // Always in this order, so that two logins do not wait for each other.
        let by_address = match address {
            Some(address) => Some(attempts::count(&tx, tenant, address, FreeFailures::Address, now).await?),
            None => None,
        };
        if let Some(Attempt::LockedUntil(until)) = by_address {
            return Err(wait(until, now));
        }
        let locks = match attempts::count(&tx, tenant, account, FreeFailures::Account, now).await? {
            Attempt::LockedUntil(until) => return Err(wait(until, now)),
            Attempt::Free { locks } => locks,
        };
        let sql = "select user_id, verifier from app_user where tenant_id = $1 and login = $2 and disabled_at is null";
        let row = tx.query_opt(sql, &[&tenant.uuid(), &login]).await.map_err(StoreError::from)?;
        tx.commit().await.map_err(StoreError::from)?;
        let Some(row) = row else { return Ok((None, None, locks)) };
        let user = UserId::new(row.try_get(0).map_err(StoreError::from)?);
        Ok((Some(user), row.try_get(1).map_err(StoreError::from)?, locks))
    }

    /// The same write for an unknown account, so that the time of an answer shows nothing.
    pub(super) async fn record_lock(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let user = user.map_or_else(|| "unknown".to_owned(), |user| user.to_string());
        let cause = SecurityEvent::cause(tenant, &["login", &user, &now.0.to_string()]);
        write_security_event(&tx, tenant, SecurityEvent::new(SecurityKind::LoginLocked, cause, ("USER", &user)), now)
            .await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Checks the device that a login with the right password names.
    async fn device_of_login(
        &self,
        tenant: TenantId,
        user: UserId,
        (login, name): (&str, &str),
        request: &LoginRequest,
        now: Timestamp,
    ) -> Result<LoginDevice, AccountError> {
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let enrolled = enrolled_device(&tx, tenant, name).await?.filter(|device| device.user == user);
        let Some(enrolled) = enrolled else { return Ok(LoginDevice::NotEnrolled) };
        let challenge = request.challenge.as_deref().filter(|text| self.is_challenge(text, now));
        let text = challenge.map(|challenge| login_text(challenge, tenant.uuid(), login, name));
        if !text.is_some_and(|text| enrolled.signed(&text, request.proof.as_deref())) {
            return Ok(LoginDevice::Unproven);
        }
        Ok(LoginDevice::Proven(Box::new(FamilyDevice { name: name.to_owned(), enrolled })))
    }

    async fn note_device(
        &self,
        tx: &Transaction<'_>,
        tenant: TenantId,
        device: Option<&FamilyDevice>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match device {
            Some(device) => note_contact(tx, tenant, device.enrolled.node, now, self.offline_grace).await,
            None => Ok(()),
        }
    }

    async fn tokens(
        &self,
        tx: &Transaction<'_>,
        tenant: TenantId,
        family: &Family,
        secret: &[u8; 32],
        key: &token_keys::TokenKey,
        now: Timestamp,
    ) -> Result<Tokens, AccountError> {
        let held = roles_of(tx, tenant, family.user.uuid()).await?;
        let roles = match &family.device {
            Some(device) => device.enrolled.narrowed(held),
            None => held,
        };
        let seconds = now.0.div_euclid(1_000_000);
        let mut sites: Vec<Uuid> = roles.iter().filter_map(|held| held.site.map(|site| site.uuid())).collect();
        sites.sort_unstable();
        sites.dedup();
        let mut names: Vec<String> = roles.iter().map(|held| held.role.to_string()).collect();
        names.dedup();
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: family.user.uuid(),
            tenant: tenant.uuid(),
            sid: family.id,
            device: family.device.as_ref().map(|device| device.name.clone()),
            roles: names,
            sites,
            jti: Uuid::new_v4(),
            iat: seconds,
            nbf: seconds,
            exp: seconds + ACCESS_SECONDS,
        };
        let signed = access_token::sign(&claims, &key.kid, &key.key);
        let access_token = signed.map_err(|error| IdentityError::NotSigned(error.to_string()))?;
        Ok(Tokens {
            tenant,
            user: family.user,
            access_token,
            access_seconds: ACCESS_SECONDS,
            refresh_token: secret_text(PREFIX, tenant, secret),
            refresh_expires_at: family.expires_at,
            roles,
        })
    }

    async fn only_tenant(&self) -> Result<TenantId, AccountError> {
        let rows = self.database.watcher().await?.query("select tenant_id from tenant limit 2", &[]).await;
        match rows.map_err(StoreError::from)?.as_slice() {
            [only] => Ok(TenantId::new(only.try_get(0).map_err(StoreError::from)?)),
            _ => Err(AccountError::TenantMissing),
        }
    }
}

fn wait(until: Timestamp, now: Timestamp) -> AccountError {
    let seconds = (until.0 - now.0 + 999_999) / 1_000_000;
    AccountError::TooManyAttempts { seconds: u64::try_from(seconds).unwrap_or(1).max(1) }
}
