//! Watches the machine's clock, and seals what happened to it.
//!
//! The wall clock is compared with a steady one that nobody sets and that runs on in suspend. Their difference is constant until somebody
//! sets the wall clock: that is a step, sealed before the next record. Another boot id means that the machine was off, and nobody knows
//! how the clock moved meanwhile: a new period, sealed with the latest time the log had seen. A measurement against central is sealed
//! where it says something new. [`comptoir_core::clock`] says what follows from all that.
//!
//! The state is one row, changed in the same batch as the record that it goes with. Never here: a refusal. A log that takes no records
//! seals the change as soon as it does.

use std::ops::ControlFlow;

use comptoir_core::clock::{CLOCK_STEP_MICROS_MIN, ClockChange};
use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name};
use comptoir_core::limits::CLOCK_MARKS_MAX;
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::clock_change::{CLOCK_CHANGED, ClockChangeDto, ClockChangeKind, ClockMarkDto};

use super::append::Staged;
use super::environment::Steady;
use super::keys::{self, RecordKind};
use super::read::ReadError;
use super::shared::SharedLog;
use super::store::{Entry, Store, StoreError};
use super::walk;
use super::writer::Writer;

/// Rows of marks removed with one change.
const REMOVED_MAX: usize = 100;

/// What is known of the clock. As a row:
///
/// ```text
/// version 1 | boot id 16 | base i64 | highest i64 | measured u8, offset i64 | doubted u8 | marks u64
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ClockState {
    /// Which run of the machine.
    boot: [u8; 16],
    /// The wall clock less the steady one.
    base: i64,
    /// The latest time that the log had seen when this run began, or central's time at the last measurement.
    highest: Timestamp,
    /// The wall clock less central's, once it was measured in this run.
    offset: Option<i64>,
    /// Whether the clock was behind `highest` at the start, and nothing has settled it since.
    doubted: bool,
    /// How many changes were sealed, ever.
    marks: u64,
}

const VERSION: u8 = 1;

impl ClockState {
    fn load(store: &dyn Store) -> Result<Option<ClockState>, StoreError> {
        Ok(store.get(&keys::single(RecordKind::Clock))?.and_then(|bytes| ClockState::read(&bytes)))
    }

    fn read(bytes: &[u8]) -> Option<ClockState> {
        let (version, rest) = bytes.split_first()?;
        let (boot, rest) = rest.split_first_chunk()?;
        let (base, rest) = rest.split_first_chunk()?;
        let (highest, rest) = rest.split_first_chunk()?;
        let (measured, rest) = rest.split_first()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let (doubted, rest) = rest.split_first()?;
        (*version == VERSION).then_some(ClockState {
            boot: *boot,
            base: i64::from_be_bytes(*base),
            highest: Timestamp(i64::from_be_bytes(*highest)),
            offset: (*measured == 1).then_some(i64::from_be_bytes(*offset)),
            doubted: *doubted == 1,
            marks: u64::from_be_bytes(rest.try_into().ok()?),
        })
    }

    fn entry(&self) -> Entry {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.boot);
        bytes.extend_from_slice(&self.base.to_be_bytes());
        bytes.extend_from_slice(&self.highest.0.to_be_bytes());
        bytes.push(u8::from(self.offset.is_some()));
        bytes.extend_from_slice(&self.offset.unwrap_or(0).to_be_bytes());
        bytes.push(u8::from(self.doubted));
        bytes.extend_from_slice(&self.marks.to_be_bytes());
        Entry::set(keys::single(RecordKind::Clock), bytes)
    }

    /// What the wall clock shows when the steady one shows that.
    pub(crate) fn wall(&self, steady: Steady) -> Option<Timestamp> {
        (steady.boot == self.boot).then(|| Timestamp(self.base).shifted(steady.micros))
    }

    /// The time that the clock could not yet prove to have passed.
    pub(crate) fn doubt(&self) -> Option<Timestamp> {
        self.doubted.then_some(self.highest)
    }
}

/// What a look at both clocks tells: the state behind it, and the change to seal, if there is one.
fn compare(
    before: Option<ClockState>,
    last_stamp: Timestamp,
    wall: Timestamp,
    steady: Steady,
) -> (ClockState, Option<ClockChange>) {
    let base = wall.0.saturating_sub(steady.micros);
    let unknown = ClockState { boot: steady.boot, base, highest: last_stamp, offset: None, doubted: false, marks: 0 };
    let is_behind = |highest: Timestamp| wall < highest.shifted(-CLOCK_STEP_MICROS_MIN);
    let started = |highest, marks| {
        let state = ClockState { highest, doubted: is_behind(highest), marks, ..unknown };
        (state, Some(ClockChange::Started { now: wall, highest }))
    };
    match before {
        // A log that was never watched: only a clock that is behind it is worth a record.
        None if is_behind(last_stamp) => started(last_stamp, 0),
        None => (unknown, None),
        Some(before) if before.boot != steady.boot => {
            let truly = last_stamp.shifted(before.offset.unwrap_or(0).saturating_neg());
            started(before.highest.max(truly), before.marks)
        }
        Some(before) => {
            let micros = base.saturating_sub(before.base);
            if micros.saturating_abs() < CLOCK_STEP_MICROS_MIN {
                return (before, None);
            }
            let offset = before.offset.map(|offset| offset.saturating_add(micros));
            let doubted = before.doubted && is_behind(before.highest);
            (ClockState { base, offset, doubted, ..before }, Some(ClockChange::Stepped { micros }))
        }
    }
}

/// What a measurement tells: the state behind it, and the change to seal, if it says something new.
fn measured(
    before: ClockState,
    wall: Timestamp,
    offset_micros: i64,
    uncertainty_micros: i64,
) -> Option<(ClockState, Option<ClockChange>)> {
    let moved = offset_micros.saturating_sub(before.offset.unwrap_or(0)).saturating_abs();
    let is_new = moved > CLOCK_STEP_MICROS_MIN.saturating_add(uncertainty_micros);
    if before.offset.is_some() && !is_new {
        return None;
    }
    let highest = wall.shifted(offset_micros.saturating_neg());
    let state = ClockState { offset: Some(offset_micros), doubted: false, highest, ..before };
    let change = (is_new || before.doubted).then_some(ClockChange::Measured { offset_micros });
    Some((state, change))
}

impl Writer {
    /// Looks at both clocks and seals what happened since the last look. Answers what the wall clock shows.
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

    /// When the last record was taken in, as the clock showed it then.
    fn last_stamp(&self) -> Result<Option<Timestamp>, StoreError> {
        let page = walk::page_at(&*self.shared.store, self.epoch.number, self.seq)?;
        Ok(page.and_then(Result::ok).map(|page| page.appended_at))
    }

    /// Central answered, and the clock was so far from its own.
    pub(crate) fn note_measurement(&mut self, offset_micros: i64, uncertainty_micros: i64) {
        let wall = self.look_at_clock();
        let Some(before) = self.clock else { return };
        let Some((state, change)) = measured(before, wall, offset_micros, uncertainty_micros) else { return };
        if let Err(error) = self.keep_clock(state, Some(before), change, wall) {
            self.fail(error);
        }
    }

    /// Writes the state, with the record that seals a change in the same batch. Where the log takes no records nothing changes, and the
    /// next look finds the same again.
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
        let mut staged = Staged::new(self.seq, self.chain, wall);
        let draft = self.clock_draft(&dto);
        let id = draft.id;
        if let Err(error) = self.stage(&mut staged, vec![draft]) {
            tracing::error!(%error, "A change of the clock cannot be sealed: {error}");
            return Ok(());
        }
        let mut batch: Vec<Entry> = staged.pages().flat_map(|page| page.entries(self.epoch.number)).collect();
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
        // One record per place in the log: an id of its own without drawing random numbers.
        let id = EventId::new(self.epoch.id).derived(&format!("{CLOCK_CHANGED} {}", self.seq.next()));
        Draft { id, occurred_at: None, content }
    }

    /// Marks that no record needs which is still to be sent: those before the last start that central holds.
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

/// Every mark that is kept, oldest first, with its place as it is now: a new epoch seals records again under other numbers.
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
        let place = shared.ids.get(&*shared.store, event)?;
        // What was acknowledged before this epoch began stands before all of it.
        let seq = match place {
            Some(place) if place.epoch == epoch => place.seq.0,
            _ => 0,
        };
        marks.push(ClockHighMark { number, dto: ClockMarkDto { seq, change } });
    }
    Ok(marks)
}

/// The index of the first mark that says something about a record or those behind it: the last start before it.
fn first_needed(marks: &[ClockHighMark], first: Seq) -> usize {
    let starts = |mark: &ClockHighMark| mark.dto.change.change == ClockChangeKind::Started && mark.dto.seq <= first.0;
    marks.iter().rposition(starts).unwrap_or(0)
}

/// What the log says of the clock since the machine's last start before a record.
pub(crate) fn marks_since(shared: &SharedLog, epoch: u32, first: Seq) -> Result<Vec<ClockMarkDto>, ReadError> {
    let marks = marks(shared, epoch)?;
    let needed = first_needed(&marks, first);
    Ok(marks.into_iter().skip(needed).take(CLOCK_MARKS_MAX).map(|mark| mark.dto).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const BEGIN: Timestamp = Timestamp(1_796_000_000 * SECOND);

    fn steady(seconds: i64) -> Steady {
        Steady { boot: [1; 16], micros: seconds * SECOND }
    }

    fn watched() -> ClockState {
        compare(None, BEGIN, BEGIN, steady(0)).0
    }

    #[test]
    fn a_clock_that_runs_with_the_steady_one_was_not_set_however_long_nobody_looked() {
        // Three days in suspend, and a leap second.
        let later = BEGIN.shifted((3 * 86_400 - 1) * SECOND);
        assert_eq!(compare(Some(watched()), BEGIN, later, steady(3 * 86_400)), (watched(), None));
    }

    #[test]
    fn a_clock_that_was_set_is_a_step_of_what_it_moved_either_way() {
        for step in [-30 * 86_400 * SECOND, 5 * SECOND, 20_000 * 86_400 * SECOND] {
            let (state, change) = compare(Some(watched()), BEGIN, BEGIN.shifted(60 * SECOND + step), steady(60));
            assert_eq!(change, Some(ClockChange::Stepped { micros: step }));
            assert_eq!(compare(Some(state), BEGIN, BEGIN.shifted(61 * SECOND + step), steady(61)).1, None, "once");
        }
    }

    #[test]
    fn a_clock_behind_the_log_after_the_machine_was_off_is_doubted_until_it_is_set_or_measured() {
        let other = Steady { boot: [2; 16], micros: 0 };
        let last = BEGIN.shifted(3_600 * SECOND);
        let (state, change) = compare(Some(watched()), last, Timestamp(0), other);
        assert_eq!(change, Some(ClockChange::Started { now: Timestamp(0), highest: last }));
        assert_eq!(state.doubt(), Some(last));
        let (set, _) = compare(Some(state), last, last.shifted(SECOND), other);
        assert_eq!(set.doubt(), None);
        let (settled, change) = measured(state, Timestamp(0), -BEGIN.0, SECOND).expect("it says something new");
        assert_eq!(change, Some(ClockChange::Measured { offset_micros: -BEGIN.0 }));
        assert_eq!(settled.doubt(), None);
    }

    #[test]
    fn a_start_with_a_clock_that_went_on_is_sealed_and_not_doubted() {
        let other = Steady { boot: [2; 16], micros: 0 };
        let (state, change) = compare(Some(watched()), BEGIN, BEGIN.shifted(SECOND), other);
        assert_eq!(change, Some(ClockChange::Started { now: BEGIN.shifted(SECOND), highest: BEGIN }));
        assert_eq!(state.doubt(), None);
    }

    #[test]
    fn measurements_are_sealed_where_they_say_something_new_and_not_at_each_contact() {
        let (state, change) = measured(watched(), BEGIN, 300, 100).expect("the first is kept");
        assert_eq!(change, None);
        assert_eq!(measured(state, BEGIN, 500_000, 100), None);
        assert_eq!(measured(state, BEGIN, 10 * SECOND, 9 * SECOND), None, "a slow line");
        let (state, change) = measured(state, BEGIN, 90 * SECOND, SECOND).expect("it moved");
        assert_eq!(change, Some(ClockChange::Measured { offset_micros: 90 * SECOND }));
        // A step that puts it right says all that the next measurement would.
        let (state, _) = compare(Some(state), BEGIN, BEGIN.shifted(-90 * SECOND), steady(0));
        assert_eq!(measured(state, BEGIN, 1_000, 100), None);
    }

    #[test]
    fn the_row_reads_back() {
        let state = ClockState { offset: Some(-7), doubted: true, marks: 9, ..watched() };
        for state in [state, watched()] {
            assert_eq!(ClockState::read(&state.entry().value.unwrap()), Some(state));
        }
        assert_eq!(ClockState::read(b"\x02"), None);
    }
}
