//! Checks that need no order: each link's claimed hash against the bytes, and each body. The reading thread cuts the work into
//! jobs for other threads, and runs a job itself if all of them are busy, so that no core waits for another.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::Scope;

use comptoir_core::chain::{ChainHash, DECISION_CONTEXT, RECORD_CONTEXT};

use crate::content::{self, Body, BodyFindings};
use crate::finding::{Break, Defect, FindingLocation};
use crate::many::{HashClaim, unconfirmed};

/// Bytes of a job: small enough that a few in flight stay in the cache, large enough that handing over costs nothing.
const JOB_BYTES: usize = 128 * 1024;
/// Jobs that may wait for each thread.
const WAITING_JOBS: usize = 4;

/// The place of a claimed hash, and the defect if it is wrong.
struct Link {
    location: FindingLocation,
    defect: Defect,
}

/// Some frames' worth of work.
#[derive(Default)]
pub(crate) struct Job {
    number: u64,
    bytes: Vec<u8>,
    links: Vec<Link>,
    /// One for each link.
    claims: Vec<HashClaim>,
    bodies: Vec<Body>,
}

impl Job {
    /// Adds a record with the chain before and after it. Returns its range in the job's bytes.
    pub(crate) fn record(
        &mut self,
        location: FindingLocation,
        previous: ChainHash,
        record: &[u8],
        claimed: ChainHash,
    ) -> Range<usize> {
        self.links.push(Link { location, defect: Defect::Chain });
        self.message(RECORD_CONTEXT, previous, record, claimed)
    }

    /// Adds a decision in the same way.
    pub(crate) fn decision(
        &mut self,
        location: FindingLocation,
        previous: ChainHash,
        decision: &[u8],
        claimed: ChainHash,
    ) -> Range<usize> {
        self.links.push(Link { location, defect: Defect::DecisionChain });
        self.message(DECISION_CONTEXT, previous, decision, claimed)
    }

    /// The bytes are stored as they are hashed: context, previous chain, then record or decision.
    fn message(&mut self, context: &[u8], previous: ChainHash, bytes: &[u8], hash: ChainHash) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(context);
        self.bytes.extend_from_slice(&previous.0);
        let held = self.hold(bytes);
        self.claims.push(HashClaim { message: start..held.end, hash });
        held
    }

    /// Adds bytes that no chain covers.
    pub(crate) fn hold(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// Adds a body to check.
    pub(crate) fn body(&mut self, body: Body) {
        self.bodies.push(body);
    }

    fn check(&self) -> Option<Break> {
        let mut unconfirmed = unconfirmed(&self.bytes, &self.claims);
        unconfirmed.sort_unstable();
        unconfirmed.into_iter().find_map(|index| {
            let (claim, link) = (&self.claims[index], &self.links[index]);
            // The same bytes that core's `link` hashes.
            let found = ChainHash(*blake3::hash(&self.bytes[claim.message.clone()]).as_bytes());
            (found != claim.hash).then(|| Break::new(link.defect, link.location, found, claim.hash))
        })
    }
}

/// The findings of all jobs.
#[derive(Default)]
pub(crate) struct LinkResults {
    /// The first break in the order of the files.
    pub(crate) first_break: Option<Break>,
    /// Body findings by job number, which is the order of the files.
    pub(crate) found: BTreeMap<u64, BodyFindings>,
}

/// Shared by all threads.
#[derive(Default)]
pub(crate) struct SharedResults {
    outcome: Mutex<LinkResults>,
    broken: AtomicBool,
}

impl SharedResults {
    fn outcome(&self) -> MutexGuard<'_, LinkResults> {
        // A panic in another thread ends the program at the scope's end; the results until then are complete.
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_outcome(self) -> LinkResults {
        self.outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_job(&self, job: &Job) {
        let mut found = BodyFindings::default();
        let broken = job.check();
        let broken_body = content::check(&job.bytes, &job.bodies, &mut found);
        let mut outcome = self.outcome();
        for found in [broken, broken_body].into_iter().flatten() {
            self.broken.store(true, Ordering::Relaxed);
            Break::keep_first(&mut outcome.first_break, found);
        }
        if !job.bodies.is_empty() {
            outcome.found.insert(job.number, found);
        }
    }
}

/// The checking threads, and the job being filled for them.
pub(crate) struct Pool<'a> {
    sender: SyncSender<Job>,
    shared: &'a SharedResults,
    job: Job,
}

impl<'a> Pool<'a> {
    /// Starts as many threads as there are processors besides this one.
    pub(crate) fn start<'scope>(scope: &'scope Scope<'scope, '_>, shared: &'a SharedResults) -> Pool<'a>
    where
        'a: 'scope,
    {
        let others = std::thread::available_parallelism().map_or(1, |processors| processors.get() - 1).max(1);
        let (sender, receiver) = sync_channel(others * WAITING_JOBS);
        let receiver = std::sync::Arc::new(Mutex::new(receiver));
        for _ in 0..others {
            let receiver = std::sync::Arc::clone(&receiver);
            scope.spawn(move || {
                while let Some(job) = next(&receiver) {
                    shared.check_job(&job);
                }
            });
        }
        Pool { sender, shared, job: Job::default() }
    }

    /// Whether a break was found, so that reading can stop.
    pub(crate) fn broken(&self) -> bool {
        self.shared.broken.load(Ordering::Relaxed)
    }

    /// The job being filled.
    pub(crate) fn job(&mut self) -> &mut Job {
        &mut self.job
    }

    /// Hands the job over once it is full. Called between frames, so that no frame is split.
    pub(crate) fn hand_over_if_full(&mut self) {
        if self.job.bytes.len() >= JOB_BYTES {
            self.submit();
        }
    }

    /// Hands over the last job. The threads end when the pool is dropped.
    pub(crate) fn finish(mut self) {
        self.submit();
    }

    fn submit(&mut self) {
        let next = Job { number: self.job.number + 1, bytes: Vec::with_capacity(JOB_BYTES + 4096), ..Job::default() };
        let job = std::mem::replace(&mut self.job, next);
        match self.sender.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => self.shared.check_job(&job),
        }
    }
}

fn next(receiver: &Mutex<Receiver<Job>>) -> Option<Job> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
