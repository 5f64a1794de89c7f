//! The reading thread: turns rows into batches of drafts, one batch per request.

use tokio::sync::mpsc::Sender;

use super::draft::{GroupOutcome, MappedColumns, Note, Prepared};
use super::group::{Group, Grouping};
use super::report::{Remark, RowOutcome};
use super::rows::{BadRow, FileError, SourceRow, SourceRows};

/// Drafts per request: enough that the node's log flushes rarely, few enough that a lost answer costs little.
const DRAFTS_MAX: usize = 256;
/// Bytes per request.
const BYTES_MAX: usize = 1024 * 1024;
/// Remarks per batch, so that a file of bad rows does not fill the memory.
const REMARKS_MAX: usize = 1_000;

/// The drafts of one request, and the remarks about rows before its end.
#[derive(Default)]
pub(super) struct DraftBatch {
    pub(super) drafts: Vec<Prepared>,
    pub(super) remarks: Vec<Remark>,
    /// Keys that are not sent because of a bad row.
    pub(super) bad_events: u64,
    /// Rows of its drafts, and of drafts that an earlier run has sent.
    pub(super) rows: u64,
    bytes: usize,
}

/// Keeps only rows whose column begins with a text.
#[derive(Clone, Debug)]
pub(super) struct RowFilter {
    pub(super) column: usize,
    pub(super) start: String,
}

impl RowFilter {
    fn keeps(&self, row: &SourceRow) -> bool {
        row.text(self.column).trim().starts_with(&self.start)
    }
}

/// Reads all rows and sends batches until the channel is closed. Skips the first `skip` drafts, which an earlier run has sent.
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
            && !only.keeps(row)
        {
            return true;
        }
        if let Some(BadRow { line, reason, .. }) = grouping.add(item) {
            batching.remark(RowOutcome::Bad, Note { line, key: String::new(), reason });
        }
        while let Some(group) = grouping.ended() {
            listening = listening && batching.add(group);
        }
        listening
    })?;
    for group in grouping.rest() {
        listening = listening && batching.add(group);
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
    /// Returns false once the channel is closed.
    fn add(&mut self, group: Group) -> bool {
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
