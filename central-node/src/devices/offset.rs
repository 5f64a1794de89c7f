//! The offset of a device's clock from central's. The contracts have no field for it, so the HTTP `Date` header is used if
//! the client sends one. Otherwise an event stamped later than its receipt shows the least amount by which the clock is
//! ahead.

use comptoir_core::time::Timestamp;

/// Seven days: the longest time that the mobile contract lets a device work offline.
const OFFLINE_MICROS_MAX: i64 = 7 * 24 * 3_600 * 1_000_000;

/// The device's clock minus central's, if the request shows it. `date` is the HTTP `Date` header.
pub(crate) fn of_request(date: Option<&str>, now: Timestamp, stamps: impl Iterator<Item = Timestamp>) -> Option<i64> {
    let said = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    match said {
        Some(at) => Some(at.timestamp().as_microsecond().saturating_sub(now.0)),
        None => stamps.max().map(|latest| latest.0.saturating_sub(now.0)).filter(|ahead| *ahead > 0),
    }
}

/// The correction of one stamp. If the clock is further ahead than a device may work offline, a stamp from the past was made
/// before the clock went wrong or after it was corrected, and is not changed.
pub(crate) fn of_stamp(offset_micros: i64, stamp: Timestamp, now: Timestamp) -> i64 {
    if offset_micros > OFFLINE_MICROS_MAX && stamp <= now { 0 } else { offset_micros }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_772_359_200_000_000);

    #[test]
    fn the_date_header_says_the_offset_and_a_stamp_from_the_future_the_least_it_can_be() {
        let stamps = [NOON.shifted(-5), NOON.shifted(7_000_000)];
        assert_eq!(of_request(None, NOON, stamps.into_iter()), Some(7_000_000));
        assert_eq!(of_request(None, NOON, stamps.into_iter().take(1)), None);
        let date = Some("Sun, 01 Mar 2026 09:59:58 GMT");
        assert_eq!(of_request(date, NOON, stamps.into_iter()), Some(-2_000_000));
    }

    #[test]
    fn a_stamp_that_a_clock_far_ahead_cannot_have_made_stands() {
        let (hour, year) = (3_600_000_000, 365 * 24 * 3_600_000_000);
        assert_eq!(of_stamp(year, NOON.shifted(year), NOON), year);
        assert_eq!(of_stamp(year, NOON.shifted(-hour), NOON), 0);
        assert_eq!(of_stamp(hour, NOON.shifted(-hour), NOON), hour, "a zone set wrong, for days");
        assert_eq!(of_stamp(-year, NOON.shifted(-year), NOON), -year, "a clock behind");
    }
}
