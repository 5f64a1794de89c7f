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
/// The key that takes its place, until a rotation is complete.
const NEXT_KEY_FILE: &str = "secret.key.next";
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
        SecretKey::read(root.join(SECRET_KEY_FILE))
    }

    fn read(path: PathBuf) -> Result<SecretKey, OpenError> {
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
            write_new_key(&path, environment)?;
        }
        SecretKey::open(root)
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.key
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

/// The key that is to take the place of the directory's key.
pub(crate) struct NextKey(SecretKey);

impl NextKey {
    /// The key of a rotation that a crash had stopped. One that does not read unseals nothing and is removed.
    pub(crate) fn left_in(root: &Path) -> Result<Option<NextKey>, OpenError> {
        let path = root.join(NEXT_KEY_FILE);
        match SecretKey::read(path.clone()) {
            Ok(key) => Ok(Some(NextKey(key))),
            Err(OpenError::SecretKeyMissing { .. }) => Ok(None),
            Err(OpenError::SecretKeyWrong { .. }) => {
                tracing::warn!(path = %path.display(), "Removed {}, which is no key", path.display());
                fs::remove_file(&path).map_err(at(&path, "remove")).map(|()| None)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes the key; durable once the directory is synced.
    pub(crate) fn create(root: &Path, environment: &Environment) -> Result<NextKey, OpenError> {
        let path = root.join(NEXT_KEY_FILE);
        write_new_key(&path, environment)?;
        SecretKey::read(path).map(NextKey)
    }

    pub(crate) fn key(&self) -> &SecretKey {
        &self.0
    }

    /// Makes it the directory's key; durable once the directory is synced.
    pub(crate) fn replace_current(self) -> Result<(), OpenError> {
        let NextKey(SecretKey { path, .. }) = self;
        let current = path.with_file_name(SECRET_KEY_FILE);
        fs::rename(&path, &current).map_err(at(&current, "replace"))
    }
}

/// Writes a new key, whole or not at all.
fn write_new_key(path: &Path, environment: &Environment) -> Result<(), OpenError> {
    let key = environment.random_bytes::<32>().map_err(at(path, "draw random numbers for"))?;
    let new = path.with_file_name("secret.key.new");
    let write = || {
        match fs::remove_file(&new) {
            // A partial file of an earlier crash, which may have another mode.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
        writeln!(file, "{}", hex::encode(key))?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(at(path, "write"))
}
