//! The storage interface of the log: ordered bytes, atomic batches, one flush. sled implements it in production, memory with
//! injected faults in tests; both pass one conformance suite.

use std::ops::ControlFlow;

/// Bytes of a key: a row's key holds an entity type and an entity id of 64 characters each. A leaf of sled briefly holds up to 20
/// items and spills above 131,052 bytes into files that are never synced; 20 of the longest keys with the largest values have
/// 93,440.
pub const KEY_BYTES_MAX: usize = 560;

/// One change of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// At most [`KEY_BYTES_MAX`] bytes.
    pub key: Vec<u8>,
    /// The value to set, at most [`comptoir_core::limits::CHUNK_BYTES_MAX`] bytes; `None` removes the key.
    pub value: Option<Vec<u8>>,
}

impl Entry {
    /// Sets a key.
    pub fn set(key: Vec<u8>, value: Vec<u8>) -> Entry {
        Entry { key, value: Some(value) }
    }

    /// Removes a key.
    pub fn remove(key: Vec<u8>) -> Entry {
        Entry { key, value: None }
    }
}

/// The store could not do it. After a failed write or flush nothing is known about what reached the disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log's store failed to {doing}: {error}")]
pub struct StoreError {
    /// The operation.
    pub doing: &'static str,
    /// The store's error.
    pub error: String,
}

impl StoreError {
    /// Whether the store met bytes that are not those it wrote. An error of the device or the file system is none.
    pub fn is_damage(&self) -> bool {
        DAMAGE.iter().any(|word| self.error.starts_with(word))
    }
}

/// The prefix of the error that reports that sled's pages contradict each other.
pub(crate) const CONTRADICTION: &str = "the tree contradicts itself";

/// Prefixes of errors that mean damaged files: sled's own, those that [`sled_store`](super::sled_store) makes of its panics, and
/// those of its checks.
const DAMAGE: [&str; 4] = ["Corruption", "ReportableBug", "sled panicked", CONTRADICTION];

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Called with each key and value of a scan; `Break` ends it.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// Ordered bytes on a disk. Batches become durable in the order they were applied: after a power cut a prefix of them survives
/// that includes everything before the last successful [`Store::flush`].
pub trait Store: Send + Sync {
    /// Applies all entries or none; at most [`comptoir_core::limits::BATCH_ENTRIES_MAX`]. Readers see them at once; the next
    /// flush makes them durable.
    fn apply(&self, batch: Vec<Entry>) -> Result<(), StoreError>;
    /// Returns once everything applied before is on the disk.
    fn flush(&self) -> Result<(), StoreError>;
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// The last key between `from` and `to`, both inclusive, and its value.
    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Row>, StoreError>;
    /// Calls `visit` with each key from `from` up to but without `to`, in order.
    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError>;
}
