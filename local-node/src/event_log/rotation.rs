//! Replaces the key that seals the node's secrets, on a stopped node.
//!
//! Order: the new key is durable in `secret.key.next`, the store has the secret sealed with the new key, the new key takes
//! the place of `secret.key`. A crash in between leaves both keys: the next open unseals with the one that fits and removes
//! the other ([`SecretKey::unseal_in`](super::secret_key::SecretKey)). The secret itself, the node's signing key, stays the
//! same.

use super::directory::Directory;
use super::environment::Environment;
use super::recovery::{identity_entry, open_store, read_identity, signing_key};
use super::secret_key::NextKey;
use super::{LogConfig, OpenError};

/// What has just been done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RotationStep {
    /// The new key is on the disk.
    KeyWritten,
    /// The store has the secret under the new key.
    Sealed,
    /// The same, durably.
    Flushed,
    /// The new key is `secret.key`.
    Replaced,
}

/// Replaces the key of a stopped node's secrets.
pub fn rotate_secret_key(config: &LogConfig, environment: &Environment) -> Result<(), OpenError> {
    rotate(config, environment, &mut |_| true)
}

/// As [`rotate_secret_key`]; ends after a step for which `goes_on` says no, as a kill would.
pub(crate) fn rotate(
    config: &LogConfig,
    environment: &Environment,
    goes_on: &mut dyn FnMut(RotationStep) -> bool,
) -> Result<(), OpenError> {
    let directory = Directory::lock(&config.dir)?;
    if directory.registered()?.is_none() {
        return Err(OpenError::Missing { path: directory.store() });
    }
    let store = open_store(&config.backend, &directory.store())?;
    let (stored, sealed) = read_identity(&*store)?.ok_or_else(|| OpenError::Emptied { path: directory.store() })?;
    config.identity.same_as(stored)?;
    // This also ends a rotation that a crash had stopped.
    let seed = signing_key(&config.dir, stored, &sealed)?.to_bytes();
    let next = NextKey::create(&config.dir, environment)?;
    directory.sync()?;
    if !goes_on(RotationStep::KeyWritten) {
        return Ok(());
    }
    store.apply(vec![identity_entry(stored, next.key(), &seed, environment)?])?;
    if !goes_on(RotationStep::Sealed) {
        return Ok(());
    }
    store.flush()?;
    if !goes_on(RotationStep::Flushed) {
        return Ok(());
    }
    next.replace_current()?;
    if !goes_on(RotationStep::Replaced) {
        return Ok(());
    }
    directory.sync()
}
