//! The report of an import: remarks about rows that did not become events, on stderr and in a CSV file, and the summary.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Why a row did not become part of an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// The row cannot be read, so its event is not sent.
    Bad,
    /// The node refused its event.
    Refused,
    /// The mapping leaves out all rows of this key.
    Skipped,
    /// The mapping leaves out this row of an event.
    LeftOut,
}

/// A remark about a row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    /// Why the row did not become part of an event.
    pub outcome: RowOutcome,
    /// Line in the imported file, from 1.
    pub line: u64,
    /// The key that groups its rows.
    pub key: String,
    /// The node's error code; empty unless it refused.
    pub code: String,
    /// The reason as text, with the value.
    pub reason: String,
}

/// The result of an import.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    /// Rows that became part of an event.
    pub rows: u64,
    /// Events of the file that the node has now.
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

    /// Counts a remark, writes it to the file, and prints it if somebody must act.
    pub(super) fn record(&mut self, remark: &Remark) -> Result<(), csv::Error> {
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

    /// Moves the progress bar to the place of the last answered draft.
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
