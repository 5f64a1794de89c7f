use crate::writer::{Ending, Ledger, Program};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use comptoir_tests::crash_ledger::Found;

/// Totals over all rounds.
pub(crate) struct Summary {
    title: String,
    rounds: u64,
    under_load: u64,
    /// Rounds that ended before their first acknowledgement.
    unheard: u64,
    /// The part of these that ended while the store opened and recovered.
    while_opening: u64,
    /// Rounds in which a late acknowledgement was not found.
    late_missing_rounds: u64,
    acknowledged: u64,
    bursting: Duration,
    records: u64,
    /// Rounds in which damage was found.
    bad_rounds: u64,
    pub(crate) lost: u64,
    pub(crate) unusable: u64,
    duplicated: u64,
    torn: u64,
    broken: u64,
    /// Acknowledged after the power cut was requested.
    late: u64,
    /// The part of these that was not found.
    late_missing: u64,
    /// The messages of unusable databases, with their counts.
    messages: BTreeMap<String, u64>,
}

impl Summary {
    pub(crate) fn new(program: &Program, faults: &str) -> Summary {
        Summary {
            title: format!("{}, {faults}", program.name),
            rounds: 0,
            under_load: 0,
            unheard: 0,
            while_opening: 0,
            late_missing_rounds: 0,
            acknowledged: 0,
            bursting: Duration::ZERO,
            records: 0,
            bad_rounds: 0,
            lost: 0,
            unusable: 0,
            duplicated: 0,
            torn: 0,
            broken: 0,
            late: 0,
            late_missing: 0,
            messages: BTreeMap::new(),
        }
    }

    /// Counts one crash and what the reader found after it.
    pub(crate) fn count(&mut self, ending: &Ending, ledger: &Ledger, under_load: bool) {
        self.rounds += 1;
        self.under_load += u64::from(under_load);
        self.unheard += u64::from(ledger.last_round() == 0);
        self.while_opening += u64::from(!ledger.last_opened());
        self.late += ledger.last_late();
        self.acknowledged += ledger.last_round();
        self.bursting = ledger.bursting();
        self.bad_rounds += u64::from(!ending.is_clean());
        match ending {
            Ending::Read(Found { records, lost, duplicated, torn, broken, late_missing }) => {
                self.records = *records;
                self.lost += lost;
                self.duplicated += duplicated;
                self.torn += torn;
                self.broken += broken;
                self.late_missing += late_missing;
                self.late_missing_rounds += u64::from(*late_missing > 0);
            }
            Ending::Unusable(message) => {
                self.unusable += 1;
                self.lost += ledger.acknowledged();
                *self.messages.entry(message.clone()).or_default() += 1;
            }
        }
    }

    pub(crate) fn print(&self) {
        // Recording slows a burst down, so its rate would mean nothing.
        let rate = match u64::try_from(self.bursting.as_millis()) {
            Ok(milliseconds @ 1..) => format!(" ({}/s)", self.acknowledged * 1000 / milliseconds),
            Ok(0) | Err(_) => String::new(),
        };
        let Summary {
            title,
            rounds,
            under_load,
            unheard,
            while_opening,
            late_missing_rounds,
            acknowledged,
            records,
            bad_rounds,
            lost,
            unusable,
            duplicated,
            torn,
            broken,
            late,
            late_missing,
            ..
        } = self;
        announce(&format!(
            "{title}: {rounds} times, {under_load} under load, {unheard} before the first acknowledgement, {while_opening} \
             while it opened; {acknowledged} acknowledged{rate}, {lost} lost, {duplicated} duplicated, {torn} torn, {broken} broken \
             links, {unusable} times unusable, {bad_rounds} rounds with damage, {records} records at the end; {late} acknowledged \
             after the cut was asked for, {late_missing} of them not found in {late_missing_rounds} cuts, which is allowed"
        ));
        self.messages.iter().for_each(|(message, times)| announce(&format!("  {times} times: {message}")));
    }

    pub(crate) fn assert_nothing_lost(&self) {
        let wrong = self.lost + self.duplicated + self.torn + self.broken + self.unusable;
        assert_eq!(
            wrong, 0,
            "{}: {} of {} rounds were bad: {:?}",
            self.title, self.bad_rounds, self.rounds, self.messages
        );
        assert!(self.acknowledged > 0, "nothing was acknowledged at all");
    }
}

/// Prints the summary even where a passing test's output is captured, since the rig in use must be visible.
pub(crate) fn announce(text: &str) {
    // A closed standard error is no failure of the test.
    let _ = writeln!(std::io::stderr(), "{text}");
}
