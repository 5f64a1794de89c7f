use comptoir_core::clock::{CLOCK_STEP_MICROS_MIN, ClockChange};
use comptoir_core::time::Timestamp;

use super::environment::Steady;
use super::keys::{self, RecordKind};
use super::store::{Entry, Store, StoreError};

/// The last known state of the clock. As a row:
///
/// ```text
/// version 1 | boot id 16 | base i64 | highest i64 | measured u8, offset i64 | doubted u8 | marks u64
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ClockState {
    /// Identifies a run of the machine.
    pub(crate) boot: [u8; 16],
    /// The wall clock minus the steady clock.
    pub(crate) base: i64,
    /// The latest time that the log had seen when this run began, or central's time at the last measurement.
    pub(crate) highest: Timestamp,
    /// The wall clock minus central's, once measured in this run.
    pub(crate) offset: Option<i64>,
    /// The clock was behind `highest` at the start, and neither a step nor a measurement has settled that.
    pub(crate) doubted: bool,
    /// Number of changes ever sealed.
    pub(crate) marks: u64,
}

const VERSION: u8 = 1;

impl ClockState {
    pub(crate) fn load(store: &dyn Store) -> Result<Option<ClockState>, StoreError> {
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

    pub(crate) fn entry(&self) -> Entry {
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

    /// The wall clock's time for a time of the steady clock.
    pub(crate) fn wall(&self, steady: Steady) -> Option<Timestamp> {
        (steady.boot == self.boot).then(|| Timestamp(self.base).shifted(steady.micros))
    }

    /// The time that the clock is behind, while that is in doubt.
    pub(crate) fn doubt(&self) -> Option<Timestamp> {
        self.doubted.then_some(self.highest)
    }
}

/// Compares both clocks with the last known state: the new state, and the change to seal if there is one.
pub(crate) fn compare(
    before: Option<ClockState>,
    last_stamp: Timestamp,
    wall: Timestamp,
    steady: Steady,
) -> (ClockState, Option<ClockChange>) {
    let base = wall.0.saturating_sub(steady.micros);
    let fresh = ClockState { boot: steady.boot, base, highest: last_stamp, offset: None, doubted: false, marks: 0 };
    let is_behind = |highest: Timestamp| wall < highest.shifted(-CLOCK_STEP_MICROS_MIN);
    let started = |highest, marks| {
        let state = ClockState { highest, doubted: is_behind(highest), marks, ..fresh };
        (state, Some(ClockChange::Started { now: wall, highest }))
    };
    match before {
        // A log that was never watched: only a clock that is behind the log needs a record.
        None if is_behind(last_stamp) => started(last_stamp, 0),
        None => (fresh, None),
        Some(before) if before.boot != steady.boot => {
            let last_corrected = last_stamp.shifted(before.offset.unwrap_or(0).saturating_neg());
            started(before.highest.max(last_corrected), before.marks)
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

/// The state after a measurement, and the change to seal if the measurement says something new.
pub(crate) fn measured(
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
    fn a_clock_behind_the_log_at_start_is_doubted_until_set_or_measured() {
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
    fn a_measurement_is_sealed_only_if_it_says_something_new() {
        let (state, change) = measured(watched(), BEGIN, 300, 100).expect("the first is kept");
        assert_eq!(change, None);
        assert_eq!(measured(state, BEGIN, 500_000, 100), None);
        assert_eq!(measured(state, BEGIN, 10 * SECOND, 9 * SECOND), None, "a slow line");
        let (state, change) = measured(state, BEGIN, 90 * SECOND, SECOND).expect("it moved");
        assert_eq!(change, Some(ClockChange::Measured { offset_micros: 90 * SECOND }));
        // A step that corrects the clock says as much as the next measurement.
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
