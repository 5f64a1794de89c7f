//! Each event id counts once. The first reading keeps eight bytes of each id. If two agree, or a record is called a duplicate,
//! the log is read again for exactly those ids.
//!
//! Bound: [`HASHES_MAX`] hashes are held, 128 MiB. A longer log is read once more for each further part of the hashes' range.

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use comptoir_core::id::EventId;

use crate::content::content_hash;
use crate::finding::{Break, Defect, FindingLocation};
use crate::opening::EpochEnd;

const BUCKETS: usize = 64;
/// Hashes held at once, of eight bytes each.
const HASHES_MAX: usize = 16 << 20;
/// Ids that are compared exactly in one reading.
const SUSPECTS_MAX: usize = 500_000;

/// How a record uses its id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IdUse {
    /// The event counts under this id.
    Counts,
    /// The decision says that the event is the same fact again.
    Duplicate,
    /// The decision says that the id belongs to another fact.
    Reused,
}

/// One record in the exact reading.
pub(crate) struct Occurrence<'a> {
    pub(crate) location: FindingLocation,
    /// The end of the node's log after this record.
    pub(crate) end: EpochEnd,
    pub(crate) id: EventId,
    pub(crate) used: IdUse,
    pub(crate) record: &'a [u8],
}

/// Hashes of ids, in buckets by their first bits.
pub(crate) struct IdHashes {
    /// Random for each run, so that nobody can construct ids that all collide.
    keys: [u64; 2],
    buckets: Vec<Vec<u64>>,
    /// The buckets that are held in this reading.
    first: usize,
    end: usize,
    held: usize,
    held_max: usize,
}

impl IdHashes {
    pub(crate) fn new() -> IdHashes {
        IdHashes::holding(HASHES_MAX)
    }

    fn holding(held_max: usize) -> IdHashes {
        let random = RandomState::new();
        let keys = [random.hash_one(0), random.hash_one(1)];
        IdHashes { keys, buckets: vec![Vec::new(); BUCKETS], first: 0, end: BUCKETS, held: 0, held_max }
    }

    fn hash(&self, id: EventId) -> u64 {
        let (high, low) = id.uuid().as_u64_pair();
        let product = u128::from(high ^ self.keys[0]) * u128::from(low ^ self.keys[1]);
        let [upper, lower] = [(product >> 64) as u64, product as u64];
        upper ^ lower
    }

    /// Records an id and how its record uses it.
    pub(crate) fn note(&mut self, id: EventId, used: IdUse) {
        let hash = self.hash(id);
        self.hold(hash);
        if used != IdUse::Counts {
            // Its original must be found, so its hash is added twice: repeated hashes are compared exactly.
            self.hold(hash);
        }
    }

    fn hold(&mut self, hash: u64) {
        let bucket = bucket(hash);
        if !(self.first..self.end).contains(&bucket) {
            return;
        }
        self.buckets[bucket].push(hash);
        self.held += 1;
        while self.held > self.held_max && self.end - self.first > 1 {
            // Too many hashes for one reading: the upper half of the range waits for a later one.
            let middle = self.first + (self.end - self.first) / 2;
            for bucket in &mut self.buckets[middle..self.end] {
                self.held -= bucket.len();
                *bucket = Vec::new();
            }
            self.end = middle;
        }
    }

    /// Ends this reading's part of the range and returns the hashes that occur twice. Two threads sort.
    pub(crate) fn suspects(&mut self) -> Vec<u64> {
        let (left, right) = self.buckets.split_at_mut(self.first + (self.end - self.first) / 2);
        let (mut found, more) = std::thread::scope(|scope| {
            let more = scope.spawn(|| repeated(right));
            (repeated(left), more.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        found.extend(more);
        self.held = 0;
        found
    }

    /// Begins the next part of the range, if one is left.
    pub(crate) fn next_part(&mut self) -> bool {
        (self.first, self.end) = (self.end, BUCKETS);
        self.first < BUCKETS
    }

    /// Suspects in portions for one exact reading each.
    pub(crate) fn portions(suspects: &[u64]) -> impl Iterator<Item = HashSet<u64>> {
        suspects.chunks(SUSPECTS_MAX).map(|portion| portion.iter().copied().collect())
    }

    /// Whether an id is among the suspects.
    pub(crate) fn is_among(&self, suspects: &HashSet<u64>, id: EventId) -> bool {
        suspects.contains(&self.hash(id))
    }
}

fn bucket(hash: u64) -> usize {
    usize::from(hash.to_be_bytes()[0] >> 2)
}

fn repeated(buckets: &mut [Vec<u64>]) -> Vec<u64> {
    let mut found = Vec::new();
    for bucket in buckets {
        let mut hashes = std::mem::take(bucket);
        hashes.sort_unstable();
        found.extend(hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]));
    }
    found.dedup();
    found
}

/// The first use of an id.
#[derive(Clone, Copy)]
struct FirstUse {
    location: FindingLocation,
    content: Option<[u8; 32]>,
}

/// The exact reading of a node's log. An event that was sealed again in a later epoch keeps its id and its content.
#[derive(Default)]
pub(crate) struct NodeIds(HashMap<EventId, FirstUse>);

impl NodeIds {
    pub(crate) fn check(&mut self, seen: &Occurrence<'_>) -> Option<Break> {
        let now = FirstUse { location: seen.location, content: content_hash(seen.record) };
        let before = self.0.insert(seen.id, now)?;
        let again = format!("event {} again", seen.id);
        if before.location.epoch == seen.location.epoch {
            let expected = format!("an id of its own; seq {} has that one", before.location.seq.unwrap_or_default());
            return Some(Break::new(Defect::EventId, seen.location, expected, again));
        }
        let expected = || format!("the content that it has in epoch {}", before.location.epoch.unwrap_or_default());
        (before.content != now.content)
            .then(|| Break::new(Defect::EventId, seen.location, expected(), format!("{again} with other content")))
    }
}

/// The exact reading of a tenant's log: an id counts once, and every duplicate has an original before it.
pub(crate) struct TenantIds {
    counted: HashMap<EventId, FirstUse>,
    /// Whether the log begins at its first position.
    whole: bool,
    /// Duplicates whose original must be before the first position.
    pub(crate) unknown_originals: u64,
}

impl TenantIds {
    pub(crate) fn new(whole: bool) -> TenantIds {
        TenantIds { counted: HashMap::new(), whole, unknown_originals: 0 }
    }

    pub(crate) fn check(&mut self, seen: &Occurrence<'_>) -> Option<Break> {
        let original = self.counted.get(&seen.id).copied();
        let at = |location: FindingLocation| location.position.unwrap_or_default();
        match (seen.used, original) {
            (IdUse::Counts, None) => {
                self.counted.insert(seen.id, FirstUse { location: seen.location, content: content_hash(seen.record) });
                None
            }
            (IdUse::Counts, Some(original)) => {
                let expected =
                    format!("an id that counts once; event {} counted at position {}", seen.id, at(original.location));
                Some(Break::new(Defect::EventId, seen.location, expected, "it counts again"))
            }
            (_, None) if !self.whole => {
                self.unknown_originals += 1;
                None
            }
            (_, None) => {
                let expected = format!("event {} at an earlier position", seen.id);
                Some(Break::new(Defect::Duplicate, seen.location, expected, "none"))
            }
            (used, Some(original)) => {
                let same = original.content.is_some() && original.content == content_hash(seen.record);
                let (wanted, is) = if used == IdUse::Duplicate {
                    ("the", "other content")
                } else {
                    ("other than the", "the same content")
                };
                let expected = || format!("{wanted} content of position {}", at(original.location));
                (same != (used == IdUse::Duplicate))
                    .then(|| Break::new(Defect::Duplicate, seen.location, expected(), is))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> EventId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        EventId::from_bytes(bytes)
    }

    /// Reads the ids as often as needed; returns the number of readings and the suspect ids.
    fn suspects(ids: &[(u64, IdUse)], held_max: usize) -> (usize, Vec<u64>) {
        let mut hashes = IdHashes::holding(held_max);
        let (mut readings, mut found) = (0, Vec::new());
        loop {
            readings += 1;
            ids.iter().for_each(|(number, used)| hashes.note(id(*number), *used));
            let suspects = hashes.suspects();
            for portion in IdHashes::portions(&suspects) {
                found.extend(
                    ids.iter().map(|(number, _)| *number).filter(|number| hashes.is_among(&portion, id(*number))),
                );
            }
            if !hashes.next_part() {
                found.sort_unstable();
                return (readings, found);
            }
        }
    }

    #[test]
    fn only_repeated_ids_and_duplicates_are_compared_exactly() {
        let mut ids: Vec<(u64, IdUse)> = (0..10_000).map(|number| (number, IdUse::Counts)).collect();
        assert_eq!(suspects(&ids, HASHES_MAX), (1, vec![]));
        ids.extend([(77, IdUse::Counts), (20_000, IdUse::Duplicate), (20_001, IdUse::Reused)]);
        assert_eq!(suspects(&ids, HASHES_MAX), (1, vec![77, 77, 20_000, 20_001]));
    }

    #[test]
    fn a_log_too_long_for_one_reading_is_read_in_parts_with_the_same_result() {
        let mut ids: Vec<(u64, IdUse)> = (0..10_000).map(|number| (number, IdUse::Counts)).collect();
        ids.extend((0..100).map(|number| (number * 97, IdUse::Counts)));
        let (readings, found) = suspects(&ids, 1_500);
        assert!(readings > 4, "{readings}");
        assert_eq!(found, suspects(&ids, HASHES_MAX).1);
        assert_eq!(found.len(), 200);
    }
}
