//! The writer thread's loop: receive a [`WriterCommand`] from [`Log`](super::Log), stage its drafts, gather more, commit the
//! group, reply.
//!
//! Group commit: all waiting callers share one flush, and a single caller waits for no other. The path of an append is
//! `Log::append` -> `WriterCommand::Append` -> [`Writer::group`] -> `Writer::commit` (flush) -> `Reply`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use comptoir_core::event::Draft;
use comptoir_core::position::{Epoch, Seq};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::oneshot;

use super::epochs::EpochHead;
use super::high_water::{LAG, QUIET};
use super::key_space::KeyChange;
use super::queue::Room;
use super::staged::Staged;
use super::writer::{Reply, Writer, WriterAnswer};
use super::{AppendError, Appended, DecideError, EpochError};

/// Callers of one group, including refused ones and duplicates: the first waits for the last.
const GROUP_CALLERS_MAX: usize = 1_024;
/// Drafts of one group. More would make the first caller wait without making the flush cheaper.
const GROUP_DRAFTS_MAX: usize = 1_024;
/// Payload bytes of one group.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Sent by [`Log`](super::Log), received by [`Writer::group`]. The answer goes back through `reply`.
pub(crate) enum WriterCommand {
    Append { drafts: Vec<Draft>, identity_position: u64, reply: Reply<Vec<Appended>, AppendError>, room: Room },
    StoreDecisions { epoch: u32, up_to: Seq, decisions: Vec<(Seq, Vec<u8>)>, reply: Reply<(), DecideError> },
    Put { batches: Vec<Vec<KeyChange>>, reply: Reply<(), AppendError> },
    OpenEpoch { previous: Option<EpochHead>, reason: String, reply: Reply<Epoch, EpochError> },
    Clock { measured: Option<(i64, i64)>, reply: oneshot::Sender<()> },
}

impl Writer {
    /// Runs until every sender is gone.
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

    /// After a panic the state of the disk is as unknown as after a failed write. Dropped replies are answered as "read-only".
    fn guarded(&mut self, work: impl FnOnce(&mut Writer)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.shared.failed("the writer panicked".to_owned());
            self.write_mark();
        }
    }

    fn group(&mut self, first: WriterCommand, commands: &Receiver<WriterCommand>) {
        // A change of the clock is sealed before the records that it stamps now.
        let now = self.look_at_clock();
        let mut staged = Staged::new(self.epoch, self.seq, self.chain, now);
        let mut may_append = self.may_append();
        let mut answers = Vec::new();
        let mut next = Some(first);
        let (mut opening, mut looking) = (None, None);
        let mut callers = 0;
        while let Some(command) = next {
            callers += 1;
            match command {
                WriterCommand::Append { drafts, identity_position, reply, room } => {
                    drop(room);
                    // Checked once for the group, since it costs a system call; a refusal is always checked again.
                    if may_append.is_err() {
                        may_append = self.may_append();
                    }
                    match may_append.clone().and_then(|()| self.stage(&mut staged, drafts, identity_position)) {
                        Ok(appended) => answers.push(WriterAnswer::Appended(appended, reply)),
                        Err(error) => drop(reply.send(Err(error))),
                    }
                }
                WriterCommand::StoreDecisions { epoch, up_to, decisions, reply } => {
                    match self.decide(epoch, up_to, decisions) {
                        Ok(()) => answers.push(WriterAnswer::Decided(epoch, up_to, reply)),
                        Err(error) => drop(reply.send(Err(error))),
                    }
                }
                WriterCommand::Put { batches, reply } => match self.put(batches) {
                    Ok(()) => answers.push(WriterAnswer::Put(reply)),
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
            // The agent may have been dropped; it then needs no answer.
            let _ = reply.send(());
        }
    }
}
