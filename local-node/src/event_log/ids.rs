//! The index from event ids to positions. It makes a retry a duplicate instead of a second sale.
//!
//! The index is derived from the records and never delays an acknowledgement. The newest ids are in memory. Once there are
//! [`TAIL_MAX`] of them they are written as a sorted run of 4 KiB blocks, and [`RUNS_PER_LEVEL`] runs of one level are merged, a
//! few blocks after each group, into one run of the next level. At open, the records that no run covers are read again. A store's
//! cost is per entry: one entry per id would cost more than the record it points to.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use comptoir_core::id::EventId;

use super::filter::Filter;
use super::finding::Finding;
use super::id_runs::{Blocks, Item, Merge, Run, RunList, RunWriter, apply_all, items};
use super::keys::{self, RecordKind};
use super::position::LogPosition;
use super::store::{Entry, Store, StoreError};

/// Ids held in memory before a run is written: they take half a megabyte, and a few milliseconds to read again at open.
pub(crate) const TAIL_MAX: usize = 8_192;
const RUNS_PER_LEVEL: usize = 8;

/// The index as readers use it. If an id has several positions, as after a new epoch, the newest counts.
pub(crate) struct Ids(RwLock<Index>);

#[derive(Default)]
struct Index {
    tail: HashMap<EventId, LogPosition>,
    /// Oldest first.
    runs: Arc<[Arc<Run>]>,
}

impl Ids {
    /// The newest position of an id.
    pub(crate) fn get(&self, store: &dyn Store, id: EventId) -> Result<Option<LogPosition>, StoreError> {
        loop {
            let (tail, runs) = {
                let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
                (index.tail.get(&id).copied(), index.runs.clone())
            };
            if tail.is_some() {
                return Ok(tail);
            }
            for run in runs.iter().rev() {
                if let Some(position) = run.get(store, id)? {
                    return Ok(Some(position));
                }
            }
            // A merge may have moved the id to another run after the list was taken.
            if Arc::ptr_eq(&runs, &self.0.read().unwrap_or_else(PoisonError::into_inner).runs) {
                return Ok(None);
            }
        }
    }
}

/// Changes the index. Only the log's writer has it.
pub(crate) struct IdWriter {
    ids: Arc<Ids>,
    /// The position of the newest indexed id.
    noted: LogPosition,
    /// The position up to which the runs cover the records.
    indexed: LogPosition,
    next_run: u32,
    merge: Option<Merge>,
}

impl IdWriter {
    /// Reads the list of runs and removes the blocks of unlisted ones. Also returns the first run that differs from the list; in
    /// that case nothing is removed.
    pub(crate) fn open(store: &dyn Store) -> Result<(IdWriter, Result<(), Finding>), StoreError> {
        let listed = store.get(&keys::single(RecordKind::IdRuns))?;
        let unreadable = || StoreError { doing: "read the list of id runs", error: "it does not read".to_owned() };
        let list = listed.map_or(Some(RunList::default()), |bytes| RunList::decode(&bytes)).ok_or_else(unreadable)?;
        let mut found: HashMap<u32, (Filter, Blocks)> =
            list.runs.iter().map(|run| (run.number, (Filter::for_ids(run.count), Blocks::default()))).collect();
        let (from, to) = keys::all_of(RecordKind::IdRun);
        let mut rubbish = Vec::new();
        let scanned = store.scan(&from, &to, &mut |key, block| {
            match keys::run_in(key).and_then(|number| found.get_mut(&number)) {
                Some((filter, blocks)) => {
                    items(block).for_each(|(id, _)| filter.add(id));
                    blocks.add(block);
                }
                None => rubbish.push(Entry::remove(key.to_vec())),
            }
            ControlFlow::Continue(())
        });
        let mut checked = scanned.map_err(Finding::Store);
        let mut runs = Vec::with_capacity(list.runs.len());
        for listed in list.runs {
            let Some((filter, blocks)) = found.remove(&listed.number) else { continue };
            let same = (blocks.count(), blocks.digest()) == (listed.count, listed.digest);
            if checked.is_ok() && !same {
                let described =
                    |count: u64, digest: [u8; 16]| format!("{count} ids with digest {}", hex::encode(digest));
                let (expected, found) =
                    (described(listed.count, listed.digest), described(blocks.count(), blocks.digest()));
                checked = Err(Finding::IdRun { run: listed.number, expected, found });
            }
            runs.push(Arc::new(Run { listed, filter }));
        }
        if checked.is_ok() {
            apply_all(store, rubbish)?;
        }
        let next_run = runs.iter().map(|run| run.listed.number + 1).max().unwrap_or(0);
        let index = Index { tail: HashMap::new(), runs: runs.into() };
        let ids = Arc::new(Ids(RwLock::new(index)));
        let writer = IdWriter { ids, noted: list.indexed, indexed: list.indexed, next_run, merge: None };
        Ok((writer, checked))
    }

    pub(crate) fn ids(&self) -> Arc<Ids> {
        self.ids.clone()
    }

    /// The position after which records must be indexed again.
    pub(crate) fn indexed(&self) -> LogPosition {
        self.indexed
    }

    /// Indexes durable records, in the order of their positions.
    pub(crate) fn note(&mut self, records: impl IntoIterator<Item = Item>) {
        let mut index = self.ids.0.write().unwrap_or_else(PoisonError::into_inner);
        for (id, position) in records {
            index.tail.insert(id, position);
            self.noted = position;
        }
    }

    /// Writes the tail as a run once it is long enough, and continues merging by some blocks. Nothing here waits for the disk.
    pub(crate) fn settle(&mut self, store: &dyn Store, blocks: usize) -> Result<(), StoreError> {
        if self.index().tail.len() >= TAIL_MAX {
            self.write_tail(store)?;
        }
        if self.merge.is_none() {
            self.merge = self.begin_merge();
        }
        if let Some(mut merge) = self.merge.take() {
            merge.step(store, blocks)?;
            if merge.is_done() {
                self.publish_merge(store, merge)?;
            } else {
                self.merge = Some(merge);
            }
        }
        Ok(())
    }

    fn write_tail(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let mut sorted: Vec<Item> = self.index().tail.iter().map(|(id, position)| (*id, *position)).collect();
        sorted.sort_unstable_by_key(|(id, _)| *id);
        let mut run = RunWriter::new(self.take_number(), 0, sorted.len() as u64);
        sorted.into_iter().for_each(|item| run.push(item));
        run.close_block();
        run.write(store)?;
        let runs = self.index().runs.iter().cloned().chain([run.finish()]).collect();
        self.publish(store, runs, self.noted, true)
    }

    fn begin_merge(&mut self) -> Option<Merge> {
        let runs = self.index().runs.clone();
        let level = runs
            .iter()
            .map(|run| run.listed.level)
            .find(|level| runs.iter().filter(|run| run.listed.level == *level).count() >= RUNS_PER_LEVEL)?;
        let of_level = runs.iter().filter(|run| run.listed.level == level);
        let sources: Vec<_> = of_level.take(RUNS_PER_LEVEL).cloned().collect();
        Some(Merge::new(sources, self.take_number()))
    }

    fn publish_merge(&mut self, store: &dyn Store, merge: Merge) -> Result<(), StoreError> {
        let runs = self.index().runs.clone();
        let at = runs.iter().position(|run| merge.takes(run)).expect("a run stays listed until its merge is published");
        let mut remaining: Vec<_> = runs.iter().filter(|run| !merge.takes(run)).cloned().collect();
        let (merged, replaced) = merge.finish();
        remaining.insert(at, merged);
        self.publish(store, remaining.into(), self.indexed, false)?;
        apply_all(store, replaced)
    }

    fn publish(
        &mut self,
        store: &dyn Store,
        runs: Arc<[Arc<Run>]>,
        indexed: LogPosition,
        empty_tail: bool,
    ) -> Result<(), StoreError> {
        let listed = runs.iter().map(|run| run.listed).collect();
        let list = RunList { indexed, runs: listed };
        store.apply(vec![Entry::set(keys::single(RecordKind::IdRuns), list.encode())])?;
        let mut index = self.ids.0.write().unwrap_or_else(PoisonError::into_inner);
        index.runs = runs;
        self.indexed = indexed;
        if empty_tail {
            index.tail.clear();
        }
        Ok(())
    }

    fn take_number(&mut self) -> u32 {
        self.next_run += 1;
        self.next_run - 1
    }

    fn index(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.ids.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use comptoir_core::position::Seq;

    use super::super::memory::MemDisk;
    use super::*;

    fn id(number: u64) -> EventId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        EventId::from_bytes(bytes)
    }

    fn position(seq: u64) -> LogPosition {
        LogPosition { epoch: 1 + (seq / 100_000) as u32, seq: Seq(seq) }
    }

    #[test]
    fn every_id_of_many_runs_is_found_at_its_newest_place_and_no_other_id_is() {
        let disk = MemDisk::default();
        let store = disk.store();
        let (mut writer, _) = IdWriter::open(&store).unwrap();
        let total = 20 * TAIL_MAX as u64;
        for seq in 0..total {
            // The first thousand are sealed again at the end, as a new epoch does.
            writer.note([(id(if seq < total - 1000 { seq } else { seq - (total - 1000) }), position(seq))]);
            if seq % 64 == 0 {
                writer.settle(&store, 2).unwrap();
            }
        }
        let ids = writer.ids();
        for seq in 1000..total - 1000 {
            assert_eq!(ids.get(&store, id(seq)).unwrap(), Some(position(seq)));
        }
        for seq in 0..1000 {
            assert_eq!(ids.get(&store, id(seq)).unwrap(), Some(position(total - 1000 + seq)));
        }
        for other in total..total + 2000 {
            assert_eq!(ids.get(&store, id(other)).unwrap(), None);
        }
        assert!(ids.0.read().unwrap().runs.len() < 16, "runs are merged while ids come in");
    }

    /// A lost block would turn a retry into a second sale: no read of another id would notice.
    #[test]
    fn a_run_that_lost_a_block_is_found_when_the_index_is_opened() {
        let disk = MemDisk::default();
        let (mut writer, _) = IdWriter::open(&disk.store()).unwrap();
        writer.note((0..TAIL_MAX as u64).map(|seq| (id(seq), position(seq))));
        writer.settle(&disk.store(), 0).unwrap();
        disk.store().flush().unwrap();
        assert_eq!(IdWriter::open(&disk.store()).unwrap().1, Ok(()));
        disk.tamper(|rows| {
            let block = rows.keys().filter(|key| key[0] == RecordKind::IdRun as u8).nth(20).cloned().unwrap();
            rows.remove(&block);
        });
        let found = IdWriter::open(&disk.store()).unwrap().1;
        assert!(matches!(found, Err(Finding::IdRun { run: 0, .. })), "{found:?}");
    }

    #[test]
    fn after_a_power_cut_listed_runs_answer_and_the_rest_is_noted_again() {
        let disk = MemDisk::default();
        let mut noted = 0;
        for boot in 0..16u64 {
            let store = disk.store();
            let (mut writer, checked) = IdWriter::open(&store).unwrap();
            assert_eq!(checked, Ok(()), "boot {boot}");
            let from = if noted == 0 {
                0
            } else {
                writer.indexed().seq.0 + u64::from(writer.indexed() != LogPosition::default())
            };
            for seq in (0..from).step_by(7) {
                assert_eq!(writer.ids().get(&store, id(seq)).unwrap(), Some(position(seq)), "boot {boot}");
            }
            for seq in from..noted + 5_000 {
                writer.note([(id(seq), position(seq))]);
                if seq % 100 == 0 {
                    writer.settle(&store, 4).unwrap();
                }
            }
            noted += 5_000;
            disk.cut_power((boot as usize * 7) % (disk.unsynced() + 1));
        }
    }
}
