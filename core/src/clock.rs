//! The clock of a node: what happened to it, and what that says about the times it stamped.
//!
//! A node seals each [`ClockChange`] in its own log, in the order in which it happened. The records between two starts of the machine are
//! one *period*. Inside a period every movement of the clock is known, so one measurement against central corrects the whole period.
//! Between two periods the machine was off and nothing is known: a period that was never measured is taken as it was stamped, unless its
//! times contradict the periods around it. Then it is moved as little as possible, and its times are unsure.

use crate::decision::Flag;
use crate::event::{Event, TimeSource};
use crate::position::Seq;
use crate::time::Timestamp;

/// A clock that moved by less than this was not set: a leap second, and the time between reading two clocks, stay below it.
pub const CLOCK_STEP_MICROS_MIN: i64 = 2_000_000;
/// A given time may be this far ahead of its receipt: two clocks of one shop that both run well differ by less.
pub const GIVEN_AHEAD_MICROS_MAX: i64 = 60_000_000;

/// What happened to a node's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockChange {
    /// The machine started. Nobody knows how the clock moved while the machine was off.
    Started {
        /// What the clock showed.
        now: Timestamp,
        /// The latest time that the log had seen until then.
        highest: Timestamp,
    },
    /// The clock was set while the node watched it.
    Stepped {
        /// By how much, forwards positive.
        micros: i64,
    },
    /// Central answered.
    Measured {
        /// The node's clock less central's.
        offset_micros: i64,
    },
}

/// A change and its place in the log. It says nothing about the order of records, which is their seq.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockMark {
    /// The record that seals it.
    pub seq: Seq,
    /// What happened.
    pub change: ClockChange,
}

/// What a time comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrected {
    /// The best that is known.
    pub at: Timestamp,
    /// The true time is not known: `at` is the nearest that does not contradict the log.
    pub unsure: bool,
}

/// The changes of a node's clock, as far as they are known when its records are decided.
#[derive(Clone, Debug, Default)]
pub struct ClockHistory {
    periods: Vec<Period>,
    received_at: Timestamp,
}

/// From one start of the machine to the next.
#[derive(Clone, Debug, Default)]
struct Period {
    first: Seq,
    /// What the clock showed at the start, and the latest time before; absent where the log does not say.
    started: Option<(Timestamp, Timestamp)>,
    /// Steps and measurements, in order.
    changes: Vec<ClockMark>,
    /// What the times of a period without a measurement are moved by, and where they must lie.
    estimate: Option<Estimate>,
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    micros: i64,
    lower: Timestamp,
    upper: Timestamp,
}

impl ClockHistory {
    /// Reads the changes, in the order of the log. `offset_micros` is the node's clock less central's now, if it was measured;
    /// `received_at` is the latest time that any record can have.
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

    /// What a time comes to that the node's clock stamped on that record.
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

    /// Places the periods that were never measured between those around them.
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

    /// The earliest start behind a period whose true time is known, or the receipt.
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
    /// What is to be added to a stamp of that record, where the period was measured: by the next measurement, or by the last one before.
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

    /// The same at its end.
    fn measured_at_end(&self) -> Option<i64> {
        self.measured(Seq(u64::MAX - 1))
    }

    /// By how much the clock was set from behind one record up to before another.
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

/// What is known of when a node took in an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IntakeTime {
    /// When it was, corrected; a node says so only of events whose given time was ahead of its clock.
    pub at: Option<Timestamp>,
    /// When the record before it in the node's log counts as having happened.
    pub before: Option<Timestamp>,
}

/// When an event counts as having happened, and the remark where that is not what its record says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Never later than receipt.
    pub effective_at: Timestamp,
    /// [`Flag::ClockUnsure`] or [`Flag::TimeInFuture`].
    pub flag: Option<Flag>,
}

impl Timing {
    /// What the node's clock stamped is corrected by what is known of that clock. A given time stands, unless it is later than the
    /// event can be: then the event counts from when its node took it in. Where the node does not say when that was, it counts from
    /// the record before, the earliest that it can be: at its receipt it would win over every edit in between.
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
