//! Applies pulled pages: rows and the progress they lead to change in one batch, so that a kill between two batches costs a
//! repetition and nothing else. The log itself is never touched.
//!
//! A page is applied in parts, since a batch has at most 256 entries; each part carries the cursor after its last change. Notices
//! go first: once the cursor has passed them, central does not send them again.

use comptoir_core::limits::BATCH_ENTRIES_MAX;
use comptoir_core::time::Timestamp;
use comptoir_proto::pull_v1::{self, BadCursor, PullCursor, PullResponse};

use super::pull_progress::{Load, PullProgress};
use super::rows::{self, StoredRowVersion};
use super::rulebook;
use crate::event_log::{KeyChange, KeySpace, Log, ReadError, entries_of};

/// Entries of a batch reserved for the progress, whose cursor may name a long key.
const PROGRESS_ENTRIES: usize = 2;
/// Bytes stored around a row: numbers and member names.
const HELD_BYTES: usize = 128;
/// Rows read at once while those of an earlier load are removed.
const SWEEP_ROWS: usize = 1_000;

/// Why central's rows cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApplyError {
    /// Stored data cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A malformed cursor.
    #[error(transparent)]
    Cursor(#[from] BadCursor),
    /// A row with invalid names.
    #[error("a row at position {position} names nothing: {error}")]
    Key { position: u64, error: String },
}

/// The bytes of a row that one batch cannot store. Central accepts no edit that makes one ([`ENTITY_BYTES_MAX`]).
///
/// [`ENTITY_BYTES_MAX`]: comptoir_core::limits::ENTITY_BYTES_MAX
pub(crate) fn too_large(change: &pull_v1::RowChange) -> Option<usize> {
    let bytes = change.row.as_ref().map_or(0, |row| row.get().len());
    (entries_of(bytes + HELD_BYTES) > BATCH_ENTRIES_MAX - PROGRESS_ENTRIES).then_some(bytes)
}

/// Batches, in order, and the progress after them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Applied {
    pub(crate) batches: Vec<Vec<KeyChange>>,
    pub(crate) progress: PullProgress,
}

/// The batches of a page that was pulled from `progress`.
pub(crate) fn page(
    log: &Log,
    progress: &PullProgress,
    response: PullResponse,
    notices: Vec<KeyChange>,
    now: Timestamp,
) -> Result<Applied, ApplyError> {
    let begun = progress.cursor.as_deref().map(str::parse::<PullCursor>).transpose()?;
    let leads_to = response.cursor.parse::<PullCursor>()?;
    let end = progress.moved(response.cursor, Some(response.complete_through));
    let mut batches = Batches::default();
    if let Some(given) = &response.rulebook {
        // Stored before the cursor that names it: if this is interrupted, it comes again.
        let change = rulebook::change(given);
        let entries = entries_of(change.value.as_ref().map_or(0, Vec::len));
        batches.add(change, entries, None);
    }
    let mut at = progress.clone();
    batches.add_notices(notices);
    for change in response.changes {
        let behind = begun.as_ref().map(|cursor| cursor.behind(&change, &leads_to).to_string());
        if let Some((change, entries)) = row(log, change, progress.generation, now)? {
            batches.add(change, entries, Some(&at));
        }
        at = behind.map_or(at.clone(), |cursor| at.moved(cursor, None));
    }
    let quiet = batches.is_empty() && end == *progress;
    Ok(Applied { batches: if quiet { Vec::new() } else { batches.end(&end) }, progress: end })
}

/// The batches of bootstrap rows and of the mark after them.
pub(crate) fn load(
    log: &Log,
    progress: &PullProgress,
    rows: Vec<pull_v1::RowChange>,
    after: Option<String>,
    notices: Vec<KeyChange>,
    now: Timestamp,
) -> Result<Applied, ApplyError> {
    let load = Load { after, ..progress.load.clone().unwrap_or_default() };
    let end = PullProgress { load: Some(load), ..progress.clone() };
    let mut batches = Batches::default();
    batches.add_notices(notices);
    for change in rows {
        if let Some((change, entries)) = row(log, change, progress.generation, now)? {
            batches.add(change, entries, None);
        }
    }
    Ok(Applied { batches: batches.end(&end), progress: end })
}

/// Some of the rows that a load did not contain.
pub(crate) struct SweptRows {
    pub(crate) batches: Vec<Vec<KeyChange>>,
    /// The key to continue from; `None` at the end.
    pub(crate) next: Option<Vec<u8>>,
}

/// Batches that remove rows which the bootstrap that has just ended did not contain: those out of scope now, or lost at central.
pub(crate) fn sweep(log: &Log, generation: u32, from: &[u8]) -> Result<SweptRows, ApplyError> {
    let mut batches = Batches::default();
    let (mut seen, mut next) = (0, None);
    log.scan(KeySpace::Row, from, &[u8::MAX], &mut |key, value| {
        if seen == SWEEP_ROWS {
            next = Some(key.to_vec());
            return std::ops::ControlFlow::Break(());
        }
        seen += 1;
        let met =
            serde_json::from_slice::<StoredRowVersion>(&value).is_ok_and(|stored| stored.generation == generation);
        if !met {
            batches.add(KeyChange::remove(KeySpace::Row, key.to_vec()), entries_of(value.len()), None);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(SweptRows { batches: batches.all(), next })
}

/// The stored change of a pulled one; `None` if the stored row is as new.
fn row(
    log: &Log,
    change: pull_v1::RowChange,
    generation: u32,
    now: Timestamp,
) -> Result<Option<(KeyChange, usize)>, ApplyError> {
    let position = change.position;
    let key = rows::key_of(&change.key).map_err(|error| ApplyError::Key { position, error: error.to_string() })?;
    let before = log.get(KeySpace::Row, &key)?;
    let stored = before.as_deref().and_then(|bytes| serde_json::from_slice::<StoredRowVersion>(bytes).ok());
    if stored.is_some_and(|stored| !stored.yields_to(generation, position)) {
        return Ok(None);
    }
    let before = before.map_or(1, |bytes| entries_of(bytes.len()));
    if too_large(&change).is_some() {
        // A notification reports it; the stored row stays, older than central's.
        return Ok(None);
    }
    let value = rows::stored(change, generation, now).map(|stored| stored.encode());
    match value {
        Some(value) => {
            let entries = before.max(entries_of(value.len()));
            Ok(Some((KeyChange::set(KeySpace::Row, key, value), entries)))
        }
        None => Ok(Some((KeyChange::remove(KeySpace::Row, key), before))),
    }
}

#[derive(Default)]
struct Batches {
    full: Vec<Vec<KeyChange>>,
    open: Vec<KeyChange>,
    entries: usize,
}

impl Batches {
    /// Adds a change. If it does not fit, the current batch is closed with its progress.
    fn add(&mut self, change: KeyChange, entries: usize, progress: Option<&PullProgress>) {
        if self.entries + entries > BATCH_ENTRIES_MAX - PROGRESS_ENTRIES {
            let mut batch = std::mem::take(&mut self.open);
            batch.extend(progress.map(PullProgress::change));
            self.full.push(batch);
            self.entries = 0;
        }
        self.entries += entries;
        self.open.push(change);
    }

    /// Adds entries without progress: they may arrive again, and are recognised by their keys.
    fn add_notices(&mut self, notices: Vec<KeyChange>) {
        for notice in notices {
            let entries = notice.value.as_ref().map_or(1, |value| entries_of(value.len()));
            self.add(notice, entries, None);
        }
    }

    fn is_empty(&self) -> bool {
        self.full.is_empty() && self.open.is_empty()
    }

    fn end(mut self, progress: &PullProgress) -> Vec<Vec<KeyChange>> {
        self.open.push(progress.change());
        self.all()
    }

    fn all(mut self) -> Vec<Vec<KeyChange>> {
        if !self.open.is_empty() {
            self.full.push(self.open);
        }
        self.full
    }
}
