//! The reading thread: from rows to batches, each of which is one request to the node.

use tokio::sync::mpsc::Sender;

use super::draft::{GroupOutcome, MappedColumns, Note, Prepared};
use super::group::{Group, Grouping};
use super::report::{Remark, RowOutcome};
use super::rows::{BadRow, FileError, SourceRow, SourceRows};

/// Drafts in one request: enough that the node's log syncs rarely, few enough that a lost answer costs little.
const DRAFTS_MAX: usize = 256;
/// Bytes in one request.
const BYTES_MAX: usize = 1024 * 1024;
/// Remarks that wait for a request to go with: a file of bad rows must not fill the memory.
const REMARKS_MAX: usize = 1_000;

/// One request, and what was found on the way to it.
#[derive(Default)]
pub(super) struct DraftBatch {
    pub(super) drafts: Vec<Prepared>,
    pub(super) remarks: Vec<Remark>,
    /// Keys that are not sent for a bad row.
    pub(super) bad_events: u64,
    /// Rows of all its drafts, and of those that an earlier run had sent.
    pub(super) rows: u64,
    bytes: usize,
}

/// Takes only rows whose column begins with a text.
#[derive(Clone, Debug)]
pub(super) struct RowFilter {
    pub(super) column: usize,
    pub(super) start: String,
}

impl RowFilter {
    fn takes(&self, row: &SourceRow) -> bool {
        row.text(self.column).trim().starts_with(&self.start)
    }
}

/// Reads all rows and hands over batches until nobody listens. The first `skip` drafts were answered in an earlier run.
pub(super) fn read(
    rows: SourceRows,
    plan: &MappedColumns,
    only: Option<&RowFilter>,
    skip: u64,
    batches: &Sender<DraftBatch>,
) -> Result<(), FileError> {
    let mut batching = Batching { plan, skip, batch: DraftBatch::default(), batches };
    let mut grouping = Grouping::new(plan.group_by, plan.within);
    let mut listening = true;
    rows.for_each(|item| {
        if let (Ok(row), Some(only)) = (&item, only)
            && !only.takes(row)
        {
            return true;
        }
        if let Some(BadRow { line, reason, .. }) = grouping.take(item) {
            batching.remark(RowOutcome::Bad, Note { line, key: String::new(), reason });
        }
        while let Some(group) = grouping.ended() {
            listening = listening && batching.take(group);
        }
        listening
    })?;
    for group in grouping.rest() {
        listening = listening && batching.take(group);
    }
    batching.hand_over();
    Ok(())
}

struct Batching<'a> {
    plan: &'a MappedColumns,
    skip: u64,
    batch: DraftBatch,
    batches: &'a Sender<DraftBatch>,
}

impl Batching<'_> {
    /// Whether somebody still listens.
    fn take(&mut self, group: Group) -> bool {
        let (outcome, left_out) = self.plan.outcome(group);
        for note in left_out {
            self.remark(RowOutcome::LeftOut, note);
        }
        match outcome {
            GroupOutcome::Skipped(note) => self.remark(RowOutcome::Skipped, note),
            GroupOutcome::Bad(notes) => {
                self.batch.bad_events += 1;
                notes.into_iter().for_each(|note| self.remark(RowOutcome::Bad, note));
            }
            GroupOutcome::Draft(draft) => {
                self.batch.rows += draft.rows;
                if self.skip > 0 {
                    self.skip -= 1;
                } else {
                    self.batch.bytes += draft.json.len() + 1;
                    self.batch.drafts.push(draft);
                }
            }
        }
        let batch = &self.batch;
        let full = batch.drafts.len() >= DRAFTS_MAX || batch.bytes >= BYTES_MAX || batch.remarks.len() >= REMARKS_MAX;
        !full || self.hand_over()
    }

    fn remark(&mut self, outcome: RowOutcome, Note { line, key, reason }: Note) {
        self.batch.remarks.push(Remark { outcome, line, key, code: String::new(), reason });
    }

    fn hand_over(&mut self) -> bool {
        self.batches.blocking_send(std::mem::take(&mut self.batch)).is_ok()
    }
}
