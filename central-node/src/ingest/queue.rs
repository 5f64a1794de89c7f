//! One queue per tenant: what arrives while a transaction runs goes together into the next one, so that the busiest tenant has the
//! largest transactions rather than the longest queue. Whoever stops waiting for an answer does not stop the work.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comptoir_core::id::TenantId;
use comptoir_proto::api_v1::Decided;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use deadpool_postgres::Transaction;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::answer::JobOutcome;
use super::batch::{self, IngestError, Job, RetryHints};
use super::decide::DecideError;
use super::drafts::DraftBatch;
use crate::clock::Clock;
use crate::database::{Database, StoreError, TxPhase};

/// Jobs that may wait for one tenant. Past this a node hears at once that it should come back.
const JOBS_WAITING_MAX: usize = 256;
/// Records of one transaction, unless a single job has more.
const TURN_RECORDS_MAX: usize = 10_000;
/// How often a transaction is tried when others are in its way.
const ATTEMPTS_MAX: u32 = 6;
/// The first pause between two attempts; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(5);

struct QueuedJob {
    job: Job,
    answer: oneshot::Sender<Result<JobOutcome, Problem>>,
}

#[derive(Default)]
struct TenantQueues {
    /// A tenant is in here as long as a worker looks after it.
    waiting: HashMap<TenantId, VecDeque<QueuedJob>>,
}

/// The queues of this process.
#[derive(Clone)]
pub(crate) struct IngestQueue {
    database: Database,
    clock: Clock,
    tenants: Arc<Mutex<TenantQueues>>,
    commits: watch::Sender<u64>,
    background: Handle,
}

impl IngestQueue {
    pub(crate) fn new(database: Database, clock: Clock, background: Handle) -> IngestQueue {
        IngestQueue { database, clock, tenants: Arc::default(), commits: watch::Sender::new(0), background }
    }

    /// Rises with each commit of this process: a hint that there is something to read, never a position.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Waits until the job is written, or refused.
    pub(crate) async fn submit(&self, tenant: TenantId, job: Job) -> Result<JobOutcome, Problem> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(tenant, QueuedJob { job, answer })?;
        let gone = || Problem::new(ErrorCode::OutcomeUnknown, "the task that wrote this ended badly").retry_after(1);
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Writes drafts within a transaction that holds the tenant's lock already, and commits it: for a request that must look at what it
    /// changes before it writes, with nobody in between.
    pub(crate) async fn write_in(
        &self,
        tx: Transaction<'_>,
        tenant: TenantId,
        drafts: DraftBatch,
    ) -> Result<Vec<Result<Decided, Problem>>, Problem> {
        let jobs = [Job::Drafts(drafts)];
        let mut answers = batch::run_batch(&tx, tenant, &jobs, self.clock.now(), &Default::default())
            .await
            .map_err(|error| error.problem())?;
        tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing).problem())?;
        self.commits.send_modify(|commits| *commits = commits.wrapping_add(1));
        match answers.pop() {
            Some(JobOutcome::Drafted(outcomes)) => Ok(outcomes),
            Some(JobOutcome::Refused(problem)) => Err(problem),
            _ => Err(no_answer()),
        }
    }

    fn enqueue(&self, tenant: TenantId, waiting: QueuedJob) -> Result<(), Problem> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        match tenants.waiting.get_mut(&tenant) {
            Some(queue) if queue.len() >= JOBS_WAITING_MAX => {
                let detail = format!("{JOBS_WAITING_MAX} requests wait to be written already");
                return Err(Problem::new(ErrorCode::QueueFull, detail).retry_after(1));
            }
            Some(queue) => queue.push_back(waiting),
            None => {
                tenants.waiting.insert(tenant, VecDeque::from([waiting]));
                let queues = self.clone();
                self.background.spawn(async move { queues.work(tenant).await });
            }
        }
        Ok(())
    }

    /// Takes turns until nothing waits.
    async fn work(self, tenant: TenantId) {
        while let Some(turn) = self.next_turn(tenant) {
            let queues = self.clone();
            // A panic in one turn must not leave the others waiting for ever.
            let taken = tokio::spawn(async move { queues.take(tenant, turn).await });
            if let Err(error) = taken.await {
                tracing::error!(tenant.id = %tenant, %error, "an ingest transaction ended badly");
            }
        }
    }

    /// What goes together into the next transaction: from the front, at most one push of each node, up to a size.
    fn next_turn(&self, tenant: TenantId) -> Option<Vec<QueuedJob>> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = tenants.waiting.get_mut(&tenant)?;
        let (mut turn, mut later) = (Vec::new(), VecDeque::new());
        let (mut records, mut nodes) = (0, HashSet::new());
        for waiting in queue.drain(..) {
            let fits = turn.is_empty() || records + waiting.job.records() <= TURN_RECORDS_MAX;
            let first_of_node = match &waiting.job {
                Job::Push(push) => nodes.insert(push.node),
                // What the first gives an id to, the second must find.
                Job::Device(drafts) => nodes.insert(drafts.node),
                Job::Drafts(_) => true,
            };
            if fits && first_of_node {
                records += waiting.job.records();
                turn.push(waiting);
            } else {
                later.push_back(waiting);
            }
        }
        if turn.is_empty() {
            tenants.waiting.remove(&tenant);
            return None;
        }
        *queue = later;
        Some(turn)
    }

    async fn take(&self, tenant: TenantId, turn: Vec<QueuedJob>) {
        let (jobs, answers): (Vec<Job>, Vec<_>) = turn.into_iter().map(|waiting| (waiting.job, waiting.answer)).unzip();
        match self.transact(tenant, &jobs).await {
            Ok(outcomes) => {
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // Whoever asked may be gone; what was written stays.
                    let _ = answer.send(Ok(outcome));
                }
            }
            Err(error) if jobs.len() == 1 => {
                tracing::warn!(tenant.id = %tenant, %error, "an ingest transaction failed");
                answers.into_iter().for_each(|answer| drop(answer.send(Err(error.problem()))));
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant, %error, "a merged transaction failed; each request is tried alone");
                for (job, answer) in jobs.into_iter().zip(answers) {
                    let alone = self.transact(tenant, std::slice::from_ref(&job)).await;
                    let outcome = alone.map_err(|error| error.problem());
                    drop(answer.send(outcome.and_then(|mut one| one.pop().ok_or_else(no_answer))));
                }
            }
        }
    }

    /// One transaction; tried again where that can help and nothing was written.
    async fn transact(&self, tenant: TenantId, jobs: &[Job]) -> Result<Vec<JobOutcome>, IngestError> {
        let mut hints = RetryHints::default();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.attempt(tenant, jobs, &hints).await {
                Ok(answers) => return Ok(answers),
                Err(error) => error,
            };
            match &error {
                IngestError::Judge(DecideError::Defect(event)) if hints.defects.insert(*event) => {
                    tracing::error!(event.id = %event, "applying the event failed; it is set apart");
                    attempt = 0;
                }
                IngestError::Store(StoreError::IdCounts(_)) if !hints.check_ids => hints.check_ids = true,
                IngestError::Store(StoreError::Contended(_) | StoreError::Unavailable(_)) if attempt < ATTEMPTS_MAX => {
                    tokio::time::sleep(PAUSE * 2u32.pow(attempt)).await;
                }
                _ => return Err(error),
            }
        }
    }

    async fn attempt(
        &self,
        tenant: TenantId,
        jobs: &[Job],
        hints: &RetryHints,
    ) -> Result<Vec<JobOutcome>, IngestError> {
        let mut connection = self.database.ingest().await?;
        let tx = connection.transaction().await.map_err(StoreError::from)?;
        let answers = batch::run_batch(&tx, tenant, jobs, self.clock.now(), hints).await?;
        tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
        self.commits.send_modify(|commits| *commits = commits.wrapping_add(1));
        Ok(answers)
    }
}

impl IngestError {
    /// What the caller is told.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            IngestError::Store(error) => error.problem(),
            IngestError::Judge(error) => Problem::new(ErrorCode::Internal, error.to_string()),
            IngestError::NoTenant(_) => Problem::new(ErrorCode::NotFound, self.to_string()),
        }
    }
}

fn no_answer() -> Problem {
    Problem::new(ErrorCode::Internal, "a job was written and not answered")
}
