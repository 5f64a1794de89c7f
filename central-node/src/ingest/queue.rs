//! One queue per tenant. Jobs that arrive while a transaction runs are merged into the next one, so that a busy tenant gets
//! larger transactions instead of a longer queue. A caller who stops waiting does not stop the work.
//!
//! `api` -> [`IngestQueue::submit`] -> the tenant's queue -> its worker task ([`IngestQueue::work`]) -> `batch.rs`,
//! commit -> the caller, and the readers of the log ([`CommitSignal`]).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comptoir_core::id::TenantId;
use deadpool_postgres::Transaction;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::batch::{Batch, run_batch, write_drafts};
use super::decide::DecideError;
use super::drafts::DraftBatch;
use super::error::IngestError;
use super::job::{Job, JobResult, QueuedJob, RetryHints, Ticket};
use super::rights::RightsCache;
use crate::clock::Clock;
use crate::commit_signal::CommitSignal;
use crate::database::{Database, StoreError, TxPhase};

/// Jobs that may wait for one tenant. Beyond this, a caller is refused at once with a retry time.
const JOBS_WAITING_MAX: usize = 256;
/// The maximum of records in a batch, unless a single job has more.
const BATCH_RECORDS_MAX: usize = 10_000;
/// Attempts at a transaction that other transactions prevent.
const ATTEMPTS_MAX: u32 = 6;
/// The first pause between two attempts; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(5);

/// The tenants that have a worker, each with its waiting jobs.
type WaitingJobs = HashMap<TenantId, VecDeque<QueuedJob>>;

/// The queues of this process.
#[derive(Clone)]
pub(crate) struct IngestQueue {
    database: Database,
    clock: Clock,
    waiting: Arc<Mutex<WaitingJobs>>,
    rights: RightsCache,
    commits: CommitSignal,
    background: Handle,
}

impl IngestQueue {
    /// Workers are spawned on `background`.
    pub(crate) fn new(database: Database, clock: Clock, background: Handle) -> IngestQueue {
        let (waiting, rights, commits) = (Arc::default(), RightsCache::default(), CommitSignal::new());
        IngestQueue { database, clock, waiting, rights, commits, background }
    }

    /// Changes after each commit of this process; see [`CommitSignal`].
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Submits a job and waits until it is written or refused. [`IngestQueue::work`] receives the job and answers through its
    /// ticket.
    pub(crate) async fn submit<J: Job>(&self, tenant: TenantId, job: J) -> JobResult<J> {
        let (ticket, answered) = Ticket::new(job);
        self.enqueue(tenant, J::queued(ticket))?;
        answered.await.unwrap_or_else(|_| Err(IngestError::Lost.into()))
    }

    /// Writes drafts within a transaction that already holds the tenant's lock, and commits it. For a request that reads state
    /// and changes it, with no other write in between.
    pub(crate) async fn write_in(
        &self,
        tx: Transaction<'_>,
        tenant: TenantId,
        drafts: DraftBatch,
    ) -> JobResult<DraftBatch> {
        let outcomes = write_drafts(&tx, tenant, drafts, self.clock.now()).await?;
        self.commit(tx).await?;
        Ok(outcomes)
    }

    fn enqueue(&self, tenant: TenantId, job: QueuedJob) -> Result<(), IngestError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.get_mut(&tenant) {
            Some(jobs) if jobs.len() >= JOBS_WAITING_MAX => {
                return Err(IngestError::QueueFull { waiting_max: JOBS_WAITING_MAX });
            }
            Some(jobs) => jobs.push_back(job),
            None => {
                waiting.insert(tenant, VecDeque::from([job]));
                let queue = self.clone();
                self.background.spawn(async move { queue.work(tenant).await });
            }
        }
        Ok(())
    }

    /// The tenant's worker: runs one batch after another until no job waits. [`IngestQueue::submit`] sends the jobs.
    async fn work(self, tenant: TenantId) {
        while let Some(jobs) = self.next_batch(tenant) {
            let queue = self.clone();
            // After a panic in one batch, the jobs after it must not wait forever.
            let done = tokio::spawn(async move { queue.write_and_answer(tenant, jobs).await });
            if let Err(error) = done.await {
                tracing::error!(tenant.id = %tenant, %error, "an ingest transaction ended badly");
            }
        }
    }

    /// The jobs of the next transaction: from the front of the queue, at most one per node, up to a size.
    fn next_batch(&self, tenant: TenantId) -> Option<Vec<QueuedJob>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = waiting.get_mut(&tenant)?;
        let (mut batch, mut later) = (Vec::new(), VecDeque::new());
        let (mut records, mut nodes) = (0, HashSet::new());
        for job in jobs.drain(..) {
            let fits = batch.is_empty() || records + job.record_count() <= BATCH_RECORDS_MAX;
            let first_of_node = job.node().is_none_or(|node| nodes.insert(node));
            if fits && first_of_node {
                records += job.record_count();
                batch.push(job);
            } else {
                later.push_back(job);
            }
        }
        if batch.is_empty() {
            waiting.remove(&tenant);
            return None;
        }
        *jobs = later;
        Some(batch)
    }

    async fn write_and_answer(&self, tenant: TenantId, mut jobs: Vec<QueuedJob>) {
        let Err(error) = self.transact(tenant, &mut jobs).await else {
            return jobs.into_iter().for_each(QueuedJob::answer);
        };
        if jobs.len() == 1
            && let Some(job) = jobs.pop()
        {
            tracing::warn!(tenant.id = %tenant, %error, "an ingest transaction failed");
            return job.fail(error);
        }
        tracing::warn!(tenant.id = %tenant, %error, "a merged transaction failed; each request is tried alone");
        for mut job in jobs {
            match self.transact(tenant, std::slice::from_mut(&mut job)).await {
                Ok(()) => job.answer(),
                Err(error) => job.fail(error),
            }
        }
    }

    /// Runs one transaction. Retries if nothing was written and a retry can help.
    async fn transact(&self, tenant: TenantId, jobs: &mut [QueuedJob]) -> Result<(), IngestError> {
        let mut hints = RetryHints::default();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let Err(error) = self.attempt(tenant, jobs, &hints).await else { return Ok(()) };
            match &error {
                IngestError::Decide(DecideError::Defect(event)) if hints.defects.insert(*event) => {
                    tracing::error!(event.id = %event, "applying the event failed; it is quarantined");
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

    async fn attempt(&self, tenant: TenantId, jobs: &mut [QueuedJob], hints: &RetryHints) -> Result<(), IngestError> {
        let mut connection = self.database.ingest().await.map_err(IngestError::from)?;
        let tx = connection.transaction().await.map_err(StoreError::from)?;
        let batch = Batch { tx: &tx, tenant, now: self.clock.now(), hints, rights: &self.rights };
        run_batch(batch, jobs).await?;
        self.commit(tx).await
    }

    async fn commit(&self, tx: Transaction<'_>) -> Result<(), IngestError> {
        tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
        self.commits.raise();
        Ok(())
    }
}
