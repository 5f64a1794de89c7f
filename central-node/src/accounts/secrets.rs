//! Secrets of 256 bits as text: `<prefix>_<tenant>_<secret>`. The tenant is in the text, so that the row can be looked up under
//! row-level security.

use comptoir_core::id::TenantId;
use uuid::Uuid;

use super::error::AccountError;
use crate::identity::IdentityError;

/// A secret of 256 bits with its tenant, as text with a prefix.
pub(super) fn secret_text(prefix: &str, tenant: TenantId, secret: &[u8; 32]) -> String {
    format!("{prefix}_{}_{}", tenant.uuid().simple(), hex::encode(secret))
}

/// The tenant and the secret of such a text.
pub(crate) fn read_secret(prefix: &str, text: &str) -> Option<(TenantId, [u8; 32])> {
    let (tenant, secret) = text.strip_prefix(prefix)?.strip_prefix('_')?.split_once('_')?;
    let (mut tenant_bytes, mut secret_bytes) = ([0u8; 16], [0u8; 32]);
    hex::decode_to_slice(tenant, &mut tenant_bytes).ok()?;
    hex::decode_to_slice(secret, &mut secret_bytes).ok()?;
    Some((TenantId::new(Uuid::from_bytes(tenant_bytes)), secret_bytes))
}

pub(super) fn random_secret() -> Result<[u8; 32], AccountError> {
    let mut secret = [0u8; 32];
    getrandom::fill(&mut secret).map_err(|error| IdentityError::NoRandomness(error.to_string()))?;
    Ok(secret)
}
