//! The one thread that writes. It takes what waits, stages each caller's drafts whole, writes them, flushes once, and then
//! answers everyone: group commit, so that a flush is shared and a lone caller waits for nobody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::Draft;
use comptoir_core::position::{Epoch, Seq};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::oneshot;

use super::append::Staged;
use super::clock::ClockState;
use super::epochs::EpochHead;
use super::high_water::{HighWater, HighWaterMark, LAG, QUIET};
use super::ids::IdWriter;
use super::key_space::KeyChange;
use super::queue::Room;
use super::shared::{SharedLog, State};
use super::store::StoreError;
use super::{AppendError, Appended, DecideError, EpochError, Head};

/// Callers of one group, also of those that are refused or answered as duplicates: the first of them waits for the last.
const GROUP_CALLERS_MAX: usize = 1_024;
/// Drafts of one group. More would make the first caller wait without making the flush cheaper.
const GROUP_DRAFTS_MAX: usize = 1_024;
/// Payload bytes of one group.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Blocks of id runs merged after each group, so that merging keeps ahead of new ids without holding anybody up.
const MERGE_BLOCKS: usize = 8;

type Reply<T, E> = oneshot::Sender<Result<T, E>>;

pub(crate) enum WriterCommand {
    Append { drafts: Vec<Draft>, reply: Reply<Vec<Appended>, AppendError>, room: Room },
    Decide { epoch: u32, up_to: Seq, decisions: Vec<(Seq, Vec<u8>)>, reply: Reply<(), DecideError> },
    Keep { batches: Vec<Vec<KeyChange>>, reply: Reply<(), AppendError> },
    OpenEpoch { previous: Option<EpochHead>, reason: String, reply: Reply<Epoch, EpochError> },
    Clock { measured: Option<(i64, i64)>, reply: oneshot::Sender<()> },
}

/// An answer that is true only after the flush.
pub(crate) enum WriterAnswer {
    Appended(Vec<Appended>, Reply<Vec<Appended>, AppendError>),
    Decided(u32, Seq, Reply<(), DecideError>),
    Kept(Reply<(), AppendError>),
}

impl WriterAnswer {
    fn give(self) {
        // A caller that went away will ask again, and be answered with the duplicate.
        match self {
            WriterAnswer::Appended(appended, reply) => drop(reply.send(Ok(appended))),
            WriterAnswer::Decided(_, _, reply) => drop(reply.send(Ok(()))),
            WriterAnswer::Kept(reply) => drop(reply.send(Ok(()))),
        }
    }

    fn refuse(self, reason: &str) {
        let reason = reason.to_owned();
        match self {
            WriterAnswer::Appended(_, reply) => drop(reply.send(Err(AppendError::ReadOnly { reason }))),
            WriterAnswer::Decided(_, _, reply) => drop(reply.send(Err(DecideError::ReadOnly { reason }))),
            WriterAnswer::Kept(reply) => drop(reply.send(Err(AppendError::ReadOnly { reason }))),
        }
    }
}

pub(crate) struct Writer {
    pub(crate) shared: Arc<SharedLog>,
    pub(crate) ids: IdWriter,
    pub(crate) epoch: Epoch,
    /// The last record written.
    pub(crate) seq: Seq,
    /// The chain after it.
    pub(crate) chain: ChainHash,
    /// What is known of the machine's clock, once it was looked at.
    pub(crate) clock: Option<ClockState>,
    high_water: HighWater,
    /// When the high-water mark was last written, and whether the log moved since.
    marked: Instant,
    mark_is_behind: bool,
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

    /// Works until every sender is gone.
    pub(crate) fn run(mut self, commands: &Receiver<WriterCommand>) {
        if self.shared.environment.steady.is_some() {
            self.guarded(|writer| {
                writer.look_at_clock();
            });
        }
        loop {
            let next = if self.mark_is_behind {
                commands.recv_deadline((self.marked + LAG).min(Instant::now() + QUIET))
            } else {
                commands.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                Ok(first) => self.guarded(|writer| writer.group(first, commands)),
                Err(RecvTimeoutError::Timeout) => self.write_mark(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.mark_is_behind && self.marked.elapsed() >= LAG {
                self.write_mark();
            }
        }
        self.write_mark();
    }

    /// A panic while writing leaves as little known about the disk as a failed write. Replies that were dropped say "read-only".
    fn guarded(&mut self, work: impl FnOnce(&mut Writer)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.shared.failed("the writer panicked".to_owned());
            self.write_mark();
        }
    }

    fn group(&mut self, first: WriterCommand, commands: &Receiver<WriterCommand>) {
        // What happened to the clock is sealed before the records that it stamps now.
        let now = self.look_at_clock();
        let mut staged = Staged::new(self.seq, self.chain, now);
        let mut may_append = self.may_append();
        let mut answers = Vec::new();
        let mut next = Some(first);
        let (mut opening, mut looking) = (None, None);
        let mut callers = 0;
        while let Some(command) = next {
            callers += 1;
            match command {
                WriterCommand::Append { drafts, reply, room } => {
                    drop(room);
                    // Looked at once for the group, since it costs a system call; a refusal is never an old one.
                    if may_append.is_err() {
                        may_append = self.may_append();
                    }
                    match may_append.clone().and_then(|()| self.stage(&mut staged, drafts)) {
                        Ok(appended) => answers.push(WriterAnswer::Appended(appended, reply)),
                        Err(error) => drop(reply.send(Err(error))),
                    }
                }
                WriterCommand::Decide { epoch, up_to, decisions, reply } => {
                    match self.decide(epoch, up_to, decisions) {
                        Ok(()) => answers.push(WriterAnswer::Decided(epoch, up_to, reply)),
                        Err(error) => drop(reply.send(Err(error))),
                    }
                }
                WriterCommand::Keep { batches, reply } => match self.put(batches) {
                    Ok(()) => answers.push(WriterAnswer::Kept(reply)),
                    Err(error) => drop(reply.send(Err(error))),
                },
                WriterCommand::OpenEpoch { previous, reason, reply } => opening = Some((previous, reason, reply)),
                WriterCommand::Clock { measured, reply } => looking = Some((measured, reply)),
            }
            let room = staged.drafts() < GROUP_DRAFTS_MAX && staged.bytes() < GROUP_BYTES_MAX;
            let more = room && callers < GROUP_CALLERS_MAX && opening.is_none() && looking.is_none();
            next = if more { commands.try_recv().ok() } else { None };
        }
        self.commit(staged, answers);
        if let Some((previous, reason, reply)) = opening {
            let opened = self.open_epoch(previous, &reason);
            drop(reply.send(opened));
        }
        if let Some((measured, reply)) = looking {
            if let Some((offset, uncertainty)) = measured {
                self.note_measurement(offset, uncertainty);
            }
            // An agent that went away needs no answer.
            let _ = reply.send(());
        }
    }

    /// Writes what was staged, flushes, and answers.
    fn commit(&mut self, staged: Staged, answers: Vec<WriterAnswer>) {
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
        for page in staged.pages() {
            self.shared.store.apply(page.entries(self.epoch.number))?;
        }
        self.shared.store.flush()
    }

    pub(crate) fn publish(&mut self, staged: &Staged, answers: &[WriterAnswer]) {
        (self.seq, self.chain) = (staged.seq(), staged.chain());
        self.ids.note(staged.places());
        let acked = answers.iter().filter_map(|answer| match answer {
            WriterAnswer::Decided(epoch, up_to, _) if *epoch == self.epoch.number => Some(*up_to),
            WriterAnswer::Decided(..) | WriterAnswer::Appended(..) | WriterAnswer::Kept(_) => None,
        });
        let acked = acked.max().unwrap_or(Seq::ZERO).max(self.shared.head.borrow().marks.acked);
        self.publish_head(acked);
    }

    pub(crate) fn publish_head(&mut self, acked: Seq) {
        let marks = comptoir_core::position::LogMarks { appended: self.seq, durable: self.seq, acked };
        assert!(marks.in_order(), "{marks:?}: decide() lets no mark pass what is durable");
        let head = Head { epoch: self.epoch, marks, chain: self.chain };
        self.mark_is_behind |= self.shared.head.send_if_modified(|before| std::mem::replace(before, head) != head);
    }

    pub(crate) fn settle_ids(&mut self, blocks: usize) {
        if let Err(error) = self.ids.settle(&*self.shared.store, blocks) {
            self.fail(error);
        }
    }

    /// After a failed write nothing is known about the disk: the log closes itself. The mark is written before anybody hears of it:
    /// what was acknowledged may be gone with the sync that failed, and the next start has to know how far it went.
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

    /// Writes the mark where the published head moved since the last one. What the writer has beyond that head, as while an epoch is
    /// being opened, was not acknowledged.
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
