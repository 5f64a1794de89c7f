//! Auxiliary key-value data in the log's tree, written by the same thread: the rows of a pull and its cursor are one atomic batch
//! with the log's order and durability.
//!
//! A value is cut into parts, since a store takes 4 KiB at most:
//!
//! ```text
//! parts u16 | tag 4 | bytes of this part
//! ```
//!
//! Numbers are little-endian. The tag is the first bytes of the BLAKE3 of the whole value: a reader that saw parts of two
//! versions, because the writer replaced the value meanwhile, notices it and reads again. No key of a space is a prefix of
//! another.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX};

use super::AppendError;
use super::keys::{self, KeySpace};
use super::store::{Entry, Store, StoreError};
use super::writer::Writer;

const HEADER_BYTES: usize = 6;
const PART_BYTES_MAX: usize = CHUNK_BYTES_MAX - HEADER_BYTES;
/// Bytes of the largest value: one that fills a batch and leaves an entry for what must change with it.
pub const VALUE_BYTES_MAX: usize = (BATCH_ENTRIES_MAX - 1) * PART_BYTES_MAX;
/// How often a value that is being replaced is read again. Each attempt lasts as long as a write and flush of the writer.
const TRIES: usize = 100;

/// Called with each key of a key space and its value; `Break` ends the scan.
pub type VisitValue<'a> = &'a mut dyn FnMut(&[u8], Vec<u8>) -> ControlFlow<()>;

/// One change of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyChange {
    /// The key space.
    pub space: KeySpace,
    /// The key within the space.
    pub key: Vec<u8>,
    /// The value to set; `None` removes what is there.
    pub value: Option<Vec<u8>>,
}

impl KeyChange {
    /// Sets a value.
    pub fn set(space: KeySpace, key: Vec<u8>, value: Vec<u8>) -> KeyChange {
        KeyChange { space, key, value: Some(value) }
    }

    /// Removes a value.
    pub fn remove(space: KeySpace, key: Vec<u8>) -> KeyChange {
        KeyChange { space, key, value: None }
    }
}

/// The number of batch entries that a value of this size takes.
pub fn entries_of(bytes: usize) -> usize {
    bytes.div_ceil(PART_BYTES_MAX).max(1)
}

impl Writer {
    /// Writes batches; durable after the group's flush.
    pub(crate) fn put(&mut self, batches: Vec<Vec<KeyChange>>) -> Result<(), AppendError> {
        self.may_write()?;
        for batch in batches {
            let entries = self.entries(batch)?;
            if !entries.is_empty() {
                self.shared.store.apply(entries).map_err(|error| self.write_failed(error))?;
            }
        }
        Ok(())
    }

    /// The entries that a batch writes, and the remaining parts of longer earlier values that it removes.
    fn entries(&mut self, batch: Vec<KeyChange>) -> Result<Vec<Entry>, AppendError> {
        // Of several changes of one key the last counts.
        let batch: BTreeMap<_, _> =
            batch.into_iter().map(|change| ((change.space, change.key), change.value)).collect();
        let mut entries = Vec::with_capacity(batch.len());
        for ((space, key), value) in batch {
            let before =
                self.shared.store.get(&keys::in_space(space, &key, 0)).map_err(|error| self.write_failed(error))?;
            let before = before.as_deref().and_then(header).map_or(0, |(parts, _)| parts);
            let parts = value.map(|value| set_entries(space, &key, value)).unwrap_or_default();
            let surplus = u16::try_from(parts.len()).unwrap_or(u16::MAX)..before;
            entries.extend(parts);
            entries.extend(surplus.map(|part| Entry::remove(keys::in_space(space, &key, part))));
        }
        match entries.len() {
            got if got > BATCH_ENTRIES_MAX => {
                Err(AppendError::TooLarge { what: "entries of 4 KiB", got, max: BATCH_ENTRIES_MAX })
            }
            _ => Ok(entries),
        }
    }

    fn write_failed(&mut self, error: StoreError) -> AppendError {
        AppendError::ReadOnly { reason: self.fail(error) }
    }
}

/// The entries of a value. Parts of a longer value before it stay.
pub(super) fn set_entries(space: KeySpace, key: &[u8], value: Vec<u8>) -> Vec<Entry> {
    let numbered = cut(value).into_iter().zip(0u16..);
    numbered.map(|(value, part)| Entry::set(keys::in_space(space, key, part), value)).collect()
}

/// The parts of a value. Their number is limited together with the batch's.
fn cut(value: Vec<u8>) -> Vec<Vec<u8>> {
    let parts = u16::try_from(entries_of(value.len())).unwrap_or(u16::MAX);
    let tag = tag(&value);
    let part = |chunk: &[u8]| [&parts.to_le_bytes()[..], &tag, chunk].concat();
    if value.is_empty() { vec![part(&[])] } else { value.chunks(PART_BYTES_MAX).map(part).collect() }
}

fn tag(value: &[u8]) -> [u8; 4] {
    let hash = blake3::hash(value);
    let [a, b, c, d, ..] = *hash.as_bytes();
    [a, b, c, d]
}

/// The number of parts of the value, and its tag.
fn header(part: &[u8]) -> Option<(u16, [u8; 4])> {
    let (parts, rest) = part.split_first_chunk()?;
    Some((u16::from_le_bytes(*parts), *rest.first_chunk()?))
}

/// The value of a key.
pub(crate) fn read(store: &dyn Store, space: KeySpace, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    for _ in 0..TRIES {
        let Some(first) = store.get(&keys::in_space(space, key, 0))? else { return Ok(None) };
        let Some((parts, _)) = header(&first) else { break };
        let mut value = Assembled::begin(first);
        for part in 1..parts {
            value.add(store.get(&keys::in_space(space, key, part))?.unwrap_or_default());
        }
        if let Some(value) = value.whole() {
            return Ok(Some(value));
        }
    }
    Err(StoreError { doing: "read", error: format!("the parts under {} do not fit", hex::encode(key)) })
}

/// Calls `visit` with each key from `from` up to but without `to`, and its value.
pub(crate) fn scan(
    store: &dyn Store,
    space: KeySpace,
    from: &[u8],
    to: &[u8],
    visit: VisitValue<'_>,
) -> Result<(), StoreError> {
    let bound = |key: &[u8]| [&[space as u8], key].concat();
    let mut result = Ok(());
    store.scan(&bound(from), &bound(to), &mut |key, first| {
        let Some((key, 0)) = keys::key_in_space(key) else { return ControlFlow::Continue(()) };
        let single = header(first).is_some_and(|(parts, _)| parts == 1);
        let whole = if single { Assembled::begin(first.to_vec()).whole() } else { None };
        let value = match whole {
            Some(value) => Ok(Some(value)),
            None => read(store, space, key),
        };
        match value {
            Ok(Some(value)) => visit(key, value),
            // The value was removed meanwhile.
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => {
                result = Err(error);
                ControlFlow::Break(())
            }
        }
    })?;
    result
}

struct Assembled {
    header: Option<(u16, [u8; 4])>,
    fits: bool,
    value: Vec<u8>,
}

impl Assembled {
    fn begin(first: Vec<u8>) -> Assembled {
        let value = first.get(HEADER_BYTES..).map(<[u8]>::to_vec).unwrap_or_default();
        Assembled { header: header(&first), fits: true, value }
    }

    fn add(&mut self, part: Vec<u8>) {
        self.fits &= header(&part) == self.header;
        self.value.extend_from_slice(part.get(HEADER_BYTES..).unwrap_or_default());
    }

    fn whole(self) -> Option<Vec<u8>> {
        let (_, expected) = self.header?;
        (self.fits && tag(&self.value) == expected).then_some(self.value)
    }
}
