//! Where each event id stands: what makes a retry a duplicate and not a second sale.
//!
//! The index is derived from the records, and never on the way to an acknowledgement. The newest ids are held in memory; once
//! there are [`TAIL_MAX`] of them they are written as a sorted run of 4 KiB blocks, and [`RUNS_PER_LEVEL`] runs of one level are
//! merged, a few blocks after each group, into one of the next. At open, what the runs do not cover is read again from the
//! records. A store's cost is per entry: one entry per id would cost more than the record it leads to.
//!
//! A block, under its run's number and its first id: up to 146 times event id 16 | epoch u32 | seq u64, sorted by id.
//! The list of runs: up to where they cover the records (epoch u32, seq u64), then of each run, oldest first, its number u32,
//! level u32 and count u64. Blocks of a run that is not listed are rubbish of a crash. All numbers are big-endian.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use comptoir_core::id::EventId;
use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX};
use comptoir_core::position::Seq;

use super::filter::Filter;
use super::keys::{self, Kind};
use super::store::{Entry, Store, StoreError};

/// Ids held in memory before a run is written: they take half a megabyte, and a few milliseconds to read again at open.
pub(crate) const TAIL_MAX: usize = 8_192;
const RUNS_PER_LEVEL: usize = 8;
const ITEM_BYTES: usize = 28;
const BLOCK_ITEMS: usize = CHUNK_BYTES_MAX / ITEM_BYTES;

/// Where a record stands: the order of places is the order of sealing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Place {
    pub(crate) epoch: u32,
    pub(crate) seq: Seq,
}

type Item = (EventId, Place);

/// The index as everyone may read it. Of several places of one id, as a new epoch makes them, the newest counts.
pub(crate) struct Ids(RwLock<Index>);

#[derive(Default)]
struct Index {
    tail: HashMap<EventId, Place>,
    /// Oldest first.
    runs: Arc<[Arc<Run>]>,
}

struct Run {
    number: u32,
    level: u32,
    count: u64,
    filter: Filter,
}

impl Ids {
    /// The newest place of an id.
    pub(crate) fn get(&self, store: &dyn Store, id: EventId) -> Result<Option<Place>, StoreError> {
        loop {
            let (tail, runs) = {
                let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
                (index.tail.get(&id).copied(), index.runs.clone())
            };
            if tail.is_some() {
                return Ok(tail);
            }
            for run in runs.iter().rev().filter(|run| run.filter.may_hold(id)) {
                if let Some(place) = find_in_run(store, run.number, id)? {
                    return Ok(Some(place));
                }
            }
            // A merge may have moved the id to another run after the list was taken.
            if Arc::ptr_eq(&runs, &self.0.read().unwrap_or_else(PoisonError::into_inner).runs) {
                return Ok(None);
            }
        }
    }
}

fn find_in_run(store: &dyn Store, run: u32, id: EventId) -> Result<Option<Place>, StoreError> {
    let block = store.last(&keys::id_run(run, &[0; 16]), &keys::id_run(run, id.as_bytes()))?;
    Ok(block.and_then(|(_, block)| items(&block).find(|(found, _)| *found == id).map(|(_, place)| place)))
}

/// The one hand that changes the index: the log's writer.
pub(crate) struct IdWriter {
    ids: Arc<Ids>,
    /// The place of the newest id that was noted.
    noted: Place,
    /// Up to where the runs cover the records.
    indexed: Place,
    next_run: u32,
    merge: Option<Merge>,
}

impl IdWriter {
    /// Reads which runs are whole, and removes what a crash left of others.
    pub(crate) fn open(store: &dyn Store) -> Result<IdWriter, StoreError> {
        let listed = store.get(&keys::single(Kind::IdRuns))?;
        let unreadable = || StoreError { doing: "read the list of id runs", error: "it does not read".to_owned() };
        let list = listed.map_or(Some(RunList::default()), |bytes| RunList::decode(&bytes)).ok_or_else(unreadable)?;
        let mut filters: HashMap<u32, Filter> =
            list.runs.iter().map(|&(number, _, count)| (number, Filter::for_ids(count))).collect();
        let (from, to) = keys::all_of(Kind::IdRun);
        let mut rubbish = Vec::new();
        store.scan(&from, &to, &mut |key, block| {
            match keys::run_in(key).and_then(|number| filters.get_mut(&number)) {
                Some(filter) => items(block).for_each(|(id, _)| filter.add(id)),
                None => rubbish.push(Entry::remove(key.to_vec())),
            }
            ControlFlow::Continue(())
        })?;
        apply_all(store, rubbish)?;
        let runs = list.runs.iter().filter_map(|&(number, level, count)| {
            filters.remove(&number).map(|filter| Arc::new(Run { number, level, count, filter }))
        });
        let index = Index { tail: HashMap::new(), runs: runs.collect() };
        let next_run = list.runs.iter().map(|(number, ..)| number + 1).max().unwrap_or(0);
        let ids = Arc::new(Ids(RwLock::new(index)));
        Ok(IdWriter { ids, noted: list.indexed, indexed: list.indexed, next_run, merge: None })
    }

    /// The index for readers.
    pub(crate) fn ids(&self) -> Arc<Ids> {
        self.ids.clone()
    }

    /// After which place the records have to be noted again.
    pub(crate) fn indexed(&self) -> Place {
        self.indexed
    }

    /// Notes records that are durable, in the order of their places.
    pub(crate) fn note(&mut self, records: impl IntoIterator<Item = Item>) {
        let mut index = self.ids.0.write().unwrap_or_else(PoisonError::into_inner);
        for (id, place) in records {
            index.tail.insert(id, place);
            self.noted = place;
        }
    }

    /// Writes the tail as a run once it is long enough, and goes on merging by some blocks. Nothing here waits for the disk.
    pub(crate) fn settle(&mut self, store: &dyn Store, blocks: usize) -> Result<(), StoreError> {
        if self.index().tail.len() >= TAIL_MAX {
            self.write_tail(store)?;
        }
        if self.merge.is_none() {
            self.merge = self.begin_merge();
        }
        if let Some(mut merge) = self.merge.take() {
            merge.step(store, blocks)?;
            if merge.done {
                self.publish_merge(store, merge)?;
            } else {
                self.merge = Some(merge);
            }
        }
        Ok(())
    }

    fn write_tail(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let mut sorted: Vec<Item> = self.index().tail.iter().map(|(id, place)| (*id, *place)).collect();
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
            .map(|run| run.level)
            .find(|level| runs.iter().filter(|run| run.level == *level).count() >= RUNS_PER_LEVEL)?;
        let sources: Vec<_> = runs.iter().filter(|run| run.level == level).take(RUNS_PER_LEVEL).cloned().collect();
        let count = sources.iter().map(|run| run.count).sum();
        let target = RunWriter::new(self.take_number(), level + 1, count);
        let cursors = sources.iter().map(|run| Cursor::new(run.number)).collect();
        Some(Merge { sources, cursors, target, done: false })
    }

    fn publish_merge(&mut self, store: &dyn Store, merge: Merge) -> Result<(), StoreError> {
        let merged = |run: &Arc<Run>| merge.sources.iter().any(|source| source.number == run.number);
        let replacement = merge.target.finish();
        let runs = self.index().runs.clone();
        let at = runs.iter().position(merged).expect("a run stays listed until its merge is published");
        let mut kept: Vec<_> = runs.iter().filter(|run| !merged(run)).cloned().collect();
        kept.insert(at, replacement);
        self.publish(store, kept.into(), self.indexed, false)?;
        apply_all(store, merge.cursors.into_iter().flat_map(|cursor| cursor.passed).map(Entry::remove).collect())
    }

    fn publish(
        &mut self,
        store: &dyn Store,
        runs: Arc<[Arc<Run>]>,
        indexed: Place,
        empty_tail: bool,
    ) -> Result<(), StoreError> {
        let listed = runs.iter().map(|run| (run.number, run.level, run.count)).collect();
        let list = RunList { indexed, runs: listed };
        store.apply(vec![Entry::set(keys::single(Kind::IdRuns), list.encode())])?;
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

/// Several runs on their way into one. Until it is published its blocks are rubbish, and the sources answer.
struct Merge {
    /// Oldest first.
    sources: Vec<Arc<Run>>,
    cursors: Vec<Cursor>,
    target: RunWriter,
    done: bool,
}

impl Merge {
    /// Moves on until some blocks are full.
    fn step(&mut self, store: &dyn Store, blocks: usize) -> Result<(), StoreError> {
        while self.target.blocks.len() < blocks {
            for cursor in &mut self.cursors {
                cursor.fill(store)?;
            }
            let Some(least) = self.cursors.iter().filter_map(Cursor::head).map(|(id, _)| id).min() else {
                self.done = true;
                break;
            };
            // Of one id in several runs the newest place is kept.
            let places = self.cursors.iter_mut().filter_map(|cursor| cursor.take(least));
            if let Some(place) = places.max() {
                self.target.push((least, place));
            }
        }
        if self.done {
            self.target.close_block();
        }
        self.target.write(store)
    }
}

/// Reads one run in order, a block at a time.
struct Cursor {
    run: u32,
    items: VecDeque<Item>,
    /// Keys of the blocks read so far.
    passed: Vec<Vec<u8>>,
    ended: bool,
}

impl Cursor {
    fn new(run: u32) -> Cursor {
        Cursor { run, items: VecDeque::new(), passed: Vec::new(), ended: false }
    }

    fn fill(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        if !self.items.is_empty() || self.ended {
            return Ok(());
        }
        let after_last = |key: &Vec<u8>| key.iter().copied().chain([0]).collect();
        let from = self.passed.last().map_or_else(|| keys::id_run(self.run, &[0; 16]), after_last);
        let mut found = None;
        store.scan(&from, &keys::id_run(self.run + 1, &[0; 16]), &mut |key, block| {
            found = Some((key.to_vec(), block.to_vec()));
            ControlFlow::Break(())
        })?;
        match found {
            Some((key, block)) => {
                self.passed.push(key);
                self.items = items(&block).collect();
            }
            None => self.ended = true,
        }
        Ok(())
    }

    fn head(&self) -> Option<Item> {
        self.items.front().copied()
    }

    fn take(&mut self, id: EventId) -> Option<Place> {
        self.head().filter(|(head, _)| *head == id)?;
        self.items.pop_front().map(|(_, place)| place)
    }
}

/// A run being written.
struct RunWriter {
    run: Run,
    block: Vec<u8>,
    blocks: Vec<Entry>,
}

impl RunWriter {
    fn new(number: u32, level: u32, count: u64) -> RunWriter {
        let run = Run { number, level, count, filter: Filter::for_ids(count) };
        RunWriter { run, block: Vec::new(), blocks: Vec::new() }
    }

    fn push(&mut self, (id, place): Item) {
        self.run.filter.add(id);
        self.block.extend_from_slice(id.as_bytes());
        self.block.extend_from_slice(&place.epoch.to_be_bytes());
        self.block.extend_from_slice(&place.seq.0.to_be_bytes());
        if self.block.len() == BLOCK_ITEMS * ITEM_BYTES {
            self.close_block();
        }
    }

    fn close_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if let Some(first) = block.first_chunk::<16>() {
            self.blocks.push(Entry::set(keys::id_run(self.run.number, first), block));
        }
    }

    fn write(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        apply_all(store, std::mem::take(&mut self.blocks))
    }

    fn finish(self) -> Arc<Run> {
        assert!(self.block.is_empty() && self.blocks.is_empty(), "a run is written before it is listed");
        Arc::new(self.run)
    }
}

#[derive(Default)]
struct RunList {
    indexed: Place,
    runs: Vec<(u32, u32, u64)>,
}

impl RunList {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12 + 16 * self.runs.len());
        bytes.extend_from_slice(&self.indexed.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.indexed.seq.0.to_be_bytes());
        for (number, level, count) in &self.runs {
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(&level.to_be_bytes());
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<RunList> {
        let (epoch, rest) = bytes.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (runs, odd) = rest.as_chunks::<16>();
        let number = |bytes: &[u8]| Some(u32::from_be_bytes(*bytes.first_chunk()?));
        let read =
            |run: &[u8; 16]| Some((number(&run[..4])?, number(&run[4..8])?, u64::from_be_bytes(*run.last_chunk()?)));
        let runs = runs.iter().map(read).collect::<Option<_>>()?;
        let indexed = Place { epoch: u32::from_be_bytes(*epoch), seq: Seq(u64::from_be_bytes(*seq)) };
        odd.is_empty().then_some(RunList { indexed, runs })
    }
}

fn items(block: &[u8]) -> impl Iterator<Item = Item> {
    block.as_chunks::<ITEM_BYTES>().0.iter().filter_map(|item| {
        let (id, rest) = item.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let seq = Seq(u64::from_be_bytes(*rest.first_chunk()?));
        Some((EventId::from_bytes(*id), Place { epoch: u32::from_be_bytes(*epoch), seq }))
    })
}

fn apply_all(store: &dyn Store, entries: Vec<Entry>) -> Result<(), StoreError> {
    entries.chunks(BATCH_ENTRIES_MAX).try_for_each(|batch| store.apply(batch.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::memory::MemDisk;
    use super::*;

    fn id(number: u64) -> EventId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        EventId::from_bytes(bytes)
    }

    fn place(seq: u64) -> Place {
        Place { epoch: 1 + (seq / 100_000) as u32, seq: Seq(seq) }
    }

    #[test]
    fn every_id_of_many_runs_is_found_at_its_newest_place_and_no_other_id_is() {
        let disk = MemDisk::default();
        let store = disk.store();
        let mut writer = IdWriter::open(&store).unwrap();
        let total = 20 * TAIL_MAX as u64;
        for seq in 0..total {
            // The first thousand are sealed again at the end, as a new epoch does.
            writer.note([(id(if seq < total - 1000 { seq } else { seq - (total - 1000) }), place(seq))]);
            if seq % 64 == 0 {
                writer.settle(&store, 2).unwrap();
            }
        }
        let ids = writer.ids();
        for seq in 1000..total - 1000 {
            assert_eq!(ids.get(&store, id(seq)).unwrap(), Some(place(seq)));
        }
        for seq in 0..1000 {
            assert_eq!(ids.get(&store, id(seq)).unwrap(), Some(place(total - 1000 + seq)));
        }
        for other in total..total + 2000 {
            assert_eq!(ids.get(&store, id(other)).unwrap(), None);
        }
        assert!(ids.0.read().unwrap().runs.len() < 16, "runs are merged while ids come in");
    }

    #[test]
    fn after_a_power_cut_the_runs_that_were_listed_answer_and_the_rest_is_to_be_noted_again() {
        let disk = MemDisk::default();
        let mut noted = 0;
        for boot in 0..16u64 {
            let store = disk.store();
            let mut writer = IdWriter::open(&store).unwrap();
            let from =
                if noted == 0 { 0 } else { writer.indexed().seq.0 + u64::from(writer.indexed() != Place::default()) };
            for seq in (0..from).step_by(7) {
                assert_eq!(writer.ids().get(&store, id(seq)).unwrap(), Some(place(seq)), "boot {boot}");
            }
            for seq in from..noted + 5_000 {
                writer.note([(id(seq), place(seq))]);
                if seq % 100 == 0 {
                    writer.settle(&store, 4).unwrap();
                }
            }
            noted += 5_000;
            disk.cut_power((boot as usize * 7) % (disk.unsynced() + 1));
        }
    }
}
