//! The log's writing side: the end of the log, the commit of a group, and the reaction to a failed write. One thread owns it
//! (`group`).

use std::sync::Arc;
use std::time::Instant;

use comptoir_core::chain::ChainHash;
use comptoir_core::position::{Epoch, LogMarks, Seq};
use tokio::sync::oneshot;

use super::clock_state::ClockState;
use super::high_water::{HighWater, HighWaterMark};
use super::ids::IdWriter;
use super::shared::{SharedLog, State};
use super::staged::Staged;
use super::store::StoreError;
use super::{AppendError, Appended, DecideError, Head};

/// Blocks of id runs merged after each group, so that merging keeps pace with new ids without delaying callers.
const MERGE_BLOCKS: usize = 8;

/// The way back to a caller of [`Log`](super::Log), who waits for it.
pub(crate) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// An answer that is sent after the flush.
pub(crate) enum WriterAnswer {
    Appended(Vec<Appended>, Reply<Vec<Appended>, AppendError>),
    Decided(u32, Seq, Reply<(), DecideError>),
    Put(Reply<(), AppendError>),
}

impl WriterAnswer {
    fn give(self) {
        // A caller that went away will retry and get the duplicate.
        match self {
            WriterAnswer::Appended(appended, reply) => drop(reply.send(Ok(appended))),
            WriterAnswer::Decided(_, _, reply) => drop(reply.send(Ok(()))),
            WriterAnswer::Put(reply) => drop(reply.send(Ok(()))),
        }
    }

    fn refuse(self, reason: &str) {
        let reason = reason.to_owned();
        match self {
            WriterAnswer::Appended(_, reply) => drop(reply.send(Err(AppendError::ReadOnly { reason }))),
            WriterAnswer::Decided(_, _, reply) => drop(reply.send(Err(DecideError::ReadOnly { reason }))),
            WriterAnswer::Put(reply) => drop(reply.send(Err(AppendError::ReadOnly { reason }))),
        }
    }
}

pub(crate) struct Writer {
    pub(crate) shared: Arc<SharedLog>,
    pub(crate) ids: IdWriter,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    /// The last known state of the machine's clock, once it was read.
    pub(crate) clock: Option<ClockState>,
    high_water: HighWater,
    /// When the high-water mark was last written, and whether the log has moved since.
    pub(crate) marked: Instant,
    pub(crate) mark_is_behind: bool,
}

impl Writer {
    pub(crate) fn new(shared: Arc<SharedLog>, ids: IdWriter, high_water: HighWater) -> Writer {
        let head = *shared.head.borrow();
        Writer {
            shared,
            ids,
            epoch: head.epoch,
            seq: head.marks.durable,
            chain: head.chain,
            clock: None,
            high_water,
            marked: Instant::now(),
            mark_is_behind: false,
        }
    }

    /// Writes what was staged, flushes, and answers.
    pub(crate) fn commit(&mut self, staged: Staged, answers: Vec<WriterAnswer>) {
        if answers.is_empty() {
            return;
        }
        let records = staged.drafts();
        match self.write(&staged) {
            Ok(()) => {
                self.publish(&staged, &answers);
                answers.into_iter().for_each(WriterAnswer::give);
                self.settle_ids(MERGE_BLOCKS + records / MERGE_BLOCKS);
            }
            Err(error) => {
                let reason = self.fail(error);
                answers.into_iter().for_each(|answer| answer.refuse(&reason));
            }
        }
    }

    fn write(&self, staged: &Staged) -> Result<(), StoreError> {
        if let State::Failed { reason } = self.shared.state() {
            return Err(StoreError { doing: "write", error: reason });
        }
        for page in staged.pages_after(self.epoch, self.seq, self.chain) {
            self.shared.store.apply(page.entries(self.epoch.number))?;
        }
        self.shared.store.flush()
    }

    pub(crate) fn publish(&mut self, staged: &Staged, answers: &[WriterAnswer]) {
        (self.seq, self.chain) = (staged.seq(), staged.chain());
        self.ids.note(staged.positions());
        let acked = answers.iter().filter_map(|answer| match answer {
            WriterAnswer::Decided(epoch, up_to, _) if *epoch == self.epoch.number => Some(*up_to),
            WriterAnswer::Decided(..) | WriterAnswer::Appended(..) | WriterAnswer::Put(_) => None,
        });
        let acked = acked.max().unwrap_or(Seq::ZERO).max(self.shared.head.borrow().marks.acked);
        self.publish_head(acked);
    }

    pub(crate) fn publish_head(&mut self, acked: Seq) {
        let marks = LogMarks { appended: self.seq, durable: self.seq, acked };
        assert!(marks.in_order(), "{marks:?}: decide() lets no mark pass what is durable");
        let head = Head { epoch: self.epoch, marks, chain: self.chain };
        let before = *self.shared.head.borrow();
        assert!(
            (before.epoch.number, before.marks.durable) <= (head.epoch.number, head.marks.durable),
            "the head went back from {before:?} to {head:?}"
        );
        self.mark_is_behind |= self.shared.head.send_if_modified(|before| std::mem::replace(before, head) != head);
    }

    pub(crate) fn settle_ids(&mut self, blocks: usize) {
        if let Err(error) = self.ids.settle(&*self.shared.store, blocks) {
            self.fail(error);
        }
    }

    /// After a failed write the state of the disk is unknown, so the log closes itself. The mark is written before any caller is
    /// answered: acknowledged records may be lost with the failed sync, and the next start has to know how far the log went.
    pub(crate) fn fail(&mut self, error: StoreError) -> String {
        let reason = match self.shared.state() {
            State::Failed { reason } => reason,
            State::Open | State::Damaged(_) => {
                let reason = error.to_string();
                self.shared.failed(reason.clone());
                reason
            }
        };
        self.write_mark();
        reason
    }

    /// Writes the mark if the published head moved since the last one. Records beyond that head, as while an epoch is opened,
    /// were not acknowledged.
    pub(crate) fn write_mark(&mut self) {
        if !self.mark_is_behind {
            return;
        }
        self.mark_is_behind = false;
        self.marked = Instant::now();
        let Head { epoch, marks, chain } = *self.shared.head.borrow();
        let mark = HighWaterMark { boot: self.shared.boot, epoch, seq: marks.durable, chain, acked: marks.acked };
        if let Err(error) = self.high_water.write(mark) {
            self.fail(StoreError { doing: "write the high-water mark", error: error.to_string() });
        }
    }
}
