//! Runs of the [index of ids](super::ids): sorted blocks in the store, written once, merged and removed.
//!
//! A block, under its run's number and its first id: up to 146 times event id 16 | epoch u32 | seq u64, sorted by id.
//! The list of runs: up to where they cover the records (epoch u32, seq u64), then of each run, oldest first, its number u32,
//! level u32 and count u64. Blocks of a run that is not listed are rubbish of a crash. All numbers are big-endian.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use comptoir_core::id::EventId;
use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX};
use comptoir_core::position::Seq;

use super::filter::Filter;
use super::ids::Place;
use super::keys;
use super::store::{Entry, Store, StoreError};

const ITEM_BYTES: usize = 28;
const BLOCK_ITEMS: usize = CHUNK_BYTES_MAX / ITEM_BYTES;

/// An id and where it stands.
pub(crate) type Item = (EventId, Place);

/// A whole run.
pub(crate) struct Run {
    pub(crate) number: u32,
    /// How often its ids were merged.
    pub(crate) level: u32,
    pub(crate) count: u64,
    pub(crate) filter: Filter,
}

impl Run {
    /// The place of an id, if the run holds it.
    pub(crate) fn get(&self, store: &dyn Store, id: EventId) -> Result<Option<Place>, StoreError> {
        if !self.filter.may_hold(id) {
            return Ok(None);
        }
        let block = store.last(&keys::id_run(self.number, &[0; 16]), &keys::id_run(self.number, id.as_bytes()))?;
        Ok(block.and_then(|(_, block)| items(&block).find(|(found, _)| *found == id).map(|(_, place)| place)))
    }
}

/// Several runs on their way into one. Until it is published its blocks are rubbish, and the sources answer.
pub(crate) struct Merge {
    sources: Vec<Arc<Run>>,
    cursors: Vec<Cursor>,
    target: RunWriter,
    done: bool,
}

impl Merge {
    /// Begins to merge runs of one level.
    pub(crate) fn new(sources: Vec<Arc<Run>>, number: u32) -> Merge {
        let level = sources.iter().map(|run| run.level + 1).max().unwrap_or(0);
        let target = RunWriter::new(number, level, sources.iter().map(|run| run.count).sum());
        let cursors = sources.iter().map(|run| Cursor::new(run.number)).collect();
        Merge { sources, cursors, target, done: false }
    }

    /// Whether a run is among those being merged.
    pub(crate) fn takes(&self, run: &Run) -> bool {
        self.sources.iter().any(|source| source.number == run.number)
    }

    /// Whether everything is written.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// The merged run, and the keys of the blocks it replaces.
    pub(crate) fn finish(self) -> (Arc<Run>, Vec<Entry>) {
        (self.target.finish(), self.cursors.into_iter().flat_map(|cursor| cursor.passed).map(Entry::remove).collect())
    }

    /// Moves on until some blocks are full.
    pub(crate) fn step(&mut self, store: &dyn Store, blocks: usize) -> Result<(), StoreError> {
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
pub(crate) struct RunWriter {
    run: Run,
    block: Vec<u8>,
    blocks: Vec<Entry>,
}

impl RunWriter {
    pub(crate) fn new(number: u32, level: u32, count: u64) -> RunWriter {
        let run = Run { number, level, count, filter: Filter::for_ids(count) };
        RunWriter { run, block: Vec::new(), blocks: Vec::new() }
    }

    pub(crate) fn push(&mut self, (id, place): Item) {
        self.run.filter.add(id);
        self.block.extend_from_slice(id.as_bytes());
        self.block.extend_from_slice(&place.epoch.to_be_bytes());
        self.block.extend_from_slice(&place.seq.0.to_be_bytes());
        if self.block.len() == BLOCK_ITEMS * ITEM_BYTES {
            self.close_block();
        }
    }

    pub(crate) fn close_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if let Some(first) = block.first_chunk::<16>() {
            self.blocks.push(Entry::set(keys::id_run(self.run.number, first), block));
        }
    }

    pub(crate) fn write(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        apply_all(store, std::mem::take(&mut self.blocks))
    }

    pub(crate) fn finish(self) -> Arc<Run> {
        assert!(self.block.is_empty() && self.blocks.is_empty(), "a run is written before it is listed");
        Arc::new(self.run)
    }
}

/// Which runs are whole.
#[derive(Default)]
pub(crate) struct RunList {
    /// Up to where the runs cover the records.
    pub(crate) indexed: Place,
    /// Number, level and count of each run, oldest first.
    pub(crate) runs: Vec<(u32, u32, u64)>,
}

impl RunList {
    pub(crate) fn encode(&self) -> Vec<u8> {
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

    pub(crate) fn decode(bytes: &[u8]) -> Option<RunList> {
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

pub(crate) fn items(block: &[u8]) -> impl Iterator<Item = Item> {
    block.as_chunks::<ITEM_BYTES>().0.iter().filter_map(|item| {
        let (id, rest) = item.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let seq = Seq(u64::from_be_bytes(*rest.first_chunk()?));
        Some((EventId::from_bytes(*id), Place { epoch: u32::from_be_bytes(*epoch), seq }))
    })
}

pub(crate) fn apply_all(store: &dyn Store, entries: Vec<Entry>) -> Result<(), StoreError> {
    entries.chunks(BATCH_ENTRIES_MAX).try_for_each(|batch| store.apply(batch.to_vec()))
}
