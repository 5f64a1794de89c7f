//! The sled store, the only file that names sled. Its `flush()` is durable only with `durable-sys` linked; opening the log proves
//! that it is.

use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX};
use sled::IVec;

use super::store::{CONTRADICTION, Entry, KEY_BYTES_MAX, Row, Store, StoreError, Visit};

/// sled releases its file lock a moment after it was dropped; a process that opens the log again waits that long.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Attempts before a row that only one scan direction finds counts as damage. A concurrent write can cause one difference.
const END_LOOKS: usize = 3;

pub(crate) struct SledStore {
    db: sled::Db,
}

impl SledStore {
    /// Opens or creates the database in a directory.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<SledStore, StoreError> {
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            // Only this background pass collects garbage; with None the file would grow without bound.
            .flush_every_ms(Some(500));
        let started = Instant::now();
        loop {
            match guarded("open", || config.open()) {
                Err(error) if error.error.contains("WouldBlock") && started.elapsed() < LOCK_WAIT => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                opened => return opened.map(|db| SledStore { db }),
            }
        }
    }
}

impl Store for SledStore {
    fn apply(&self, batch: Vec<Entry>) -> Result<(), StoreError> {
        assert!(
            batch.len() <= BATCH_ENTRIES_MAX,
            "{} entries: larger batches make sled hold memory for ever",
            batch.len()
        );
        for entry in &batch {
            let bytes = entry.value.as_ref().map_or(0, Vec::len);
            assert!(
                bytes <= CHUNK_BYTES_MAX && entry.key.len() <= KEY_BYTES_MAX,
                "{bytes} bytes: large values go to files sled never syncs"
            );
        }
        guarded("write", || match <[Entry; 1]>::try_from(batch) {
            // One entry is atomic as it is. A batch costs sled a manifest with a write and a sync of its own.
            Ok([Entry { key, value: Some(value) }]) => self.db.insert(key, value).map(drop),
            Ok([Entry { key, value: None }]) => self.db.remove(key).map(drop),
            Err(entries) => {
                let mut batch = sled::Batch::default();
                for Entry { key, value } in entries {
                    match value {
                        Some(value) => batch.insert(key, value),
                        None => batch.remove(key),
                    }
                }
                self.db.apply_batch(batch)
            }
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        guarded("flush", || self.db.flush()).map(drop)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded("read", || self.db.get(key)).map(|value| value.map(|value| value.to_vec()))
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Row>, StoreError> {
        let found = guarded("read", || self.db.range(from..=to).next_back().transpose())?;
        Ok(found.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        // A new range per row: sled evicts pages only after 64 accesses in one of its 256 shards, and a range counts one access
        // for each page of up to 16 rows. Reading a million records in one range took 400 MB whatever the cache's size.
        let mut start = Bound::Included(IVec::from(from));
        // Only sled's step is guarded: a panic of the visitor passes through.
        let end = IVec::from(to);
        loop {
            let next = guarded("read", || self.first_in(&start, &end))?;
            let Some((key, value)) = (match next {
                Some(row) => Some(row),
                None => self.first_after_end(&start, &end)?,
            }) else {
                return Ok(());
            };
            if visit(&key, &value) == ControlFlow::Break(()) {
                return Ok(());
            }
            start = Bound::Excluded(key);
        }
    }
}

impl SledStore {
    fn first_in(&self, start: &Bound<IVec>, end: &IVec) -> sled::Result<Option<(IVec, IVec)>> {
        self.db.range::<IVec, _>((start.clone(), Bound::Excluded(end.clone()))).next().transpose()
    }

    /// Looks backwards from the end of a scan. After damage, a leaf of sled can be an older version that ends the tree and hides
    /// all leaves that were split from it: a forward scan misses them. A concurrently written row is simply the next row.
    fn first_after_end(&self, start: &Bound<IVec>, end: &IVec) -> Result<Option<(IVec, IVec)>, StoreError> {
        let mut behind = None;
        for _ in 0..END_LOOKS {
            let range = (start.clone(), Bound::Excluded(end.clone()));
            behind = guarded("read", || self.db.range::<IVec, _>(range).next_back().transpose())?;
            let found = match behind {
                Some(_) => guarded("read", || self.first_in(start, end))?,
                None => return Ok(None),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        let key = behind.map(|(key, _)| hex::encode(key)).unwrap_or_default();
        Err(StoreError {
            doing: "read",
            error: format!("{CONTRADICTION}: a scan does not reach key {key}, which is there"),
        })
    }
}

/// On damaged files sled sometimes panics instead of returning an error.
fn guarded<T>(doing: &'static str, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| StoreError { doing, error: format!("{error:?}") }),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(StoreError { doing, error: format!("sled panicked: {}", words.unwrap_or("without a word")) })
        }
    }
}
