//! Runs of the [index of ids](super::ids): sorted blocks in the store, written once, merged and removed.
//!
//! A block, under its run's number and its first id: up to 146 times event id 16 | epoch u32 | seq u64, sorted by id. The list of
//! runs: the position up to which they cover the records (epoch u32, seq u64), then for each run, oldest first, its number u32,
//! level u32, count u64 and digest 16: the first bytes of the BLAKE3 of its blocks in order. Blocks of an unlisted run are left
//! over from a crash. All numbers are big-endian.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use comptoir_core::id::EventId;
use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX};
use comptoir_core::position::Seq;

use super::filter::Filter;
use super::keys;
use super::position::LogPosition;
use super::store::{Entry, Store, StoreError};

const ITEM_BYTES: usize = 28;
const DIGEST_BYTES: usize = 16;
const LISTED_BYTES: usize = 32;
const BLOCK_ITEMS: usize = CHUNK_BYTES_MAX / ITEM_BYTES;

/// An id and its position.
pub(crate) type Item = (EventId, LogPosition);

pub(crate) struct Run {
    pub(crate) listed: ListedRun,
    pub(crate) filter: Filter,
}

/// A run as the list contains it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ListedRun {
    pub(crate) number: u32,
    /// Number of merges of its ids.
    pub(crate) level: u32,
    pub(crate) count: u64,
    /// The digest of its blocks: a lost block would turn a retry into a second sale.
    pub(crate) digest: [u8; DIGEST_BYTES],
}

/// Counts and hashes the blocks of a run, in their order.
#[derive(Clone, Default)]
pub(crate) struct Blocks {
    count: u64,
    hasher: blake3::Hasher,
}

impl Blocks {
    pub(crate) fn add(&mut self, block: &[u8]) {
        self.count += (block.len() / ITEM_BYTES) as u64;
        self.hasher.update(block);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn digest(&self) -> [u8; DIGEST_BYTES] {
        let hash = self.hasher.finalize();
        *hash.as_bytes().first_chunk().expect("a hash is longer than a digest")
    }
}

impl Run {
    /// The position of an id, if the run has it.
    pub(crate) fn get(&self, store: &dyn Store, id: EventId) -> Result<Option<LogPosition>, StoreError> {
        if !self.filter.may_hold(id) {
            return Ok(None);
        }
        let number = self.listed.number;
        let block = store.last(&keys::id_run(number, &[0; 16]), &keys::id_run(number, id.as_bytes()))?;
        Ok(block.and_then(|(_, block)| items(&block).find(|(found, _)| *found == id).map(|(_, position)| position)))
    }
}

/// A merge of several runs. Until it is published its sources answer and its blocks are ignored.
pub(crate) struct Merge {
    sources: Vec<Arc<Run>>,
    cursors: Vec<RunCursor>,
    target: RunWriter,
    done: bool,
}

impl Merge {
    /// Begins to merge runs of one level.
    pub(crate) fn new(sources: Vec<Arc<Run>>, number: u32) -> Merge {
        let level = sources.iter().map(|run| run.listed.level + 1).max().unwrap_or(0);
        let target = RunWriter::new(number, level, sources.iter().map(|run| run.listed.count).sum());
        let cursors = sources.iter().map(|run| RunCursor::new(run.listed.number)).collect();
        Merge { sources, cursors, target, done: false }
    }

    /// Whether a run is among those being merged.
    pub(crate) fn takes(&self, run: &Run) -> bool {
        self.sources.iter().any(|source| source.listed.number == run.listed.number)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// The merged run, and the keys of the replaced blocks.
    pub(crate) fn finish(self) -> (Arc<Run>, Vec<Entry>) {
        (self.target.finish(), self.cursors.into_iter().flat_map(|cursor| cursor.passed).map(Entry::remove).collect())
    }

    /// Continues until some blocks are full.
    pub(crate) fn step(&mut self, store: &dyn Store, blocks: usize) -> Result<(), StoreError> {
        while self.target.blocks.len() < blocks {
            for cursor in &mut self.cursors {
                cursor.fill(store)?;
            }
            let Some(least) = self.cursors.iter().filter_map(RunCursor::head).map(|(id, _)| id).min() else {
                self.done = true;
                break;
            };
            // If several runs hold an id, its newest position counts.
            let positions = self.cursors.iter_mut().filter_map(|cursor| cursor.take(least));
            if let Some(position) = positions.max() {
                self.target.push((least, position));
            }
        }
        if self.done {
            self.target.close_block();
        }
        self.target.write(store)
    }
}

/// Reads one run in order, a block at a time.
struct RunCursor {
    run: u32,
    items: VecDeque<Item>,
    /// Keys of the blocks read so far.
    passed: Vec<Vec<u8>>,
    ended: bool,
}

impl RunCursor {
    fn new(run: u32) -> RunCursor {
        RunCursor { run, items: VecDeque::new(), passed: Vec::new(), ended: false }
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

    fn take(&mut self, id: EventId) -> Option<LogPosition> {
        self.head().filter(|(head, _)| *head == id)?;
        self.items.pop_front().map(|(_, position)| position)
    }
}

pub(crate) struct RunWriter {
    number: u32,
    level: u32,
    filter: Filter,
    written: Blocks,
    block: Vec<u8>,
    blocks: Vec<Entry>,
}

impl RunWriter {
    /// `count` is the maximum number of ids.
    pub(crate) fn new(number: u32, level: u32, count: u64) -> RunWriter {
        let (filter, written) = (Filter::for_ids(count), Blocks::default());
        RunWriter { number, level, filter, written, block: Vec::new(), blocks: Vec::new() }
    }

    pub(crate) fn push(&mut self, (id, position): Item) {
        self.filter.add(id);
        self.block.extend_from_slice(id.as_bytes());
        self.block.extend_from_slice(&position.epoch.to_be_bytes());
        self.block.extend_from_slice(&position.seq.0.to_be_bytes());
        if self.block.len() == BLOCK_ITEMS * ITEM_BYTES {
            self.close_block();
        }
    }

    pub(crate) fn close_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if let Some(first) = block.first_chunk::<16>() {
            self.written.add(&block);
            self.blocks.push(Entry::set(keys::id_run(self.number, first), block));
        }
    }

    pub(crate) fn write(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        apply_all(store, std::mem::take(&mut self.blocks))
    }

    pub(crate) fn finish(self) -> Arc<Run> {
        assert!(self.block.is_empty() && self.blocks.is_empty(), "a run is written before it is listed");
        let (count, digest) = (self.written.count(), self.written.digest());
        let listed = ListedRun { number: self.number, level: self.level, count, digest };
        Arc::new(Run { listed, filter: self.filter })
    }
}

#[derive(Default)]
pub(crate) struct RunList {
    /// The position up to which the runs cover the records.
    pub(crate) indexed: LogPosition,
    pub(crate) runs: Vec<ListedRun>,
}

impl RunList {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12 + LISTED_BYTES * self.runs.len());
        bytes.extend_from_slice(&self.indexed.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.indexed.seq.0.to_be_bytes());
        for run in &self.runs {
            bytes.extend_from_slice(&run.number.to_be_bytes());
            bytes.extend_from_slice(&run.level.to_be_bytes());
            bytes.extend_from_slice(&run.count.to_be_bytes());
            bytes.extend_from_slice(&run.digest);
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<RunList> {
        let (epoch, rest) = bytes.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (runs, odd) = rest.as_chunks::<LISTED_BYTES>();
        let read = |run: &[u8; LISTED_BYTES]| {
            let (number, rest) = run.split_first_chunk()?;
            let (level, rest) = rest.split_first_chunk()?;
            let (count, digest) = rest.split_first_chunk()?;
            Some(ListedRun {
                number: u32::from_be_bytes(*number),
                level: u32::from_be_bytes(*level),
                count: u64::from_be_bytes(*count),
                digest: digest.try_into().ok()?,
            })
        };
        let runs = runs.iter().map(read).collect::<Option<_>>()?;
        let indexed = LogPosition { epoch: u32::from_be_bytes(*epoch), seq: Seq(u64::from_be_bytes(*seq)) };
        odd.is_empty().then_some(RunList { indexed, runs })
    }
}

pub(crate) fn items(block: &[u8]) -> impl Iterator<Item = Item> {
    block.as_chunks::<ITEM_BYTES>().0.iter().filter_map(|item| {
        let (id, rest) = item.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let seq = Seq(u64::from_be_bytes(*rest.first_chunk()?));
        Some((EventId::from_bytes(*id), LogPosition { epoch: u32::from_be_bytes(*epoch), seq }))
    })
}

pub(crate) fn apply_all(store: &dyn Store, entries: Vec<Entry>) -> Result<(), StoreError> {
    entries.chunks(BATCH_ENTRIES_MAX).try_for_each(|batch| store.apply(batch.to_vec()))
}
