//! Corrects the times that a node's clock stamped, from what the node recorded about its clock.
//!
//! A node seals each [`ClockChange`] in its own log, in the order in which it happened. The records between two starts of the
//! machine are one *period*. Within a period every step of the clock is known, so one measurement against central corrects the
//! whole period. Between two periods the machine was off and nothing is known. A period without a measurement keeps its stamps
//! unless they contradict the periods around it. In that case it is moved as little as possible and its times are marked unsure.

use crate::decision::Flag;
use crate::event::{Event, TimeSource};
use crate::position::Seq;
use crate::time::Timestamp;

/// A smaller movement is not a step: leap seconds and the time between reading two clocks stay below it.
pub const CLOCK_STEP_MICROS_MIN: i64 = 2_000_000;
/// A given time may be this far ahead of its receipt: two good clocks of one shop differ by less.
pub const GIVEN_AHEAD_MICROS_MAX: i64 = 60_000_000;

/// What happened to a node's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockChange {
    /// The machine started. Nobody knows how the clock moved while the machine was off.
    Started {
        /// What the clock showed.
        now: Timestamp,
        /// The latest time that the log had seen before.
        highest: Timestamp,
    },
    /// The clock was set while the node watched it.
    Stepped {
        /// By how much, forwards positive.
        micros: i64,
    },
    /// The clock was measured against central's.
    Measured {
        /// The node's clock less central's.
        offset_micros: i64,
    },
}

/// A change and the record that seals it. Records are ordered by seq alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockMark {
    /// The record that seals it.
    pub seq: Seq,
    /// The change.
    pub change: ClockChange,
}

/// A corrected time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrected {
    /// The best known time.
    pub at: Timestamp,
    /// The true time is unknown: `at` is the nearest time that does not contradict the log.
    pub unsure: bool,
}

/// The changes of a node's clock that are known when its records are decided.
#[derive(Clone, Debug, Default)]
pub struct ClockHistory {
    periods: Vec<Period>,
    received_at: Timestamp,
}

/// From one start of the machine to the next.
#[derive(Clone, Debug, Default)]
struct Period {
    first: Seq,
    /// The clock's time at the start and the latest time before; absent if the log does not contain them.
    started: Option<(Timestamp, Timestamp)>,
    /// Steps and measurements, in order.
    changes: Vec<ClockMark>,
    /// Correction of a period without a measurement, and the bounds of its times.
    estimate: Option<Estimate>,
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    micros: i64,
    lower: Timestamp,
    upper: Timestamp,
}

impl ClockHistory {
    /// Reads the changes in log order. `offset_micros` is the node's clock minus central's now, if it was measured. `received_at`
    /// bounds every time.
    pub fn new(marks: &[ClockMark], offset_micros: Option<i64>, received_at: Timestamp) -> ClockHistory {
        let mut periods = vec![Period::default()];
        for mark in marks {
            match (mark.change, periods.last_mut()) {
                (ClockChange::Started { now, highest }, _) => {
                    periods.push(Period { first: mark.seq, started: Some((now, highest)), ..Period::default() });
                }
                (_, Some(period)) => period.changes.push(*mark),
                (_, None) => {}
            }
        }
        if let (Some(offset_micros), Some(period)) = (offset_micros, periods.last_mut()) {
            period.changes.push(ClockMark { seq: Seq(u64::MAX), change: ClockChange::Measured { offset_micros } });
        }
        let mut history = ClockHistory { periods, received_at };
        history.estimate();
        history
    }

    /// Corrects a time that the node's clock stamped on a record.
    pub fn corrected(&self, seq: Seq, stamped: Timestamp) -> Corrected {
        let Some(period) = self.periods.iter().rev().find(|period| period.first <= seq) else {
            return Corrected { at: stamped, unsure: false };
        };
        if let Some(micros) = period.measured(seq) {
            return Corrected { at: stamped.shifted(micros), unsure: false };
        }
        let stamped = stamped.shifted(period.steps_after(seq));
        let Some(Estimate { micros, lower, upper }) = period.estimate else {
            return Corrected { at: stamped, unsure: false };
        };
        let at = stamped.shifted(micros).clamp(lower, upper.max(lower));
        let unsure = at.0.abs_diff(stamped.0) > CLOCK_STEP_MICROS_MIN.unsigned_abs();
        Corrected { at, unsure }
    }

    /// Bounds the periods without a measurement by the periods around them.
    fn estimate(&mut self) {
        for index in 0..self.periods.len() {
            let period = &self.periods[index];
            if period.measured_at_end().is_some() {
                continue;
            }
            let upper = self.upper(index);
            let lower = period.started.map_or(Timestamp::MIN, |(_, highest)| highest);
            let begin = period.started.map(|(now, _)| now.shifted(period.steps_after(Seq::ZERO)));
            let end = self.periods.get(index + 1).and_then(|next| next.started).map(|(_, highest)| highest);
            let behind = begin.filter(|begin| *begin < lower).map(|begin| lower.0.saturating_sub(begin.0));
            let ahead = end.filter(|end| *end > upper).map(|end| upper.0.saturating_sub(end.0));
            let micros = behind.or(ahead).unwrap_or(0);
            self.periods[index].estimate = Some(Estimate { micros, lower, upper });
        }
    }

    /// The earliest start of a later period whose true time is known, or the receipt.
    fn upper(&self, index: usize) -> Timestamp {
        let started = |period: &Period| {
            let (now, _) = period.started?;
            Some(now.shifted(period.measured(period.first)?))
        };
        let behind = self.periods.iter().skip(index + 1).filter_map(started);
        behind.min().map_or(self.received_at, |at| at.min(self.received_at))
    }
}

impl Period {
    /// The correction of a record's stamp in a measured period: from the next measurement, or else from the last one before.
    fn measured(&self, seq: Seq) -> Option<i64> {
        let offset = |mark: &ClockMark| match mark.change {
            ClockChange::Measured { offset_micros } => Some((mark.seq, offset_micros)),
            ClockChange::Started { .. } | ClockChange::Stepped { .. } => None,
        };
        let next = self.changes.iter().filter(|mark| mark.seq > seq).find_map(offset);
        if let Some((measured_at, offset)) = next {
            return Some(self.steps(seq, measured_at).saturating_sub(offset));
        }
        let (measured_at, offset) = self.changes.iter().rev().find_map(offset)?;
        Some(0i64.saturating_sub(offset).saturating_sub(self.steps(measured_at, seq.next())))
    }

    fn measured_at_end(&self) -> Option<i64> {
        self.measured(Seq(u64::MAX - 1))
    }

    /// Sum of the clock's steps between two records, both excluded.
    fn steps(&self, behind: Seq, before: Seq) -> i64 {
        let within = self.changes.iter().filter(|mark| mark.seq > behind && mark.seq < before);
        within.fold(0, |sum, mark| match mark.change {
            ClockChange::Stepped { micros } => sum.saturating_add(micros),
            ClockChange::Started { .. } | ClockChange::Measured { .. } => sum,
        })
    }

    fn steps_after(&self, seq: Seq) -> i64 {
        self.steps(seq, Seq(u64::MAX))
    }
}

/// What is known about the time at which a node recorded an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IntakeTime {
    /// The corrected time. A node reports it only for events whose given time was ahead of its clock.
    pub at: Option<Timestamp>,
    /// The effective time of the record before it in the node's log.
    pub before: Option<Timestamp>,
}

/// When an event counts as having happened, with a flag if that differs from its record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Never later than receipt.
    pub effective_at: Timestamp,
    /// [`Flag::ClockUnsure`] or [`Flag::TimeInFuture`].
    pub flag: Option<Flag>,
}

impl Timing {
    /// Corrects a time stamped by the node's clock. A given time is accepted unless it is later than the event can be. Then the
    /// event counts from when its node recorded it or, if the node does not report that, from the record before. Counting it from
    /// its receipt would let it win over every edit in between.
    pub fn new(event: &Event, clock: &ClockHistory, known: IntakeTime, received_at: Timestamp) -> Timing {
        match event.time_source {
            TimeSource::Node => {
                let Corrected { at, unsure } = clock.corrected(event.seq, event.occurred_at);
                Timing { effective_at: at.min(received_at), flag: unsure.then_some(Flag::ClockUnsure) }
            }
            TimeSource::Caller => {
                let latest = known.at.map_or(received_at, |at| at.min(received_at));
                if event.occurred_at > latest.shifted(GIVEN_AHEAD_MICROS_MAX) {
                    let effective_at = known.at.or(known.before).map_or(received_at, |at| at.min(received_at));
                    return Timing { effective_at, flag: Some(Flag::TimeInFuture) };
                }
                Timing { effective_at: event.occurred_at.min(received_at), flag: None }
            }
        }
    }
}

#[cfg(test)]
mod tests;
