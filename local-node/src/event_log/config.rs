//! Where a log is, whose it is, and how much room it leaves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::directory::Identity;
use super::memory::MemDisk;
use super::sled_store::SledStore;
use super::store::{Store, StoreError};

/// The location, owner and limits of a log.
#[derive(Clone)]
pub struct LogConfig {
    /// The log's own directory; created at first start.
    pub dir: PathBuf,
    /// Stored at the first start; another identity is refused later.
    pub identity: Identity,
    /// The store.
    pub backend: Backend,
    /// The free space below which appends are refused.
    pub low_disk: LowDisk,
    /// Callers that may wait for the writer; further ones are answered with a retry time.
    pub queue_len: usize,
}

impl LogConfig {
    /// sled in a directory, with the default limits.
    pub fn new(dir: impl Into<PathBuf>, identity: Identity) -> LogConfig {
        LogConfig {
            dir: dir.into(),
            identity,
            backend: Backend::Sled { cache_bytes: 48 * 1024 * 1024 },
            low_disk: LowDisk::default(),
            queue_len: 1_024,
        }
    }
}

/// The implementation of the store.
#[derive(Clone)]
pub enum Backend {
    /// sled, made durable by `durable-sys`.
    Sled {
        /// sled's page cache. Its own default is a gigabyte.
        cache_bytes: u64,
    },
    /// Memory with injected faults, for tests. The lock, the registration and the high-water mark are still files.
    Memory(MemDisk),
}

impl Backend {
    /// Opens the store in a directory.
    pub(super) fn open(&self, path: &Path) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Backend::Sled { cache_bytes } => Arc::new(SledStore::open(path, *cache_bytes)?),
            Backend::Memory(disk) => Arc::new(disk.store()),
        })
    }
}

/// Appends are refused when free space is below both limits, which leaves room for reads, for sled's own files and for the
/// operator. The smaller limit counts: 5 % of a 2 TB disk are 100 GB, which no till needs, and 200 MB of a 2 GB card are a tenth
/// of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LowDisk {
    /// Free space in percent of the file system.
    pub free_percent_min: u64,
    /// Free space in bytes.
    pub free_bytes_min: u64,
}

impl Default for LowDisk {
    fn default() -> Self {
        LowDisk { free_percent_min: 5, free_bytes_min: 200 * 1024 * 1024 }
    }
}

impl LowDisk {
    /// The bytes that must be free on a file system of this size.
    pub(crate) fn needed_of(self, total_bytes: u64) -> u64 {
        (total_bytes / 100 * self.free_percent_min).min(self.free_bytes_min)
    }
}
