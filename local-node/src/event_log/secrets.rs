//! The node's secrets in the log: its signing key, and what is sealed with the key of its folder.

use super::keys::KeySpace;
use super::rotation::secret_context;
use super::{Log, OpenError};

impl Log {
    /// The node's public Ed25519 key, as its first push pins it.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.shared.public_key()
    }

    /// Signs a text with the node's key.
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.shared.sign(text)
    }

    /// Seals a value of a sealed key space for [`Log::put`]. It belongs to its key, and is read with it.
    pub(crate) fn seal(&self, space: KeySpace, key: &[u8], secret: &[u8]) -> Result<Vec<u8>, OpenError> {
        debug_assert!(KeySpace::SEALED.contains(&space), "a rotation would not seal {space:?} again");
        let shared = &self.0.shared;
        shared.secret_key.seal(secret, &secret_context(shared.identity, space, key), &shared.environment)
    }

    /// A value that [`Log::seal`] sealed.
    pub(crate) fn unseal(&self, space: KeySpace, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let shared = &self.0.shared;
        shared.secret_key.unseal(sealed, &secret_context(shared.identity, space, key))
    }

    /// A secret of this node for one purpose. It stays the same when the key is rotated.
    pub(crate) fn derived_secret(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0.shared.derivation_root)
    }
}
