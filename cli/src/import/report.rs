//! What is said about rows that did not become events: on stderr as they come, and in a CSV file for whoever mends them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What became of a row, or of the event it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// It cannot be read: its whole event is not sent.
    Bad,
    /// The node refused its event.
    Refused,
    /// No row of this key says anything to us, as the mapping says.
    Skipped,
    /// One row of an event that says nothing to us.
    LeftOut,
}

/// One remark.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    /// What became of it.
    pub outcome: RowOutcome,
    /// In the imported file, from 1.
    pub line: u64,
    /// What its rows are grouped by.
    pub key: String,
    /// The node's code, where it refused.
    pub code: String,
    /// In words, with the value.
    pub reason: String,
}

/// What the import came to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    /// Rows that became part of an event.
    pub rows: u64,
    /// Events the node has now.
    pub recorded: u64,
    /// Of these, those it had before this run.
    pub known_before: u64,
    /// Events it refused.
    pub refused: u64,
    /// Keys whose event was not sent, for a bad row.
    pub bad_events: u64,
    /// Rows that cannot be read.
    pub bad_rows: u64,
    /// Keys that say nothing to us, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Rows that say nothing to us, by reason.
    pub left_out: BTreeMap<String, u64>,
}

impl Summary {
    /// Whether every row was understood and taken.
    pub fn is_clean(&self) -> bool {
        self.refused == 0 && self.bad_rows == 0
    }
}

/// Where remarks go.
pub(super) struct Report {
    file: Option<csv::Writer<File>>,
    bar: indicatif::ProgressBar,
    pub(super) summary: Summary,
}

impl Report {
    pub(super) fn new(path: Option<&Path>, bar: indicatif::ProgressBar) -> Result<Report, csv::Error> {
        let file = path.map(csv::Writer::from_path).transpose()?;
        Ok(Report { file, bar, summary: Summary::default() })
    }

    /// Counts a remark, writes it to the file, and says it aloud if somebody must act.
    pub(super) fn say(&mut self, remark: &Remark) -> Result<(), csv::Error> {
        let count = |by_reason: &mut BTreeMap<String, u64>| *by_reason.entry(remark.reason.clone()).or_default() += 1;
        match remark.outcome {
            RowOutcome::Bad => self.summary.bad_rows += 1,
            RowOutcome::Refused => self.summary.refused += 1,
            RowOutcome::Skipped => count(&mut self.summary.skipped),
            RowOutcome::LeftOut => count(&mut self.summary.left_out),
        }
        if matches!(remark.outcome, RowOutcome::Bad | RowOutcome::Refused) {
            let Remark { line, key, code, reason, .. } = remark;
            let code = if code.is_empty() { String::new() } else { format!("{code} ") };
            self.bar.suspend(|| eprintln!("line {line} ({key}): {code}{reason}"));
        }
        self.file.as_mut().map_or(Ok(()), |file| file.serialize(remark))
    }

    /// Moves the bar to where the file was read when the last answered draft came.
    pub(super) fn at(&self, done: Option<u64>) {
        if let Some(done) = done {
            self.bar.set_position(done);
        }
        self.bar.set_message(format!("{} events", self.summary.recorded));
    }

    pub(super) fn finish(mut self) -> Result<Summary, csv::Error> {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        self.bar.finish_and_clear();
        Ok(self.summary)
    }
}
