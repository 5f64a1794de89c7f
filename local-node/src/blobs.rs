//! Signatures and photos: files under the data directory, each named by the BLAKE3 of its bytes. A file and its folder are synced
//! before the upload is answered, so before an event may name it; it is sent to central before the batch that names it.

use std::io;
use std::path::{Path, PathBuf};

use comptoir_core::fact::Fact;
use comptoir_core::limits::BLOB_BYTES_MAX;
use serde::Deserialize;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

/// The name of a file: 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlobHash([u8; 32]);

impl BlobHash {
    /// Lower-case hex, as in events.
    pub(crate) fn parse(text: &str) -> Option<BlobHash> {
        let mut bytes = [0; 32];
        let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(BlobHash(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for BlobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

#[derive(Clone)]
pub(crate) struct Blobs {
    dir: PathBuf,
}

/// Why a file was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobError {
    #[error("the bytes have the hash {found}, not {named}")]
    Mismatch { named: BlobHash, found: BlobHash },
    /// The file is too large.
    #[error("a file has at most {BLOB_BYTES_MAX} bytes")]
    TooLarge,
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Blobs {
    pub(crate) fn new(data_dir: &Path) -> Blobs {
        Blobs { dir: data_dir.join("blobs") }
    }

    /// Whether a file is stored durably.
    pub(crate) fn has(&self, hash: BlobHash) -> bool {
        self.path(hash).is_file()
    }

    pub(crate) fn read(&self, hash: BlobHash) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(hash)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Begins an upload in a temporary file: an unfinished upload leaves no file.
    pub(crate) async fn begin(&self, named: BlobHash, number: Uuid) -> Result<Incoming, BlobError> {
        let incoming = self.dir.join("incoming");
        fs::create_dir_all(&incoming).await?;
        let path = incoming.join(number.to_string());
        let file = OpenOptions::new().write(true).create_new(true).open(&path).await?;
        Ok(Incoming { blobs: self.clone(), named, file: Some(file), path, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    /// Removes unfinished uploads of an earlier process.
    pub(crate) fn remove_unfinished(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(self.dir.join("incoming")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.dir.join(&name[..2]).join(name)
    }
}

/// An upload in progress.
pub(crate) struct Incoming {
    blobs: Blobs,
    named: BlobHash,
    file: Option<File>,
    path: PathBuf,
    hasher: blake3::Hasher,
    bytes: usize,
}

impl Incoming {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.bytes += bytes.len();
        if self.bytes > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge);
        }
        self.hasher.update(bytes);
        if let Some(file) = &mut self.file {
            file.write_all(bytes).await?;
        }
        Ok(())
    }

    /// Compares the bytes with their name and moves the file into place: file, then folder, are synced.
    pub(crate) async fn finish(mut self) -> Result<(), BlobError> {
        let found = BlobHash(*self.hasher.finalize().as_bytes());
        if found != self.named {
            return Err(BlobError::Mismatch { named: self.named, found });
        }
        if let Some(mut file) = self.file.take() {
            file.flush().await?;
            file.sync_all().await?;
        }
        let (from, to, root) = (self.path.clone(), self.blobs.path(self.named), self.blobs.dir.clone());
        let placed = tokio::task::spawn_blocking(move || move_into_place(&from, &to, &root)).await;
        placed.map_err(io::Error::other)??;
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // The file was moved.
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "Cannot remove {}: {error}", self.path.display());
        }
    }
}

fn move_into_place(from: &Path, to: &Path, root: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(root);
    std::fs::create_dir_all(folder)?;
    std::fs::rename(from, to)?;
    // Sync the file, then its folder, then the root.
    for dir in [Some(folder), Some(root), root.parent()].into_iter().flatten() {
        std::fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// The files that a fact names, each with its payload field.
pub(crate) fn named(fact: &Fact) -> Vec<(&'static str, BlobHash)> {
    let Fact::DeliveryValidated(validation) = fact else { return Vec::new() };
    let hashes = [("signature_hash", &validation.signature_hash), ("photo_hash", &validation.photo_hash)];
    hashes.into_iter().filter_map(|(field, hash)| Some((field, BlobHash::parse(hash.as_deref()?)?))).collect()
}

#[derive(Deserialize)]
struct Hashes {
    signature_hash: Option<String>,
    photo_hash: Option<String>,
}

/// The files that a sealed record names. Most records are recognised as naming none without parsing.
pub(crate) fn named_in(record: &[u8]) -> Vec<BlobHash> {
    const MARK: &[u8] = b"_hash\"";
    if !record.windows(MARK.len()).any(|window| window == MARK) {
        return Vec::new();
    }
    let Ok(event) = comptoir_proto::stored_v1::decode(record) else { return Vec::new() };
    if event.content.action.as_str() != "DELIVERY_VALIDATED" {
        return Vec::new();
    }
    let Ok(hashes) = serde_json::from_slice::<Hashes>(&event.content.payload) else { return Vec::new() };
    [hashes.signature_hash, hashes.photo_hash].into_iter().flatten().filter_map(|text| BlobHash::parse(&text)).collect()
}
