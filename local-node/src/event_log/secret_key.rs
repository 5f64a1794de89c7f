//! Secrets of the node at rest: sealed with ChaCha20-Poly1305 under a key in a file next to the store, which only its owner may
//! read. A copy of the store without that file reveals no secret.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit as _, Nonce};

use super::OpenError;
use super::directory::at;
use super::environment::Environment;

/// Name of the file in the log's directory.
pub const SECRET_KEY_FILE: &str = "secret.key";
const NONCE_BYTES: usize = 12;

/// The key.
pub(crate) struct SecretKey {
    path: PathBuf,
    key: [u8; 32],
    cipher: ChaCha20Poly1305,
}

impl SecretKey {
    /// Reads the key of a log's directory.
    pub(crate) fn open(root: &Path) -> Result<SecretKey, OpenError> {
        let path = root.join(SECRET_KEY_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenError::SecretKeyMissing { path }),
            Err(error) => return Err(at(&path, "read")(error)),
        };
        let mut key = [0; 32];
        if hex::decode_to_slice(text.trim_end(), &mut key).is_err() {
            return Err(OpenError::SecretKeyWrong { path });
        }
        let mode = fs::metadata(&path).map_err(at(&path, "read"))?.permissions().mode();
        if mode & 0o077 != 0 {
            let shown = path.display();
            tracing::warn!(path = %shown, "Other users may read {shown}, which unseals this node's secrets: chmod 600 {shown}");
        }
        Ok(SecretKey { path, key, cipher: ChaCha20Poly1305::new(&Key::from(key)) })
    }

    /// Reads the key, or makes it before anything is sealed with it; durable once the directory is synced.
    pub(crate) fn create(root: &Path, environment: &Environment) -> Result<SecretKey, OpenError> {
        let path = root.join(SECRET_KEY_FILE);
        if !path.exists() {
            let key = environment.random_bytes::<32>().map_err(at(root, "draw random numbers for"))?;
            let new = root.join("secret.key.new");
            let write = || {
                match fs::remove_file(&new) {
                    // A partial file of an earlier crash, which may have another mode.
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => {}
                }
                let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
                writeln!(file, "{}", hex::encode(key))?;
                file.sync_all()?;
                fs::rename(&new, &path)
            };
            write().map_err(at(&path, "write"))?;
        }
        SecretKey::open(root)
    }

    /// Another secret, for a purpose of its own.
    pub(crate) fn derived(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.key)
    }

    /// Seals a secret. `context` says what it belongs to; it is not stored and must be given again.
    pub(crate) fn seal(&self, secret: &[u8], context: &[u8], environment: &Environment) -> Result<Vec<u8>, OpenError> {
        let nonce = environment.random_bytes::<NONCE_BYTES>().map_err(at(&self.path, "draw random numbers for"))?;
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: context });
        let sealed = sealed.map_err(|_| OpenError::SecretKeyWrong { path: self.path.clone() })?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The secret; an error if another key sealed it, or if it was changed.
    pub(crate) fn unseal(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, OpenError> {
        let parts = sealed.split_first_chunk::<NONCE_BYTES>();
        let secret = parts.and_then(|(nonce, sealed)| {
            self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: context }).ok()
        });
        secret.ok_or_else(|| OpenError::SecretKeyWrong { path: self.path.clone() })
    }
}
