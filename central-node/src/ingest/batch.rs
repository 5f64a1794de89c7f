//! One batch: the waiting jobs of a tenant, in one transaction.
//!
//! 1. load: lock the tenant's head, so that nobody else assigns positions; read each node's head; refuse jobs; read the state
//!    that the other jobs need, with one query per table;
//! 2. decide in memory ([`BatchDecider`]), while
//! 3. append inserts the rows that are decided already;
//! 4. save the state, with one statement per table, and the heads;
//! 5. answer: set each job's result. The caller commits.
//!
//! Pushed event ids are assumed new and not looked up. The unique index catches the rest: the batch fails, and is retried
//! with [`RetryHints::check_ids`].
//!
//! There is no statement per event, no network, and no lock other than the tenant's.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use comptoir_core::clock::{IntakeTime, Timing};
use comptoir_core::decision::Code;
use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::{Fact, Objection, ParsedEvent};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::{Position, Seq};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::accept::{BatchChanges, accept_jobs};
use super::answer::{Pushed, record_result, stored_result};
use super::decide::{BatchDecider, DecisionInputs, Incoming, IncomingBody, ReceivedAt};
use super::drafts::DraftBatch;
use super::error::{DraftsError, IngestError};
use super::job::{DeviceRun, DraftsRun, Job, JobResult, JobRun, PushRun, QueuedJob, RetryHints, Ticket};
use super::load::{BatchContext, BatchKeys, load_context, load_state};
use super::order::LogOrder;
use super::places::LastPlaces;
use super::prepare::{Body, PreparedPush, PreparedRecord};
use super::rights::{RightsCache, load_rights};
use super::security_events::count_sealed;
use crate::database::StoreError;
use crate::event_store::{
    self, AppendedBatch, NewEvent, NodeHead, append_events, insert_batches, insert_fork_records, raise_node,
    raise_tenant,
};
use crate::state_store;

/// Writes drafts within the caller's transaction. The caller commits.
pub(crate) async fn write_drafts(
    tx: &Transaction<'_>,
    tenant: TenantId,
    drafts: DraftBatch,
    now: Timestamp,
) -> JobResult<DraftBatch> {
    let (ticket, answered) = Ticket::new(drafts);
    let mut job = DraftBatch::queued(ticket);
    // Central's own drafts are not judged, so nothing is kept.
    let batch = Batch { tx, tenant, now, hints: &RetryHints::default(), rights: &RightsCache::default() };
    run_batch(batch, std::slice::from_mut(&mut job)).await?;
    job.answer();
    answered.await.unwrap_or_else(|_| Err(IngestError::Lost.into()))
}

/// Writes one event of central's own within the caller's transaction. The caller commits.
pub(crate) async fn write_central_event(
    tx: &Transaction<'_>,
    tenant: TenantId,
    content: Content,
    fact: Fact,
    now: Timestamp,
) -> Result<(), StoreError> {
    let draft = Draft { id: EventId::new(Uuid::now_v7()), occurred_at: None, content };
    let drafts = DraftBatch { drafts: vec![(draft, fact)], atomic: true, by_central: true, opens_epoch: false };
    let outcomes = write_drafts(tx, tenant, drafts, now).await.map_err(|error| match error {
        DraftsError::Ingest(IngestError::Store(error)) => error,
        other => StoreError::Refused(other.to_string()),
    })?;
    match outcomes.into_iter().find_map(Result::err) {
        Some(refusal) => Err(StoreError::Refused(refusal.to_string())),
        None => Ok(()),
    }
}

/// The transaction, tenant and time of a batch.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) tenant: TenantId,
    pub(super) now: Timestamp,
    pub(super) hints: &'a RetryHints,
    pub(super) rights: &'a RightsCache,
}

/// Runs the jobs, each whole or not at all, and sets their results. At most one push of a node may be among them.
pub(super) async fn run_batch(batch: Batch<'_>, jobs: &mut [QueuedJob]) -> Result<(), IngestError> {
    let mut runs: Vec<JobRun<'_>> = jobs.iter_mut().map(QueuedJob::run).collect();
    let mut changes = BatchChanges::default();
    let mut times = StepTimes::new();
    let (context, inputs) = load(batch, &mut runs, &mut changes, &mut times).await?;
    let order = LogOrder::new(batch.tenant, context.head.head, &context.logs);
    let mut decider = BatchDecider::new(&context.tenant, inputs, &batch.hints.defects);
    let (writer, rows) = record_channel();
    let deciding = decide(&mut decider, &context, &mut runs, &mut changes, writer);
    let ((), order) = tokio::try_join!(deciding, append(batch, rows, order))?;
    times.decided_us = times.lap();
    let heads = save(batch, &context, &decider, (&runs, &changes), &order).await?;
    times.saved_us = times.lap();
    times.log(batch.tenant, runs.len(), decider.rows.len());
    answer(runs, &context, &heads);
    Ok(())
}

/// Step 1: loads what the jobs need, and refuses some of them.
async fn load<'a>(
    batch: Batch<'_>,
    runs: &mut [JobRun<'a>],
    changes: &mut BatchChanges<'a>,
    times: &mut StepTimes,
) -> Result<(BatchContext, DecisionInputs), IngestError> {
    let Batch { tx, tenant, now, hints, rights } = batch;
    let records = runs.iter().map(JobRun::record_count).sum();
    let context = load_context(tx, tenant, runs).await?;
    times.locked_us = times.lap();
    accept_jobs(&context, runs, changes);
    let received = ReceivedAt::new(&context.tenant, &context.head, now, records);
    let rights = load_rights(tx, &context, runs, rights).await?;
    let keys = BatchKeys::new(&context, runs, hints);
    let (counted, decision_state, places) = tokio::try_join!(
        event_store::held_events(tx, tenant, &keys.ids),
        load_state(tx, &context, &keys, received.local_year),
        LastPlaces::load(tx, tenant, keys.known.iter().copied())
    )?;
    let (head, central, devices) = (context.head, context.central, context.devices.clone());
    let inputs = DecisionInputs { head, received, central, devices, decision_state, counted, places, rights };
    times.loaded_us = times.lap();
    Ok((context, inputs))
}

/// Step 2: decides every job that is not refused, in order. Dropping the writer at the end ends [`append`].
async fn decide<'a>(
    decider: &mut BatchDecider<'a>,
    context: &BatchContext,
    runs: &mut [JobRun<'a>],
    changes: &mut BatchChanges<'a>,
    writer: RecordWriter<'a>,
) -> Result<(), IngestError> {
    for run in runs.iter_mut().filter(|run| !run.is_refused()) {
        let first_row = decider.rows.len();
        let clock_offset_micros = match run {
            JobRun::Push(run) => {
                decide_push(decider, run, context.revoked(run.push.node), &writer).await?;
                run.push.clock_offset_micros
            }
            JobRun::Drafts(DraftsRun { drafts, outcomes, .. }) => {
                *outcomes = drafts.decide(decider)?;
                0
            }
            JobRun::Device(DeviceRun { drafts, ids, outcomes, .. }) => {
                *outcomes = drafts.decide(decider, ids, context.revoked(drafts.node))?;
                drafts.clock_offset_micros
            }
        };
        changes.batches.extend(appended_batch(decider, first_row, clock_offset_micros));
    }
    writer.send_undelivered(decider);
    Ok(())
}

/// The positions that a job added; `None` if it added none.
fn appended_batch(decider: &BatchDecider<'_>, first_row: usize, clock_offset_micros: i64) -> Option<AppendedBatch> {
    // The job's own row comes first, followed by the events that assign its invoices' numbers.
    let (first, last) = (decider.rows.get(first_row)?, decider.rows.last()?);
    Some(AppendedBatch {
        first: first.position,
        last: last.position,
        node: first.node,
        epoch: first.epoch.number,
        clock_offset_micros,
        received_at: last.received_at,
        decision_chain: decider.head.decision_chain,
    })
}

/// Answers stored records from their decisions, and decides the new ones.
async fn decide_push<'a>(
    decider: &mut BatchDecider<'a>,
    run: &mut PushRun<'a>,
    revoked: Option<Position>,
    writer: &RecordWriter<'a>,
) -> Result<(), IngestError> {
    let push = run.push;
    let held = run.held.iter().take(run.new.start).map(|held| stored_result(&held.decision, held.seq));
    run.results = held.collect::<Result<_, _>>()?;
    let mut opening_objection = run.opening_objection.take();
    let mut before = None;
    for index in run.new.clone() {
        let (record, seq) = (&push.records[index], Seq(push.first_seq.0 + index as u64));
        let at = record.taken_in.map(|at| push.clock.corrected(seq, at).at);
        let intake = IntakeTime { at, before };
        let timing = record.event().map(|event| Timing::new(event, &push.clock, intake, decider.next_receipt()));
        before = timing.map(|timing| timing.effective_at).or(before);
        // Only the first new record can open an epoch.
        let opening = opening_objection.take().map(|detail| previous_head_mismatch(push, detail));
        let fact = record.fact();
        let objection = record.event().and_then(|event| decider.objection_to(event, fact, revoked, None)).or(opening);
        let row = decider.decide(Incoming {
            node: push.node,
            epoch: push.epoch,
            seq,
            chain: record.chain,
            record: Cow::Borrowed(&record.record),
            event_id: record.event_id,
            body: incoming_body(record, objection),
            timing,
            prior_decision: record.prior_decision.as_ref(),
        })?;
        run.results.push(record_result(&decider.decisions[row], seq));
        writer.send_full_group(decider).await;
    }
    Ok(())
}

fn previous_head_mismatch(push: &PreparedPush, detail: String) -> Objection {
    tracing::warn!(node.id = %push.node, epoch = push.epoch.number, detail, "an epoch does not follow from the previous one");
    Objection { code: Code::PreviousHeadMismatch, detail }
}

/// The objection takes the place of one to the payload: releasing the event overrules both.
fn incoming_body(record: &PreparedRecord, objection: Option<Objection>) -> IncomingBody<'_> {
    match (&record.body, objection) {
        (Body::Known(known), Some(objection)) => {
            IncomingBody::Owned(Box::new(ParsedEvent { objection: Some(objection), ..(**known).clone() }))
        }
        (Body::Known(known), None) => IncomingBody::Known(known),
        (Body::Unreadable { event, code, detail }, _) => {
            IncomingBody::Unreadable { event: event.as_deref(), code: *code, detail }
        }
    }
}

/// Rows that are written with one statement.
type RowGroup<'a> = Vec<Arc<NewEvent<'a>>>;

const GROUP_ROWS: usize = 1_000;

/// The sending end of the channel from [`decide`] to [`append`]: Postgres inserts one group of rows while the next one is
/// decided.
///
/// The channel has no bound, because the batch itself has one: its records are in memory before the first is decided.
struct RecordWriter<'a>(mpsc::UnboundedSender<RowGroup<'a>>);

/// The receiving end; see [`RecordWriter`].
struct DecidedRows<'a>(mpsc::UnboundedReceiver<RowGroup<'a>>);

fn record_channel<'a>() -> (RecordWriter<'a>, DecidedRows<'a>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (RecordWriter(sender), DecidedRows(receiver))
}

impl<'a> RecordWriter<'a> {
    async fn send_full_group(&self, decider: &mut BatchDecider<'a>) {
        if decider.undelivered() >= GROUP_ROWS {
            self.send_undelivered(decider);
            // Lets `append` send the group, so that the database works while deciding continues.
            tokio::task::yield_now().await;
        }
    }

    fn send_undelivered(&self, decider: &mut BatchDecider<'a>) {
        if decider.undelivered() > 0 {
            // If `append` failed, nobody receives the group, and its error ends the batch.
            let _ = self.0.send(decider.deliver());
        }
    }
}

/// Step 3: inserts decided rows while others are decided. Returns the new ends of the logs.
async fn append(
    Batch { tx, tenant, .. }: Batch<'_>,
    DecidedRows(mut groups): DecidedRows<'_>,
    mut order: LogOrder,
) -> Result<LogOrder, IngestError> {
    while let Some(rows) = groups.recv().await {
        rows.iter().for_each(|row| order.follow(row));
        append_events(tx, tenant, &rows).await?;
    }
    Ok(order)
}

/// Step 4: saves everything but the log. Returns the raised node heads as stored.
async fn save(
    Batch { tx, tenant, now, .. }: Batch<'_>,
    context: &BatchContext,
    decider: &BatchDecider<'_>,
    (runs, changes): (&[JobRun<'_>], &BatchChanges<'_>),
    order: &LogOrder,
) -> Result<HashMap<(NodeId, u32), NodeHead>, StoreError> {
    let heads = raised_heads(context, decider, changes);
    heads.iter().for_each(|(node, head)| order.assert_end(*node, head));
    order.assert_head(decider.head.head);
    let head = async { if decider.rows.is_empty() { Ok(()) } else { raise_tenant(tx, tenant, decider.head).await } };
    let rulebook = async {
        if !decider.written.rulebook {
            return Ok(());
        }
        state_store::save_rulebook(tx, tenant, &decider.decision_state.rulebook, decider.head.head).await
    };
    let (_, _, raised, ..) = tokio::try_join!(
        state_store::save(tx, tenant, &context.versions, &decider.decision_state, &decider.written, &decider.past),
        head,
        raise_node(tx, tenant, &heads, now),
        insert_batches(tx, tenant, &changes.batches),
        insert_fork_records(tx, tenant, &changes.fork_records),
        rulebook,
        pin_keys(tx, tenant, changes),
    )?;
    for run in runs {
        if let JobRun::Device(run) = run {
            event_store::insert_device_ids(tx, tenant, run.drafts.node, &run.ids.assigned).await?;
        }
    }
    event_store::insert_resends(tx, tenant, &decider.resends).await?;
    decider.places.save(tx, tenant).await?;
    count_sealed(tx, tenant, &decider.security_events, now).await?;
    Ok(raised)
}

/// The heads of the logs that grew or were frozen.
fn raised_heads(
    context: &BatchContext,
    decider: &BatchDecider<'_>,
    changes: &BatchChanges<'_>,
) -> Vec<(NodeId, NodeHead)> {
    let mut heads = changes.heads.clone();
    if decider.central != context.central {
        heads.push((context.tenant.central_node, decider.central));
    }
    let grown = |(node, head): &(&NodeId, &NodeHead)| context.devices.get(node) != Some(head);
    heads.extend(decider.devices().iter().filter(grown).map(|(node, head)| (*node, *head)));
    heads
}

async fn pin_keys(tx: &Transaction<'_>, tenant: TenantId, changes: &BatchChanges<'_>) -> Result<(), StoreError> {
    for (node, key) in &changes.pinned_keys {
        event_store::pin_key(tx, tenant, *node, *key).await?;
    }
    Ok(())
}

/// Step 5: sets the results. A push is answered with the stored head of its epoch.
fn answer(runs: Vec<JobRun<'_>>, context: &BatchContext, raised: &HashMap<(NodeId, u32), NodeHead>) {
    for run in runs.into_iter().filter(|run| !run.is_refused()) {
        match run {
            JobRun::Push(PushRun { push, new, results, result, .. }) => {
                let (node, epoch) = (push.node, push.epoch.number);
                let unchanged = || context.logs.get(&node)?.epochs.get(&epoch);
                let head = raised.get(&(node, epoch)).or_else(unchanged).copied();
                *result = Some(Ok(Pushed { results, head: head.unwrap_or_else(|| push.head_at(new.end)) }));
            }
            JobRun::Drafts(DraftsRun { outcomes, result, .. }) => *result = Some(Ok(outcomes)),
            JobRun::Device(DeviceRun { outcomes, result, .. }) => *result = Some(Ok(outcomes)),
        }
    }
}

/// The durations of the steps in microseconds, for the debug log.
struct StepTimes {
    lap_begun: Instant,
    /// Waiting for the tenant's lock, and loading its context.
    locked_us: u64,
    loaded_us: u64,
    /// Deciding and appending.
    decided_us: u64,
    saved_us: u64,
}

impl StepTimes {
    fn new() -> StepTimes {
        StepTimes { lap_begun: Instant::now(), locked_us: 0, loaded_us: 0, decided_us: 0, saved_us: 0 }
    }

    /// The time since the last lap.
    fn lap(&mut self) -> u64 {
        let begun = std::mem::replace(&mut self.lap_begun, Instant::now());
        u64::try_from(self.lap_begun.duration_since(begun).as_micros()).unwrap_or(u64::MAX)
    }

    fn log(&self, tenant: TenantId, jobs: usize, records: usize) {
        tracing::debug!(
            tenant.id = %tenant, batch.jobs = jobs, batch.records = records, batch.locked_us = self.locked_us,
            batch.loaded_us = self.loaded_us, batch.decided_us = self.decided_us, batch.saved_us = self.saved_us,
            "Appended {records} records"
        );
    }
}
