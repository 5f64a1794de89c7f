//! A log's store in memory with injectable disk faults, for tests.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX};

use super::store::{Entry, KEY_BYTES_MAX, Row, Store, StoreError, Visit};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Faults of the disk from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    /// This many writes still succeed; later ones return an I/O error.
    pub writes_left: Option<u64>,
    /// Flushes return an I/O error, and their data is lost at a power cut.
    pub flushes_fail: bool,
    /// Flushes report success and do nothing, like some broken drives.
    pub flushes_lie: bool,
}

/// A disk that outlives the stores opened on it.
#[derive(Clone, Default)]
pub struct MemDisk(Arc<Mutex<Disk>>);

#[derive(Default)]
struct Disk {
    rows: Rows,
    /// The data that survives a power cut.
    durable: Rows,
    /// Batches since the last flush, in order.
    unsynced: Vec<Vec<Entry>>,
    faults: Faults,
    /// Scans that begin before this key end before it.
    scans_end_at: Option<Vec<u8>>,
    flushes: u64,
    /// Raised by a power cut: stores opened before it are dead.
    generation: u64,
}

impl MemDisk {
    /// Opens a store on the disk.
    pub fn store(&self) -> MemStore {
        MemStore { disk: self.clone(), generation: self.lock().generation }
    }

    /// Sets the faults.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// The number of requested flushes.
    pub fn flushes(&self) -> u64 {
        self.lock().flushes
    }

    /// The number of batches that are not durable yet.
    pub fn unsynced(&self) -> usize {
        self.lock().unsynced.len()
    }

    /// Cuts the power: of the batches since the last flush only the first `surviving` survive. Ends the faults.
    pub fn cut_power(&self, surviving: usize) {
        let mut disk = self.lock();
        let unsynced = std::mem::take(&mut disk.unsynced);
        unsynced.into_iter().take(surviving).for_each(|batch| write(&mut disk.durable, batch));
        disk.rows = disk.durable.clone();
        disk.faults = Faults::default();
        disk.generation += 1;
    }

    /// Changes a value on the disk behind the store: bit rot, or manual interference.
    pub fn tamper(&self, change: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>)) {
        let mut disk = self.lock();
        change(&mut disk.durable);
        disk.rows = disk.durable.clone();
        disk.unsynced.clear();
    }

    /// Lets forward scans that begin before a key end before it, as in a tree whose leaf lost its link to the next leaves. Those
    /// leaves are still found backwards and by key.
    pub fn end_scans_at(&self, key: Vec<u8>) {
        self.lock().scans_end_at = Some(key);
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One opening of a [`MemDisk`].
pub struct MemStore {
    disk: MemDisk,
    generation: u64,
}

impl MemStore {
    fn powered(&self, doing: &'static str) -> Result<MutexGuard<'_, Disk>, StoreError> {
        let disk = self.disk.lock();
        if disk.generation == self.generation { Ok(disk) } else { Err(failed(doing, "the power was cut")) }
    }
}

impl Store for MemStore {
    fn apply(&self, batch: Vec<Entry>) -> Result<(), StoreError> {
        assert!(batch.len() <= BATCH_ENTRIES_MAX, "a batch of {} entries", batch.len());
        for entry in &batch {
            let bytes = entry.value.as_ref().map_or(0, Vec::len);
            assert!(bytes <= CHUNK_BYTES_MAX && entry.key.len() <= KEY_BYTES_MAX, "a value of {bytes} bytes");
        }
        let mut disk = self.powered("write")?;
        if let Some(left) = &mut disk.faults.writes_left {
            *left = left.checked_sub(1).ok_or_else(|| failed("write", "injected I/O error"))?;
        }
        write(&mut disk.rows, batch.clone());
        disk.unsynced.push(batch);
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        let mut disk = self.powered("flush")?;
        disk.flushes += 1;
        if disk.faults.flushes_fail {
            return Err(failed("flush", "injected I/O error"));
        }
        if !disk.faults.flushes_lie {
            let unsynced = std::mem::take(&mut disk.unsynced);
            unsynced.into_iter().for_each(|batch| write(&mut disk.durable, batch));
        }
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.powered("read")?.rows.get(key).cloned())
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Row>, StoreError> {
        let disk = self.powered("read")?;
        let found = disk.rows.range::<[u8], _>((Bound::Included(from), Bound::Included(to))).next_back();
        Ok(found.map(|(key, value)| (key.clone(), value.clone())))
    }

    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        let mut start = Bound::Included(from.to_vec());
        // One row at a time, so that the visitor may use the store.
        loop {
            let next = {
                let disk = self.powered("read")?;
                let to = match &disk.scans_end_at {
                    Some(end) if from < end.as_slice() && end.as_slice() < to => end.as_slice(),
                    _ => to,
                };
                let mut range = disk.rows.range::<[u8], _>((start.as_ref().map(Vec::as_slice), Bound::Excluded(to)));
                range.next().map(|(key, value)| (key.clone(), value.clone()))
            };
            match next {
                Some((key, value)) if visit(&key, &value) == ControlFlow::Continue(()) => start = Bound::Excluded(key),
                _ => return Ok(()),
            }
        }
    }
}

fn write(rows: &mut Rows, batch: Vec<Entry>) {
    for Entry { key, value } in batch {
        match value {
            Some(value) => drop(rows.insert(key, value)),
            None => drop(rows.remove(&key)),
        }
    }
}

fn failed(doing: &'static str, error: &str) -> StoreError {
    StoreError { doing, error: error.to_owned() }
}
