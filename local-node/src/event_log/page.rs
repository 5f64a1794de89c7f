//! Pages: the form in which records are stored. The records of one group commit share pages, because a store's cost is per value:
//! ten records in one value of 4 KiB cost little more than one.
//!
//! A page is a run of records of one epoch, made once and never changed:
//!
//! ```text
//! version 1 | records u16 | appended_at i64 | chain before it 32 | chain after it 32 | each record: length u32, bytes
//! ```
//!
//! Numbers are little-endian. A page is cut into parts of at most [`CHUNK_BYTES_MAX`] under one key per part. A page with several
//! callers' records has one part, because one entry is atomic; a caller whose drafts need more gets a page, and so a batch, of
//! its own.

use comptoir_core::chain::{ChainHash, link};
use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX};
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;

use super::keys::{self, RecordKind};
use super::store::Entry;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 75;
/// One entry of a batch is left for what must change together with the page.
pub(crate) const PARTS_MAX: usize = BATCH_ENTRIES_MAX - 1;
/// Bytes of the largest page.
pub(crate) const PAGE_BYTES_MAX: usize = PARTS_MAX * CHUNK_BYTES_MAX;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PageBuilder {
    first: Seq,
    appended_at: Timestamp,
    previous: ChainHash,
    chain: ChainHash,
    count: u16,
    records: Vec<u8>,
}

impl PageBuilder {
    pub(crate) fn new(first: Seq, previous: ChainHash, appended_at: Timestamp) -> PageBuilder {
        PageBuilder { first, appended_at, previous, chain: previous, count: 0, records: Vec::new() }
    }

    /// Adds the next record and returns its chain.
    pub(crate) fn push(&mut self, record: &[u8]) -> ChainHash {
        let length = u32::try_from(record.len()).expect("a record is under RECORD_BYTES_MAX");
        self.records.extend_from_slice(&length.to_le_bytes());
        self.records.extend_from_slice(record);
        self.count = self.count.checked_add(1).expect("a page of u16::MAX records is over PAGE_BYTES_MAX long before");
        self.chain = link(self.chain, record);
        self.chain
    }

    /// The current state of the page, for [`PageBuilder::roll_back`].
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint { count: self.count, bytes: self.records.len(), chain: self.chain }
    }

    /// Removes the records added since.
    pub(crate) fn roll_back(&mut self, to: Savepoint) {
        assert!(
            to.count <= self.count && to.bytes <= self.records.len(),
            "a savepoint is of this page and not ahead of it"
        );
        self.records.truncate(to.bytes);
        (self.count, self.chain) = (to.count, to.chain);
    }

    /// Moves the records added since to a new page, and returns the page without them.
    pub(crate) fn split_at(&mut self, at: Savepoint) -> PageBuilder {
        let next = PageBuilder {
            first: Seq(self.first.0 + u64::from(at.count)),
            appended_at: self.appended_at,
            previous: at.chain,
            chain: self.chain,
            count: self.count - at.count,
            records: self.records[at.bytes..].to_vec(),
        };
        self.roll_back(at);
        std::mem::replace(self, next)
    }

    /// The number of records.
    pub(crate) fn count(&self) -> u16 {
        self.count
    }

    /// The seq of the first record, and the chain before it.
    pub(crate) fn start(&self) -> (Seq, ChainHash) {
        (self.first, self.previous)
    }

    /// The seq of the last record; of the record before the page while the page is empty.
    pub(crate) fn last_seq(&self) -> Seq {
        Seq(self.next_seq().0 - 1)
    }

    /// The seq of the record after the page.
    pub(crate) fn next_seq(&self) -> Seq {
        Seq(self.first.0 + u64::from(self.count))
    }

    /// The chain after the last record.
    pub(crate) fn chain(&self) -> ChainHash {
        self.chain
    }

    /// Bytes of the page.
    pub(crate) fn bytes(&self) -> usize {
        HEADER_BYTES + self.records.len()
    }

    /// The entries that store the page.
    pub(crate) fn entries(&self, epoch: u32) -> Vec<Entry> {
        assert!(self.count > 0, "an empty page is never stored: readers take it for damage");
        let mut body = Vec::with_capacity(self.bytes());
        body.push(VERSION);
        body.extend_from_slice(&self.count.to_le_bytes());
        body.extend_from_slice(&self.appended_at.0.to_le_bytes());
        body.extend_from_slice(&self.previous.0);
        body.extend_from_slice(&self.chain.0);
        body.extend_from_slice(&self.records);
        parts(RecordKind::Page, epoch, self.first, body)
    }
}

/// The state of a page at a moment, for a rollback.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Savepoint {
    count: u16,
    bytes: usize,
    chain: ChainHash,
}

impl Savepoint {
    /// Whether the page was empty.
    pub(crate) fn is_start(&self) -> bool {
        self.count == 0
    }

    /// Bytes of a page with only the records added since.
    pub(crate) fn bytes_since(&self, page: &PageBuilder) -> usize {
        page.bytes() - self.bytes
    }
}

/// Cuts a body into entries.
pub(crate) fn parts(kind: RecordKind, epoch: u32, first: Seq, body: Vec<u8>) -> Vec<Entry> {
    if body.len() <= CHUNK_BYTES_MAX {
        return vec![Entry::set(keys::part(kind, epoch, first, 0), body)];
    }
    let numbered = body.chunks(CHUNK_BYTES_MAX).zip(0u16..);
    numbered.map(|(chunk, part)| Entry::set(keys::part(kind, epoch, first, part), chunk.to_vec())).collect()
}

/// A stored page, read and checked: its records lead from the chain before it to the chain after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RecordPage {
    pub(crate) first: Seq,
    pub(crate) appended_at: Timestamp,
    pub(crate) previous: ChainHash,
    /// Each record with the chain after it; never empty.
    pub(crate) records: Vec<(ChainHash, Vec<u8>)>,
}

/// Why bytes are no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PageError {
    /// The bytes end early, continue too long, or have another version.
    #[error("the page that begins with seq {first} does not read ({bytes} bytes)")]
    Unreadable { first: Seq, bytes: usize },
    /// The records do not lead to the page's own hash.
    #[error("the records up to seq {last} lead to {found}, the page says {expected}")]
    Chain { first: Seq, last: Seq, expected: ChainHash, found: ChainHash },
}

impl PageError {
    pub(crate) fn first(&self) -> Seq {
        match self {
            PageError::Unreadable { first, .. } | PageError::Chain { first, .. } => *first,
        }
    }
}

impl RecordPage {
    pub(crate) fn read(first: Seq, body: &[u8]) -> Result<RecordPage, PageError> {
        let unreadable = || PageError::Unreadable { first, bytes: body.len() };
        let (page, expected) = Self::parse(first, body).ok_or_else(unreadable)?;
        let found = page.chain();
        if found == expected { Ok(page) } else { Err(PageError::Chain { first, last: page.last(), expected, found }) }
    }

    fn parse(first: Seq, body: &[u8]) -> Option<(RecordPage, ChainHash)> {
        let (version, rest) = body.split_first()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (appended_at, rest) = rest.split_first_chunk()?;
        let (previous, rest) = rest.split_first_chunk()?;
        let (expected, mut rest) = rest.split_first_chunk()?;
        let (count, previous) = (u16::from_le_bytes(*count), ChainHash(*previous));
        let mut records = Vec::with_capacity(usize::from(count));
        let mut chain = previous;
        for _ in 0..count {
            let (length, after) = rest.split_first_chunk()?;
            let (record, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
            chain = link(chain, record);
            records.push((chain, record.to_vec()));
            rest = after;
        }
        let whole = *version == VERSION && count > 0 && rest.is_empty();
        let appended_at = Timestamp(i64::from_le_bytes(*appended_at));
        whole.then_some((RecordPage { first, appended_at, previous, records }, ChainHash(*expected)))
    }

    /// The chain after the last record.
    pub(crate) fn chain(&self) -> ChainHash {
        self.records.last().map_or(self.previous, |(chain, _)| *chain)
    }

    /// The seq of the last record.
    pub(crate) fn last(&self) -> Seq {
        Seq(self.first.0 + self.records.len() as u64 - 1)
    }

    /// Each record with its seq and chain.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (Seq, ChainHash, &[u8])> {
        (self.first.0..).zip(&self.records).map(|(seq, (chain, record))| (Seq(seq), *chain, record.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(records: &[&[u8]]) -> PageBuilder {
        let mut page = PageBuilder::new(Seq(5), ChainHash([7; 32]), Timestamp(99));
        for record in records {
            page.push(record);
        }
        page
    }

    fn body(page: &PageBuilder) -> Vec<u8> {
        page.entries(1).into_iter().flat_map(|entry| entry.value.unwrap()).collect()
    }

    #[test]
    fn a_page_reads_back_with_the_chain_of_each_record() {
        let built = page(&[b"one", b"", b"three"]);
        let read = RecordPage::read(Seq(5), &body(&built)).unwrap();
        let texts: Vec<_> = read.numbered().map(|(seq, _, record)| (seq.0, record.to_vec())).collect();
        assert_eq!(texts, [(5, b"one".to_vec()), (6, vec![]), (7, b"three".to_vec())]);
        assert_eq!((read.chain(), read.last(), built.next_seq()), (built.chain(), Seq(7), Seq(8)));
        assert_eq!(body(&built).len(), built.bytes());
    }

    #[test]
    fn a_page_splits_at_a_savepoint_and_rolls_back_to_it() {
        let one = page(&[b"one"]);
        let mut both = one.clone();
        let savepoint = both.savepoint();
        both.push(b"two");
        let mut rolled_back = both.clone();
        rolled_back.roll_back(savepoint);
        assert_eq!(rolled_back, one);

        let mut two = PageBuilder::new(one.next_seq(), one.chain(), Timestamp(99));
        two.push(b"two");
        let bytes = savepoint.bytes_since(&both);
        assert_eq!((both.split_at(savepoint), &both, bytes), (one, &two, two.bytes()));
    }

    #[test]
    fn every_flipped_bit_of_a_page_is_seen_by_its_reader_or_by_its_neighbour() {
        let built = page(&[b"one", b"two"]);
        let good = RecordPage::read(Seq(5), &body(&built)).unwrap();
        for bit in 0..body(&built).len() * 8 {
            let mut bytes = body(&built);
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = RecordPage::read(Seq(5), &bytes) {
                let only_the_time = RecordPage { appended_at: good.appended_at, ..read.clone() } == good;
                assert!(only_the_time, "bit {bit} changed records unseen");
            }
        }
    }

    #[test]
    fn a_large_page_is_cut_into_parts_of_four_kibibytes() {
        let built = page(&[&[1; 10_000]]);
        let sizes: Vec<_> = built.entries(1).iter().map(|entry| entry.value.as_ref().unwrap().len()).collect();
        assert_eq!(sizes, [4096, 4096, HEADER_BYTES + 4 + 10_000 - 8192]);
        assert!(RecordPage::read(Seq(5), &body(&built)).is_ok());
    }
}
