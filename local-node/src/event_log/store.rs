//! The seam under the log: ordered bytes, atomic batches, one flush. sled stands behind it in a shop, memory with injected
//! faults in tests; both pass one conformance suite.

use std::ops::ControlFlow;

/// Bytes of a key: a row's names an entity type and an entity id of 64 characters each. A leaf of sled holds up to 20 items for a
/// moment and spills above 131,052 bytes into files that are never synced; 20 of the longest keys with the largest values have 93,440.
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
    /// What was being done.
    pub doing: &'static str,
    /// The cause in the store's words.
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

/// How sled's errors of damaged files begin, those that [`sled_store`](super::sled_store) makes of its panics, and those of its own checks.
const DAMAGE: [&str; 4] = ["Corruption", "ReportableBug", "sled panicked", CONTRADICTION];

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// What a scan calls with each key and value; a break ends it.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// Ordered bytes on a disk. Batches become durable in the order they were applied: what survives a power cut is a prefix of
/// them that holds at least everything before the last successful [`Store::flush`].
pub trait Store: Send + Sync {
    /// Applies all entries or none; at most [`comptoir_core::limits::BATCH_ENTRIES_MAX`]. Readers see them at once; they are durable after the next flush.
    fn apply(&self, batch: Vec<Entry>) -> Result<(), StoreError>;
    /// Returns once everything applied before is on the disk.
    fn flush(&self) -> Result<(), StoreError>;
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// The last key at or before `to` that is not before `from`, and its value.
    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Row>, StoreError>;
    /// Calls `visit` with each key from `from` up to but without `to`, in order.
    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError>;
}
