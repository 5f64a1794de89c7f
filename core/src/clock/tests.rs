use proptest::prelude::*;

use super::*;
use crate::event::Content;
use crate::id::{EventId, Name, NodeId, TenantId};
use crate::position::Epoch;

/// Hours of the true time at which a story begins.
const H: i64 = 3_600_000_000;
const YEARS_56: i64 = 56 * 365 * 24 * H;
const DAY: i64 = 24 * H;
const BEGIN: i64 = YEARS_56;

fn at(hours: i64) -> Timestamp {
    Timestamp(BEGIN + hours * H)
}

fn mark(seq: u64, change: ClockChange) -> ClockMark {
    ClockMark { seq: Seq(seq), change }
}

fn started(seq: u64, now: Timestamp, highest: Timestamp) -> ClockMark {
    mark(seq, ClockChange::Started { now, highest })
}

fn stepped(seq: u64, micros: i64) -> ClockMark {
    mark(seq, ClockChange::Stepped { micros })
}

fn measured(seq: u64, offset_micros: i64) -> ClockMark {
    mark(seq, ClockChange::Measured { offset_micros })
}

#[track_caller]
fn check(history: &ClockHistory, seq: u64, stamped: Timestamp, at: Timestamp, unsure: bool) {
    assert_eq!(history.corrected(Seq(seq), stamped), Corrected { at, unsure });
}

#[test]
fn a_clock_that_nothing_happened_to_is_corrected_by_the_offset_of_the_push() {
    let history = ClockHistory::new(&[], Some(90_000_000), at(9));
    check(&history, 5, at(1).shifted(90_000_000), at(1), false);
}

#[test]
fn sales_stamped_in_1970_count_when_they_happened_once_the_clock_was_put_right() {
    for wrong in [-YEARS_56, -30 * DAY, 10 * 365 * DAY, -H] {
        let marks = [started(4, at(1).shifted(wrong), at(0)), stepped(8, -wrong)];
        let history = ClockHistory::new(&marks, Some(0), at(9));
        check(&history, 3, at(0), at(0), false);
        check(&history, 5, at(2).shifted(wrong), at(2), false);
        check(&history, 7, at(3).shifted(wrong), at(3), false);
        check(&history, 9, at(4), at(4), false);
    }
}

#[test]
fn several_steps_add_up_and_only_those_behind_a_record_move_it() {
    let marks = [stepped(3, 5 * H), stepped(6, -7 * H), stepped(9, DAY)];
    let history = ClockHistory::new(&marks, Some(H), at(9));
    check(&history, 2, at(1), at(1).shifted(5 * H - 7 * H + DAY - H), false);
    check(&history, 6, at(1), at(1).shifted(DAY - H), false);
    check(&history, 10, at(1), at(1).shifted(-H), false);
}

#[test]
fn machine_off_before_its_clock_was_corrected_leaves_bounded_unsure_times() {
    for wrong in [-YEARS_56, -30 * DAY] {
        let marks = [started(4, at(1).shifted(wrong), at(0)), started(8, at(20), at(0))];
        let history = ClockHistory::new(&marks, Some(0), at(30));
        check(&history, 3, at(0), at(0), false);
        // The period is moved as a whole: it starts at the latest time before it, and the distances between its records stay.
        check(&history, 5, at(1).shifted(wrong), at(0), true);
        check(&history, 7, at(4).shifted(wrong), at(3), true);
        // It cannot have ended after the machine started again.
        check(&history, 7, at(50).shifted(wrong), at(20), true);
        check(&history, 9, at(21), at(21), false);
    }
}

#[test]
fn a_period_ahead_of_the_next_is_moved_to_the_start_of_the_next() {
    let ahead = 10 * 365 * DAY;
    let marks = [started(4, at(1).shifted(ahead), at(0)), started(8, at(20), at(3).shifted(ahead))];
    let history = ClockHistory::new(&marks, Some(0), at(30));
    check(&history, 5, at(1).shifted(ahead), at(18), true);
    check(&history, 7, at(3).shifted(ahead), at(20), true);
}

#[test]
fn a_period_that_was_right_is_not_moved_by_the_wrong_clock_of_the_next_one() {
    // The battery of the clock was empty: right, then off, then 1970 until the push, which measures it.
    let marks = [started(4, at(5).shifted(-YEARS_56), at(2))];
    let history = ClockHistory::new(&marks, Some(-YEARS_56), at(9));
    check(&history, 3, at(2), at(2), false);
    check(&history, 5, at(6).shifted(-YEARS_56), at(6), false);
}

#[test]
fn a_start_that_contradicts_nothing_makes_no_time_unsure() {
    let marks = [started(4, at(10), at(2)), started(6, at(30), at(12))];
    let history = ClockHistory::new(&marks, Some(0), at(40));
    for (seq, hours) in [(2, 1), (5, 12), (7, 31)] {
        check(&history, seq, at(hours), at(hours), false);
    }
}

#[test]
fn a_period_that_central_measured_is_known_though_the_machine_was_off_since() {
    let wrong = -YEARS_56;
    let marks =
        [started(4, at(1).shifted(wrong), at(0)), measured(6, wrong), stepped(9, DAY), started(12, at(30), at(8))];
    let history = ClockHistory::new(&marks, Some(0), at(40));
    check(&history, 5, at(2).shifted(wrong), at(2), false);
    check(&history, 7, at(3).shifted(wrong), at(3), false);
    check(&history, 10, at(4).shifted(wrong + DAY), at(4), false);
}

#[test]
fn without_a_measurement_times_are_kept_and_bounded_by_the_receipt() {
    let history = ClockHistory::new(&[], None, at(9));
    check(&history, 5, at(8), at(8), false);
    check(&history, 5, at(12), at(9), true);
}

fn event(time_source: TimeSource, occurred_at: Timestamp) -> Event {
    let name = |text: &str| Name::new(text).expect("a name");
    Event {
        id: EventId::from_bytes([1; 16]),
        tenant: TenantId::from_bytes([2; 16]),
        node: NodeId::from_bytes([3; 16]),
        epoch: Epoch { number: 1, id: uuid::Uuid::nil() },
        seq: Seq(5),
        occurred_at,
        time_source,
        identity_position: 0,
        content: Content::new(name("CLIENT"), name("c"), name("UPDATE"), b"{}".to_vec()),
    }
}

#[test]
fn a_time_given_in_the_future_counts_from_when_the_node_took_it_in() {
    let clock = ClockHistory::new(&[], Some(0), at(9));
    let timing = |given, taken_in| {
        let known = IntakeTime { at: taken_in, before: Some(at(1)) };
        Timing::new(&event(TimeSource::Caller, given), &clock, known, at(9))
    };
    let future = |at| Timing { effective_at: at, flag: Some(Flag::TimeInFuture) };
    let kept_time = |at| Timing { effective_at: at, flag: None };
    assert_eq!(timing(at(24 * 3_650), Some(at(2))), future(at(2)));
    // In the future when it was given, in the past when it arrives: it would win over every edit in between.
    assert_eq!(timing(at(7), Some(at(2))), future(at(2)));
    // Where the node does not say when, the record before it does.
    assert_eq!(timing(at(24), None), future(at(1)));
    let first = Timing::new(&event(TimeSource::Caller, at(24)), &clock, IntakeTime::default(), at(9));
    assert_eq!(first, future(at(9)));
    assert_eq!(timing(at(1), Some(at(2))), kept_time(at(1)));
    assert_eq!(timing(at(1).shifted(30_000_000), Some(at(1))), kept_time(at(1).shifted(30_000_000)));
}

proptest! {
    /// A node with any clock, in one run of its machine, reports every true time to central.
    #[test]
    fn one_measurement_behind_any_steps_gives_the_true_times(
        moves in prop::collection::vec((0i64..DAY, prop::option::of(-YEARS_56..YEARS_56)), 1..40),
        wrong in -YEARS_56..YEARS_56,
    ) {
        let (mut marks, mut stamps) = (vec![started(1, at(0).shifted(wrong), at(0))], Vec::new());
        let (mut now, mut wrong) = (at(0), wrong);
        for (seq, (passed, step)) in (2..).zip(moves) {
            now = now.shifted(passed);
            match step {
                Some(micros) => {
                    wrong += micros;
                    marks.push(stepped(seq, micros));
                }
                None => stamps.push((seq, now.shifted(wrong), now)),
            }
        }
        let history = ClockHistory::new(&marks, Some(wrong), now);
        for (seq, stamped, truly) in stamps {
            prop_assert_eq!(history.corrected(Seq(seq), stamped), Corrected { at: truly, unsure: false });
        }
    }

    /// Whatever marks a node sends, no arithmetic fails and no time is later than receipt.
    #[test]
    fn any_marks_give_a_time_not_later_than_receipt(
        marks in prop::collection::vec((0u64..20, 0u8..3, any::<i64>(), any::<i64>()), 0..12),
        offset in any::<Option<i64>>(),
        seq in 0u64..20,
        stamped in any::<i64>(),
    ) {
        let change = |kind, a, b| match kind {
            0 => ClockChange::Started { now: Timestamp(a), highest: Timestamp(b) },
            1 => ClockChange::Stepped { micros: a },
            _ => ClockChange::Measured { offset_micros: a },
        };
        let marks: Vec<_> = marks.into_iter().map(|(seq, kind, a, b)| mark(seq, change(kind, a, b))).collect();
        let clock = ClockHistory::new(&marks, offset, at(9));
        let event = Event { seq: Seq(seq), ..event(TimeSource::Node, Timestamp(stamped)) };
        prop_assert!(Timing::new(&event, &clock, IntakeTime::default(), at(9)).effective_at <= at(9));
    }
}
