//! How far a desktop's clock may be ahead of central's, and when an edit was made at the earliest.
//!
//! The contract has no field for the clock. The `Date` header shows it to the second. Without the header, the latest time in
//! a request (of an edit, or of the attempt to send it) is only a lower bound: a client may be an hour ahead and send an edit
//! that is an hour old. So a time close to central's shows a right clock, one in the future shows a clock that is ahead by
//! more than that, and an older one shows nothing. In doubt an edit counts as older.

use comptoir_core::time::Timestamp;
use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000_000;

/// A client that is online sends an edit within this time: it synchronises every 30 seconds.
const FRESH_MICROS_MAX: i64 = 120 * SECOND;

/// How long a reading is preferred to a later one that shows less of a lead: a clock may have been corrected after an edit.
const READING_MICROS_MAX: i64 = 7 * 24 * 3_600 * SECOND;

/// What is known of a client's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ClockReading {
    /// When the reading was made, by central's clock in microseconds; absent if there was none.
    at: Option<i64>,
    lead: ClockLead,
}

/// The client's clock minus central's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockLead {
    /// At most so many microseconds.
    AtMost(i64),
    #[default]
    Unknown,
}

impl ClockLead {
    fn larger(self, other: ClockLead) -> ClockLead {
        match (self, other) {
            (ClockLead::AtMost(left), ClockLead::AtMost(right)) => ClockLead::AtMost(left.max(right)),
            _ => ClockLead::Unknown,
        }
    }
}

impl ClockReading {
    /// The reading of a request: its `Date` header, and the times in it.
    pub(crate) fn of_request(
        date: Option<&str>,
        now: Timestamp,
        stamps: impl Iterator<Item = Timestamp>,
    ) -> ClockReading {
        let dated = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        let dated = dated.map(|date| of_date(date.timestamp().as_microsecond().saturating_sub(now.0)));
        let stamped = stamps.max().map(|latest| latest.0.saturating_sub(now.0));
        let lead = match (dated, stamped) {
            (Some(dated), Some(ahead)) if ahead > 0 && dated == ClockLead::AtMost(0) => dated.larger(of_stamp(ahead)),
            (Some(dated), _) => dated,
            (None, Some(ahead)) if ahead >= -FRESH_MICROS_MAX => of_stamp(ahead),
            (None, _) => return ClockReading::default(),
        };
        ClockReading { at: Some(now.0), lead }
    }

    /// What is known after another reading.
    pub(crate) fn followed_by(self, seen: ClockReading, now: Timestamp) -> ClockReading {
        let is_recent = self.at.is_some_and(|at| now.0.saturating_sub(at) < READING_MICROS_MAX);
        match seen.at {
            None => self,
            Some(_) if is_recent && self.lead.larger(seen.lead) == self.lead && self.lead != seen.lead => self,
            Some(_) => seen,
        }
    }

    /// When an edit was made at the earliest, by central's clock; absent if that is not known.
    pub(crate) fn made_at(self, stamp: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self.lead {
            ClockLead::AtMost(lead) => Some(stamp.shifted(-lead)).filter(|made_at| *made_at <= now),
            ClockLead::Unknown => None,
        }
    }
}

/// The lead that the `Date` header shows: it is cut to the second and was written before the request arrived.
fn of_date(ahead: i64) -> ClockLead {
    if (-2 * SECOND..=0).contains(&ahead) { ClockLead::AtMost(0) } else { ClockLead::AtMost(ahead + 2 * SECOND) }
}

/// The lead that the latest time in a request shows.
fn of_stamp(ahead: i64) -> ClockLead {
    match ahead {
        _ if ahead <= 0 => ClockLead::AtMost(0),
        _ if ahead <= SECOND => ClockLead::AtMost(2 * SECOND),
        _ if ahead <= 60 * SECOND => ClockLead::AtMost(120 * SECOND),
        _ => ClockLead::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01 10:00 UTC.
    const NOON: Timestamp = Timestamp(1_772_359_200_000_000);
    const HOUR: i64 = 3_600 * SECOND;

    fn made_at(date: Option<&str>, stamps: &[i64], stamp: i64) -> Option<i64> {
        let stamps = stamps.iter().map(|seconds| NOON.shifted(seconds * SECOND));
        let reading = ClockReading::default().followed_by(ClockReading::of_request(date, NOON, stamps), NOON);
        let made_at = reading.made_at(NOON.shifted(stamp * SECOND), NOON);
        made_at.map(|made_at| (made_at.0 - NOON.0) / SECOND)
    }

    #[test]
    fn an_edit_counts_as_made_at_the_earliest_time_that_the_request_allows() {
        let hour = 3_600;
        assert_eq!(made_at(None, &[-5, -90], -90), Some(-90), "a fresh edit shows a right clock");
        assert_eq!(made_at(None, &[-hour], -hour), None, "an old one shows nothing");
        assert_eq!(made_at(None, &[-hour, 2 * hour], -hour), None, "an hour or two ahead");
        assert_eq!(made_at(None, &[30, -hour], -hour), Some(-hour - 120));
        let right = Some("Sun, 01 Mar 2026 09:59:59 GMT");
        assert_eq!(made_at(right, &[-hour], -hour), Some(-hour));
        let ahead = Some("Sun, 01 Mar 2026 12:00:00 GMT");
        assert_eq!(made_at(ahead, &[2 * hour - 10], 2 * hour - 10), Some(-12));
        let behind = Some("Sun, 01 Mar 2026 07:00:00 GMT");
        assert_eq!(made_at(behind, &[-3 * hour], -3 * hour - 10), Some(-12));
        assert_eq!(made_at(behind, &[-3 * hour], -hour), None, "made before the clock was set back");
        assert_eq!(made_at(right, &[3 * hour], -hour), None, "made before the clock was set right");
    }

    #[test]
    fn a_lead_is_remembered_for_a_week() {
        let ahead = ClockReading::of_request(Some("Sun, 01 Mar 2026 12:00:00 GMT"), NOON, std::iter::empty());
        let right = |at: Timestamp| ClockReading::of_request(None, at, std::iter::once(at));
        let (soon, late) = (NOON.shifted(24 * HOUR), NOON.shifted(8 * 24 * HOUR));
        assert_eq!(ahead.followed_by(right(soon), soon), ahead);
        assert_eq!(ahead.followed_by(right(late), late), right(late));
        assert_eq!(ahead.followed_by(ClockReading::default(), late), ahead);
        assert_eq!(right(NOON).followed_by(ahead, NOON), ahead);
        let again = ClockReading { at: Some(soon.0), ..ahead };
        assert_eq!(ahead.followed_by(again, soon), again, "seen once more");
    }
}
