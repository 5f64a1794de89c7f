//! The kinds of jobs, and the state of a job in the queue and in a batch. Each kind has its own outcome and error types, so
//! that a caller cannot receive the outcome of another kind.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::Range;

use comptoir_core::fact::ParsedEvent;
use comptoir_core::id::{EventId, NodeId};
use comptoir_proto::api_v1::Decided;
use comptoir_proto::sync_v1::RecordResult;
use tokio::sync::oneshot;

use super::answer::{DeviceResult, Pushed};
use super::device::{DeviceDrafts, DeviceIdMap};
use super::drafts::DraftBatch;
use super::error::{DraftRefusal, DraftsError, IdReused, IngestError, PushError};
use super::prepare::PreparedPush;
use crate::event_store::StoredRecord;

/// A request to write to a tenant's log, all or nothing.
pub(crate) trait Job: Sized + Send + 'static {
    type Outcome: Debug + Send + 'static;
    type Error: From<IngestError> + Debug + Send + 'static;

    /// The maximum number of records that the job adds, without the events that assign invoice numbers.
    fn record_count(&self) -> usize;

    /// Wraps the ticket for the queue.
    fn queued(ticket: Ticket<Self>) -> QueuedJob;
}

pub(crate) type JobResult<J> = Result<<J as Job>::Outcome, <J as Job>::Error>;

impl Job for PreparedPush {
    type Outcome = Pushed;
    type Error = PushError;

    fn record_count(&self) -> usize {
        self.records.len()
    }

    fn queued(ticket: Ticket<PreparedPush>) -> QueuedJob {
        QueuedJob::Push(ticket)
    }
}

/// Drafts posted at central. One outcome per draft, in order.
impl Job for DraftBatch {
    type Outcome = Vec<Result<Decided, DraftRefusal>>;
    type Error = DraftsError;

    fn record_count(&self) -> usize {
        self.drafts.len()
    }

    fn queued(ticket: Ticket<DraftBatch>) -> QueuedJob {
        QueuedJob::Drafts(ticket)
    }
}

/// Events of a device that keeps no chain. One outcome per event, in order.
impl Job for DeviceDrafts {
    type Outcome = Vec<Result<DeviceResult, IdReused>>;
    type Error = DraftsError;

    fn record_count(&self) -> usize {
        // The first job of a device also adds the record that opens its log.
        self.drafts.len() + 1
    }

    fn queued(ticket: Ticket<DeviceDrafts>) -> QueuedJob {
        QueuedJob::Device(ticket)
    }
}

/// A job and the caller who waits for its result.
#[derive(Debug)]
pub(crate) struct Ticket<J: Job> {
    job: J,
    /// Set by the batch and sent after its commit. A retried batch sets it again.
    result: Option<JobResult<J>>,
    /// Its receiver is returned by [`Ticket::new`].
    caller: oneshot::Sender<JobResult<J>>,
}

impl<J: Job> Ticket<J> {
    /// The receiver gets the result, or an error if the ticket is dropped without one.
    pub(super) fn new(job: J) -> (Ticket<J>, oneshot::Receiver<JobResult<J>>) {
        let (caller, answer) = oneshot::channel();
        (Ticket { job, result: None, caller }, answer)
    }

    fn answer(self) {
        let result = self.result.expect("a batch that ran to its end has a result for each of its jobs");
        // The caller may have disconnected; the committed job stays written.
        let _ = self.caller.send(result);
    }

    fn fail(self, error: IngestError) {
        let _ = self.caller.send(Err(error.into()));
    }
}

/// A job of any kind.
#[derive(Debug)]
pub(crate) enum QueuedJob {
    Push(Ticket<PreparedPush>),
    Drafts(Ticket<DraftBatch>),
    Device(Ticket<DeviceDrafts>),
}

impl QueuedJob {
    pub(super) fn record_count(&self) -> usize {
        match self {
            QueuedJob::Push(ticket) => ticket.job.record_count(),
            QueuedJob::Drafts(ticket) => ticket.job.record_count(),
            QueuedJob::Device(ticket) => ticket.job.record_count(),
        }
    }

    /// The node or device; its next job must find this one committed.
    pub(super) fn node(&self) -> Option<NodeId> {
        match self {
            QueuedJob::Push(ticket) => Some(ticket.job.node),
            // The second job must find an id that the first one assigns.
            QueuedJob::Device(ticket) => Some(ticket.job.node),
            QueuedJob::Drafts(_) => None,
        }
    }

    /// Sends the result after the batch's commit.
    pub(super) fn answer(self) {
        match self {
            QueuedJob::Push(ticket) => ticket.answer(),
            QueuedJob::Drafts(ticket) => ticket.answer(),
            QueuedJob::Device(ticket) => ticket.answer(),
        }
    }

    pub(super) fn fail(self, error: IngestError) {
        match self {
            QueuedJob::Push(ticket) => ticket.fail(error),
            QueuedJob::Drafts(ticket) => ticket.fail(error),
            QueuedJob::Device(ticket) => ticket.fail(error),
        }
    }

    /// One attempt at the job.
    pub(super) fn run(&mut self) -> JobRun<'_> {
        match self {
            QueuedJob::Push(Ticket { job: push, result, .. }) => {
                *result = None;
                let (held, new, results) = (Vec::new(), 0..0, Vec::new());
                JobRun::Push(PushRun { push, held, new, opening_objection: None, results, result })
            }
            QueuedJob::Drafts(Ticket { job: drafts, result, .. }) => {
                *result = None;
                JobRun::Drafts(DraftsRun { drafts, known: Vec::new(), outcomes: Vec::new(), result })
            }
            QueuedJob::Device(Ticket { job: drafts, result, .. }) => {
                *result = None;
                let (ids, known, outcomes) = (DeviceIdMap::default(), Vec::new(), Vec::new());
                JobRun::Device(DeviceRun { drafts, ids, known, outcomes, result })
            }
        }
    }
}

/// One attempt at a job, from its loaded data to its result. A result set before the last step is a refusal.
#[derive(Debug)]
pub(super) enum JobRun<'a> {
    Push(PushRun<'a>),
    Drafts(DraftsRun<'a>),
    Device(DeviceRun<'a>),
}

#[derive(Debug)]
pub(super) struct PushRun<'a> {
    pub(super) push: &'a PreparedPush,
    /// The records stored at the push's seqs.
    pub(super) held: Vec<StoredRecord>,
    /// The indexes of the records to decide. Records before are stored already; records after must wait for the restore window to
    /// close.
    pub(super) new: Range<usize>,
    /// Why the epoch's first record is quarantined.
    pub(super) opening_objection: Option<String>,
    pub(super) results: Vec<RecordResult>,
    pub(super) result: &'a mut Option<JobResult<PreparedPush>>,
}

#[derive(Debug)]
pub(super) struct DraftsRun<'a> {
    pub(super) drafts: &'a DraftBatch,
    /// The drafts as the rules see them; they determine what has to be loaded.
    pub(super) known: Vec<ParsedEvent>,
    pub(super) outcomes: Vec<Result<Decided, DraftRefusal>>,
    pub(super) result: &'a mut Option<JobResult<DraftBatch>>,
}

#[derive(Debug)]
pub(super) struct DeviceRun<'a> {
    pub(super) drafts: &'a DeviceDrafts,
    /// The ids that central has assigned to the device's entities.
    pub(super) ids: DeviceIdMap,
    pub(super) known: Vec<ParsedEvent>,
    pub(super) outcomes: Vec<Result<DeviceResult, IdReused>>,
    pub(super) result: &'a mut Option<JobResult<DeviceDrafts>>,
}

impl JobRun<'_> {
    pub(super) fn record_count(&self) -> usize {
        match self {
            JobRun::Push(run) => run.push.record_count(),
            JobRun::Drafts(run) => run.drafts.record_count(),
            JobRun::Device(run) => run.drafts.record_count(),
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        match self {
            JobRun::Push(run) => run.result.is_some(),
            JobRun::Drafts(run) => run.result.is_some(),
            JobRun::Device(run) => run.result.is_some(),
        }
    }
}

/// Findings of earlier attempts at the same jobs.
#[derive(Debug, Default)]
pub(crate) struct RetryHints {
    /// Events whose effects failed half-way; they are quarantined.
    pub(crate) defects: BTreeSet<EventId>,
    /// Whether to look up all event ids, because one of them is already counted.
    pub(crate) check_ids: bool,
}
