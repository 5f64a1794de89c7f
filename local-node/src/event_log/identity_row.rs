//! Whose log it is, and its sealed signing key: one row of the store.

use comptoir_core::id::{NodeId, SiteId, TenantId};

use super::OpenError;
use super::directory::Identity;
use super::environment::Environment;
use super::keys::{self, RecordKind};
use super::secret_key::SecretKey;
use super::store::{Entry, Store, StoreError};

pub(super) fn identity_entry(
    identity: Identity,
    secret_key: &SecretKey,
    seed: &[u8; 32],
    environment: &Environment,
) -> Result<Entry, OpenError> {
    let owner = owner_bytes(identity);
    let sealed = secret_key.seal(seed, &owner, environment)?;
    Ok(Entry::set(keys::single(RecordKind::Identity), [owner, sealed].concat()))
}

pub(super) fn owner_bytes(identity: Identity) -> Vec<u8> {
    let parts: [&[u8]; 3] = [identity.tenant.as_bytes(), identity.site.as_bytes(), identity.node.as_bytes()];
    parts.concat()
}

/// The owner, and the sealed seed of the node's key pair.
pub(super) fn read_identity(store: &dyn Store) -> Result<Option<(Identity, Vec<u8>)>, StoreError> {
    let value = store.get(&keys::single(RecordKind::Identity))?;
    Ok(value.as_deref().and_then(|value| {
        let (tenant, rest) = value.split_first_chunk()?;
        let (site, rest) = rest.split_first_chunk()?;
        let (node, sealed) = rest.split_first_chunk()?;
        let identity = Identity {
            tenant: TenantId::from_bytes(*tenant),
            site: SiteId::from_bytes(*site),
            node: NodeId::from_bytes(*node),
        };
        Some((identity, sealed.to_vec()))
    }))
}
