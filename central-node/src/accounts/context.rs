//! What changing users and logging in needs.

use std::net::IpAddr;
use std::time::Duration;

use comptoir_core::id::TenantId;
use comptoir_core::time::Timestamp;
use ed25519_dalek::SigningKey;
use uuid::Uuid;

use super::error::AccountError;
use crate::clock::Clock;
use crate::database::Database;
use crate::identity::{self, AuthError, Credential, PublishedKey, RecentCredentials};

/// Users, roles and logins of every tenant.
#[derive(Clone, Debug)]
pub struct Accounts {
    pub(super) database: Database,
    clock: Clock,
    pub(super) issuer: String,
    /// Successors of refresh tokens, and hashes of logins, are derived with this key.
    secret: TokenSecret,
    recent: RecentCredentials,
    /// How long a device's user may work offline after a contact.
    pub(super) offline_grace: Duration,
    /// Central seals for devices, so their logs are pinned to central's key.
    pub(super) public_key: [u8; 32],
}

#[derive(Clone)]
struct TokenSecret([u8; 32]);

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSecret")
    }
}

/// Where a login comes from, if the server knows it.
pub type ClientAddress = Option<IpAddr>;

impl Accounts {
    /// `incarnation` and `key` are central's own.
    pub(crate) fn new(
        database: Database,
        clock: Clock,
        incarnation: Uuid,
        key: &SigningKey,
        offline_grace: Duration,
    ) -> Accounts {
        let secret = TokenSecret(blake3::derive_key("comptoir/central/refresh-tokens/1", &key.to_bytes()));
        Accounts {
            database,
            clock,
            issuer: format!("comptoir/{incarnation}"),
            secret,
            recent: RecentCredentials::default(),
            offline_grace,
            public_key: key.verifying_key().to_bytes(),
        }
    }

    /// The credential of an `Authorization` header.
    pub(crate) async fn authenticate(&self, authorization: Option<&str>) -> Result<Credential, AuthError> {
        identity::authenticate(&self.database, &self.issuer, self.clock.now(), authorization).await
    }

    /// The credential for a request that only reads: a key's may have been looked up a few seconds ago.
    pub(crate) async fn authenticate_reader(&self, authorization: Option<&str>) -> Result<Credential, AuthError> {
        let header = authorization.ok_or(AuthError::Unknown)?;
        let (accounts, text) = (self.clone(), header.to_owned());
        self.recent.authenticate(header, async move { accounts.authenticate(Some(&text)).await }).await
    }

    /// The public keys of access tokens.
    pub async fn published_keys(&self) -> Result<Vec<PublishedKey>, AccountError> {
        // The first request creates the first key, so that a client never gets an empty set.
        identity::token_keys::signing_key(&self.database).await?;
        Ok(identity::token_keys::published_keys(&self.database, self.now()).await?)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A hash that depends on central's key, so that a dictionary of logins does not reveal which were tried.
    pub(super) fn keyed_hash(&self, context: &str, tenant: TenantId, bytes: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret.0);
        for part in [context.as_bytes(), tenant.as_bytes(), bytes] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }
}
