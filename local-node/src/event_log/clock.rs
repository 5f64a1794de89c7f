//! Watches the machine's clock and seals its changes.
//!
//! The wall clock is compared with a steady clock that nobody can set and that runs on in suspend. Their difference changes only
//! when the wall clock is set: that is a step, sealed before the next record. Another boot id means that the machine was off and
//! that the clock's movement is unknown: a new period, sealed with the latest time the log had seen. A measurement against
//! central is sealed if it says something new. [`comptoir_core::clock`] derives corrected times from these records.
//!
//! The state is one row, changed in one batch with the record that caused the change. The clock never refuses an append. A log
//! that takes no records seals the change as soon as it takes them again.

use std::ops::ControlFlow;

use comptoir_core::clock::ClockChange;
use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name};
use comptoir_core::limits::CLOCK_MARKS_MAX;
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::clock_change::{CLOCK_CHANGED, ClockChangeDto, ClockChangeKind, ClockMarkDto};

use super::clock_state::{ClockState, compare, measured};
use super::environment::Steady;
use super::errors::ReadError;
use super::keys::{self, RecordKind};
use super::shared::SharedLog;
use super::staged::Staged;
use super::store::{Entry, StoreError};
use super::walk;
use super::writer::Writer;

/// Rows of marks removed with one change.
const REMOVED_MAX: usize = 100;

impl Writer {
    /// Reads both clocks and seals any change since the last read. Returns the wall clock's time.
    pub(crate) fn look_at_clock(&mut self) -> Timestamp {
        let Some((wall, steady)) = self.shared.environment.both_clocks() else {
            return self.shared.environment.now();
        };
        if let Err(error) = self.note_clocks(wall, steady) {
            self.fail(error);
        }
        wall
    }

    fn note_clocks(&mut self, wall: Timestamp, steady: Steady) -> Result<(), StoreError> {
        let known = match self.clock {
            Some(known) => Some(known),
            None => ClockState::load(&*self.shared.store)?,
        };
        let last_stamp = if self.clock.is_some() { Timestamp::MIN } else { self.last_stamp()?.unwrap_or(wall) };
        let (state, change) = compare(known, last_stamp, wall, steady);
        if self.clock == Some(state) {
            return Ok(());
        }
        if let Some(ClockChange::Started { now, highest }) = change
            && state.doubted
        {
            tracing::warn!(
                now = now.0,
                highest = highest.0,
                "The clock is behind what the log has seen: times are unsure until it is set or central is reached"
            );
        }
        self.keep_clock(state, known, change, wall)
    }

    /// The node's time of the last record.
    fn last_stamp(&self) -> Result<Option<Timestamp>, StoreError> {
        let page = walk::page_at(&*self.shared.store, self.epoch.number, self.seq)?;
        Ok(page.and_then(Result::ok).map(|page| page.appended_at))
    }

    /// Notes an offset measured against central.
    pub(crate) fn note_measurement(&mut self, offset_micros: i64, uncertainty_micros: i64) {
        let wall = self.look_at_clock();
        let Some(before) = self.clock else { return };
        let Some((state, change)) = measured(before, wall, offset_micros, uncertainty_micros) else { return };
        if let Err(error) = self.keep_clock(state, Some(before), change, wall) {
            self.fail(error);
        }
    }

    /// Writes the state, and the record that seals a change, in one batch. A read-only log changes nothing, and the next reading
    /// finds the same change.
    fn keep_clock(
        &mut self,
        state: ClockState,
        before: Option<ClockState>,
        change: Option<ClockChange>,
        wall: Timestamp,
    ) -> Result<(), StoreError> {
        if self.may_append().is_err() {
            return Ok(());
        }
        let Some(change) = change else {
            if before != Some(state) {
                self.shared.store.apply(vec![state.entry()])?;
                self.shared.store.flush()?;
            }
            self.remember_clock(state);
            return Ok(());
        };
        let state = ClockState { marks: state.marks + 1, ..state };
        let dto = ClockChangeDto::new(change, wall);
        let mut staged = Staged::new(self.epoch, self.seq, self.chain, wall);
        let draft = self.clock_draft(&dto);
        let id = draft.id;
        if let Err(error) = self.stage(&mut staged, vec![draft], 0) {
            tracing::error!(%error, "A change of the clock cannot be sealed: {error}");
            return Ok(());
        }
        let mut batch: Vec<Entry> = staged
            .pages_after(self.epoch, self.seq, self.chain)
            .flat_map(|page| page.entries(self.epoch.number))
            .collect();
        batch.push(state.entry());
        batch.push(mark_entry(state.marks, id, &dto));
        batch.extend(self.outlived_marks()?);
        self.shared.store.apply(batch)?;
        self.shared.store.flush()?;
        tracing::info!(change = ?change, seq = staged.seq().0, "The clock changed: {change:?}");
        self.publish(&staged, &[]);
        self.remember_clock(state);
        Ok(())
    }

    fn remember_clock(&mut self, state: ClockState) {
        self.clock = Some(state);
        self.shared.set_clock(state);
    }

    fn clock_draft(&self, dto: &ClockChangeDto) -> Draft {
        let name = |text: &str| Name::new(text).expect("a constant or a UUID is a valid name");
        let identity = self.shared.identity;
        let payload = serde_json::to_vec(dto).expect("plain values encode");
        let content = Content {
            site: Some(identity.site),
            ..Content::new(name("NODE"), name(&identity.node.to_string()), name(CLOCK_CHANGED), payload)
        };
        // Derived from the record's position, which makes it unique without drawing random numbers.
        let id = EventId::new(self.epoch.id).derived(&format!("{CLOCK_CHANGED} {}", self.seq.next()));
        Draft { id, occurred_at: None, content }
    }

    /// Marks that no unsent record needs: those before the last start that central holds.
    fn outlived_marks(&self) -> Result<Vec<Entry>, StoreError> {
        let acked = self.shared.head.borrow().marks.acked;
        let marks = marks(&self.shared, self.epoch.number).map_err(|error| match error {
            ReadError::Store(error) => error,
            ReadError::Damaged(finding) => StoreError { doing: "read", error: finding.to_string() },
        })?;
        let needed = first_needed(&marks, acked.next());
        Ok(marks.into_iter().take(needed.min(REMOVED_MAX)).map(|mark| Entry::remove(mark_key(mark.number))).collect())
    }
}

/// A mark with the number of its row.
struct ClockHighMark {
    number: u64,
    dto: ClockMarkDto,
}

fn mark_key(number: u64) -> Vec<u8> {
    [keys::single(RecordKind::ClockMark).as_slice(), &number.to_be_bytes()].concat()
}

fn mark_entry(number: u64, event: EventId, dto: &ClockChangeDto) -> Entry {
    let text = serde_json::to_vec(dto).expect("plain values encode");
    Entry::set(mark_key(number), [event.as_bytes().as_slice(), &text].concat())
}

/// Every stored mark, oldest first, with its current seq: a new epoch seals records again under other seqs.
fn marks(shared: &SharedLog, epoch: u32) -> Result<Vec<ClockHighMark>, ReadError> {
    let (from, to) = keys::all_of(RecordKind::ClockMark);
    let mut rows = Vec::new();
    shared.store.scan(&from, &to, &mut |key, value| {
        let number = key.get(1..).and_then(|number| Some(u64::from_be_bytes(number.try_into().ok()?)));
        let event =
            value.split_first_chunk().map(|(id, text)| (EventId::from_bytes(*id), serde_json::from_slice(text)));
        if let (Some(number), Some((event, Ok(change)))) = (number, event) {
            rows.push((number, event, change));
        }
        ControlFlow::Continue(())
    })?;
    let mut marks = Vec::with_capacity(rows.len());
    for (number, event, change) in rows {
        let position = shared.ids.get(&*shared.store, event)?;
        // Marks acknowledged before this epoch precede all of it.
        let seq = match position {
            Some(position) if position.epoch == epoch => position.seq.0,
            _ => 0,
        };
        marks.push(ClockHighMark { number, dto: ClockMarkDto { seq, change } });
    }
    Ok(marks)
}

/// The index of the first mark that concerns a record: the last start before it.
fn first_needed(marks: &[ClockHighMark], first: Seq) -> usize {
    let starts = |mark: &ClockHighMark| mark.dto.change.change == ClockChangeKind::Started && mark.dto.seq <= first.0;
    marks.iter().rposition(starts).unwrap_or(0)
}

/// The changes of the clock since the machine's last start before a record.
pub(crate) fn marks_since(shared: &SharedLog, epoch: u32, first: Seq) -> Result<Vec<ClockMarkDto>, ReadError> {
    let marks = marks(shared, epoch)?;
    let needed = first_needed(&marks, first);
    Ok(marks.into_iter().skip(needed).take(CLOCK_MARKS_MAX).map(|mark| mark.dto).collect())
}
