//! Rotation of the keys that sign access tokens. The keys belong to no tenant, so each tenant's log records it.

use comptoir_core::time::Timestamp;
use comptoir_proto::instant;

use super::context::Accounts;
use super::error::AccountError;
use super::record::{ChangedBy, IdentityChange, record};
use crate::database::{self, StoreError};
use crate::identity::{self, token_keys};

/// What a rotation did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RotatedKeys {
    /// The key that signs now.
    pub added: String,
    /// The keys before it.
    pub retired: Vec<String>,
    /// Until when tokens of the retired ones are accepted.
    pub accepted_until: Timestamp,
}

impl Accounts {
    /// Adds a key, which signs from now on. Tokens of earlier keys are accepted for a week longer; not at all if `at_once`, for
    /// a key that was stolen: then every client refreshes its access token.
    pub async fn rotate_signing_key(&self, at_once: bool, by: &ChangedBy) -> Result<RotatedKeys, AccountError> {
        let now = self.now();
        let (added, retired, accepted_until) = token_keys::rotate(&self.database, now, at_once).await?;
        for tenant in identity::tenants(&self.database).await? {
            let mut connection = self.database.service().await?;
            let tx = database::begin(&mut connection, tenant.tenant).await?;
            let mut changes = vec![IdentityChange::new("SIGNING_KEY", added.clone(), "signing_key_added")];
            changes.extend(retired.iter().map(|kid| {
                IdentityChange::new("SIGNING_KEY", kid.clone(), "signing_key_retired")
                    .with("until", instant::format(accepted_until))
            }));
            record(&tx, tenant.tenant, changes, by, now).await?;
            tx.commit().await.map_err(StoreError::from)?;
        }
        Ok(RotatedKeys { added, retired, accepted_until })
    }
}
