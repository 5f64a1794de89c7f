//! Replaces the key that seals the node's secrets, on a stopped node.
//!
//! Order: the new key is durable in `secret.key.next`; each sealed value is sealed with the new key, in batches, and the node's
//! signing key in the last one; the store is flushed; the new key takes the place of `secret.key`. The signing key therefore says
//! how far a rotation has come: once it is sealed with the new key, everything is. A crash in between leaves both keys, and the
//! next open goes on where the crash was. The secrets stay the same, those derived from the first key too.

use std::ops::ControlFlow;
use std::path::Path;

use comptoir_core::limits::BATCH_ENTRIES_MAX;

use super::directory::{Directory, Identity};
use super::environment::Environment;
use super::identity_row::{identity_entry, owner_bytes, read_identity};
use super::keys::{self, KeySpace, RecordKind};
use super::secret_key::{NextKey, SecretKey};
use super::store::{Entry, Row, Store, StoreError};
use super::{LogConfig, OpenError, key_space};

/// What has just been done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RotationStep {
    /// The new key is on the disk.
    KeyWritten,
    /// The store has some of the values under the new key.
    SomeSealed,
    /// The store has all of them under the new key.
    Sealed,
    /// The same, durably.
    Flushed,
    /// The new key is `secret.key`.
    Replaced,
}

/// Says after each step whether the rotation goes on; it ends where the answer is no, as a kill would end it.
type GoesOn<'a> = &'a mut dyn FnMut(RotationStep) -> bool;

/// Replaces the key of a stopped node's secrets.
pub fn rotate_secret_key(config: &LogConfig, environment: &Environment) -> Result<(), OpenError> {
    rotate(config, environment, &mut |_| true)
}

/// As [`rotate_secret_key`], and it may be ended after each step.
pub(crate) fn rotate(config: &LogConfig, environment: &Environment, goes_on: GoesOn<'_>) -> Result<(), OpenError> {
    let directory = Directory::lock(&config.dir)?;
    if directory.registered()?.is_none() {
        return Err(OpenError::Missing { path: directory.store() });
    }
    let store = config.backend.open(&directory.store())?;
    let (stored, _) = read_identity(&*store)?.ok_or_else(|| OpenError::Emptied { path: directory.store() })?;
    config.identity.same_as(stored)?;
    finish_stopped(&config.dir, &*store, stored, environment)?;
    let current = SecretKey::open(&config.dir)?;
    signing_seed(&*store, stored, &current)?;
    let next = NextKey::create(&config.dir, environment)?;
    directory.sync()?;
    if !goes_on(RotationStep::KeyWritten) {
        return Ok(());
    }
    if seal_again(&*store, stored, (&current, next.key()), environment, goes_on)? {
        replace(&*store, next, goes_on)?;
    }
    directory.sync()
}

/// Ends a rotation that a crash had stopped, before anything is unsealed.
pub(super) fn finish_stopped(
    root: &Path,
    store: &dyn Store,
    identity: Identity,
    environment: &Environment,
) -> Result<(), OpenError> {
    let Some(next) = NextKey::left_in(root)? else { return Ok(()) };
    if signing_seed(store, identity, next.key()).is_err() {
        let current = SecretKey::open(root)?;
        signing_seed(store, identity, &current)?;
        seal_again(store, identity, (&current, next.key()), environment, &mut |_| true)?;
    }
    replace(store, next, &mut |_| true)?;
    tracing::info!("Completed the rotation of secret.key where a crash had stopped it");
    Ok(())
}

/// A process that was killed may have left what it sealed to the memory of the system, so the store is flushed first.
fn replace(store: &dyn Store, next: NextKey, goes_on: GoesOn<'_>) -> Result<(), OpenError> {
    store.flush()?;
    if goes_on(RotationStep::Flushed) {
        next.replace_current()?;
        goes_on(RotationStep::Replaced);
    }
    Ok(())
}

/// The seed of the node's signing key, if this key seals it.
pub(super) fn signing_seed(store: &dyn Store, identity: Identity, key: &SecretKey) -> Result<[u8; 32], OpenError> {
    let sealed = read_identity(store)?.map(|(_, sealed)| sealed).unwrap_or_default();
    let seed = key.unseal(&sealed, &owner_bytes(identity))?;
    Ok(seed.try_into().expect("what the key unseals is the seed that it sealed"))
}

/// Seals everything again. Answers false if it was ended.
fn seal_again(
    store: &dyn Store,
    identity: Identity,
    (current, next): (&SecretKey, &SecretKey),
    environment: &Environment,
    goes_on: GoesOn<'_>,
) -> Result<bool, OpenError> {
    let seed = signing_seed(store, identity, current)?;
    let root = derivation_root(store, identity, current)?;
    let mut batch: Vec<Entry> = Vec::new();
    for space in KeySpace::SEALED {
        for (key, sealed) in values(store, space)? {
            let context = secret_context(identity, space, &key);
            // A value that this key does not unseal was sealed again before a crash, or was unreadable before.
            let Ok(secret) = current.unseal(&sealed, &context) else { continue };
            let entries = key_space::set_entries(space, &key, next.seal(&secret, &context, environment)?);
            if batch.len() + entries.len() > BATCH_ENTRIES_MAX {
                store.apply(std::mem::take(&mut batch))?;
                if !goes_on(RotationStep::SomeSealed) {
                    return Ok(false);
                }
            }
            batch.extend(entries);
        }
    }
    if !batch.is_empty() {
        store.apply(batch)?;
        if !goes_on(RotationStep::SomeSealed) {
            return Ok(false);
        }
    }
    let root = next.seal(&root, &derivation_context(identity), environment)?;
    let root = Entry::set(keys::single(RecordKind::DerivationRoot), root);
    store.apply(vec![root, identity_entry(identity, next, &seed, environment)?])?;
    Ok(goes_on(RotationStep::Sealed))
}

fn values(store: &dyn Store, space: KeySpace) -> Result<Vec<Row>, StoreError> {
    let mut values = Vec::new();
    key_space::scan(store, space, &[], &[u8::MAX; 33], &mut |key, value| {
        values.push((key.to_vec(), value));
        ControlFlow::Continue(())
    })?;
    Ok(values)
}

/// What other secrets are derived from: the node's first key, which a rotation keeps, sealed. A PIN could not be compared with a
/// verifier that was made with another.
pub(super) fn derivation_root(
    store: &dyn Store,
    identity: Identity,
    current: &SecretKey,
) -> Result<[u8; 32], OpenError> {
    let Some(sealed) = store.get(&keys::single(RecordKind::DerivationRoot))? else { return Ok(current.bytes()) };
    let root = current.unseal(&sealed, &derivation_context(identity))?;
    Ok(root.try_into().expect("what the key unseals is the root that it sealed"))
}

fn derivation_context(identity: Identity) -> Vec<u8> {
    [owner_bytes(identity).as_slice(), b"comptoir/derivation-root/1"].concat()
}

/// What a sealed value belongs to: this node, its key space and its key.
pub(super) fn secret_context(identity: Identity, space: KeySpace, key: &[u8]) -> Vec<u8> {
    [owner_bytes(identity).as_slice(), space.sealed_as(key).as_bytes()].concat()
}
