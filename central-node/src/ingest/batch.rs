//! One turn: the jobs of a tenant that waited together, in one transaction. Order of things:
//!
//! 1. lock the tenant's head: from here on nobody else gives positions in it;
//! 2. look where each push stands in its node's log ([`plan`]);
//! 3. one query per table for the state that the events touch, one for ids that may count already;
//! 4. judge in memory ([`BatchDecider`]), and write to the log what was judged while the next records are judged;
//! 5. one statement per read model, the heads. The caller commits.
//!
//! Ids that a node pushes for the first time are new, unless it was put back or somebody reuses them. So they are not looked up: the
//! index over them fails the turn where one counts already, and the turn is taken again with [`RetryHints::check_ids`].
//!
//! Never here: a statement per event, the network, a lock that is not the tenant's.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use comptoir_core::clock::{IntakeTime, Timing};
use comptoir_core::decision::Code;
use comptoir_core::fact::{Objection, ParsedEvent};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::sync_v1::RecordResult;
use deadpool_postgres::Transaction;
use tokio::sync::mpsc;

use super::answer::{JobOutcome, result, stored_result};
use super::decide::{BatchDecider, DecideError, Incoming, IncomingBody, ReceivedAt};
use super::device::{DeviceDrafts, DeviceIdMap, PayloadReading};
use super::drafts::DraftBatch;
use super::load::{BatchContext, BatchKeys, load_context, load_state};
use super::plan::{JobPlan, PlannedChanges, plan};
use super::prepare::{Body, PreparedPush};
use crate::database::StoreError;
use crate::event_store::{
    self, AppendedBatch, NewEvent, NodeHead, NodeLog, StoredRecord, append_events, insert_batches, insert_fork_records,
    raise_node, raise_tenant,
};
use crate::restore_window;
use crate::state_store;

/// What waits to be written.
#[derive(Debug)]
pub(crate) enum Job {
    /// A node's records.
    Push(PreparedPush),
    /// Drafts posted at central.
    Drafts(DraftBatch),
    /// Events of a device that keeps no chain.
    Device(DeviceDrafts),
}

impl Job {
    /// Whether any of it has to wait, after a restore, for what others were promised.
    pub(crate) fn has_to_wait(&self) -> bool {
        match self {
            // It is taken up to what has to wait.
            Job::Push(_) => false,
            Job::Drafts(drafts) => drafts.drafts.iter().any(|(_, fact)| restore_window::must_wait_for_restore(fact)),
            Job::Device(drafts) => drafts
                .drafts
                .iter()
                .any(|draft| matches!(&draft.reading, PayloadReading::Fact(fact, _) if restore_window::must_wait_for_restore(fact))),
        }
    }

    /// How many records it brings.
    pub(crate) fn records(&self) -> usize {
        match self {
            Job::Push(push) => push.records.len(),
            Job::Drafts(drafts) => drafts.drafts.len(),
            // The first brings the record that opens the log.
            Job::Device(drafts) => drafts.drafts.len() + 1,
        }
    }
}

/// Why a turn wrote nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be judged or sealed.
    #[error(transparent)]
    Judge(#[from] DecideError),
    /// The tenant is gone or was never there.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
}

/// What an earlier attempt at the same jobs has taught.
#[derive(Debug, Default)]
pub(crate) struct RetryHints {
    /// Events that failed when they took effect: they are set apart.
    pub(crate) defects: BTreeSet<EventId>,
    /// One of the ids counts already: all of them are looked up.
    pub(crate) check_ids: bool,
}

/// Rows that are written together, while the next ones are judged.
const PIECE_ROWS: usize = 1_000;

/// Rows on their way to the log.
type RowGroup<'a> = Vec<Arc<NewEvent<'a>>>;

/// Takes the jobs, each whole or not at all. At most one push of a node may be among them.
pub(crate) async fn run_batch(
    tx: &Transaction<'_>,
    id: TenantId,
    jobs: &[Job],
    now: Timestamp,
    hints: &RetryHints,
) -> Result<Vec<JobOutcome>, IngestError> {
    let begun = Instant::now();
    let mut context = load_context(tx, id, jobs).await?;
    let locked = Instant::now();
    let mut changes = PlannedChanges::default();
    let plans = plan(&mut context, jobs, &mut changes)?;
    let central = *context
        .logs
        .get(&context.tenant.central_node)
        .and_then(NodeLog::open)
        .ok_or_else(|| StoreError::Damaged(format!("tenant {id}: central's own log has no epoch")))?;
    let drafted: Vec<Vec<ParsedEvent>> = jobs
        .iter()
        .zip(&plans)
        .zip(&context.given)
        .map(|((job, plan), given)| match (job, plan) {
            (Job::Drafts(drafts), JobPlan::Drafts) => drafts.as_known(&context.tenant, &central),
            (Job::Device(drafts), JobPlan::Drafts) => drafts.as_known(&context.tenant, given),
            _ => Vec::new(),
        })
        .collect();
    let records = jobs.iter().map(Job::records).sum();
    let receipt = ReceivedAt::of(&context.tenant, &context.head, now, records);
    let batch_keys = BatchKeys::of(jobs, &plans, &drafted, hints);
    let (held, decision_state) = tokio::try_join!(
        event_store::held_events(tx, id, &batch_keys.ids),
        load_state(tx, &context, &batch_keys, receipt.local_year)
    )?;
    let loaded = Instant::now();
    let mut decider =
        BatchDecider::new(&context.tenant, context.head, receipt, central, decision_state, held, &hints.defects);
    decider.add_device_heads(context.devices.clone());
    let mut given = std::mem::take(&mut context.given);
    let (rows, mut judged_rows) = mpsc::unbounded_channel();
    let judging = async {
        let mut answers = Vec::with_capacity(jobs.len());
        for (((job, plan), held), given) in jobs.iter().zip(plans).zip(&context.held).zip(&mut given) {
            answers.push(decide_job(&mut decider, job, plan, held, given, &mut changes, &rows).await?);
        }
        hand_over(&mut decider, &rows);
        // Nothing more comes: the writer ends when it has written what waits.
        drop(rows);
        Ok::<_, IngestError>(answers)
    };
    let writing = async {
        while let Some(rows) = judged_rows.recv().await {
            append_events(tx, id, &rows).await?;
        }
        Ok(())
    };
    let (mut answers, ()) = tokio::try_join!(judging, writing)?;
    let judged = Instant::now();
    let raised = write(tx, &context, &decider, central, &changes, now).await?;
    for (job, given) in jobs.iter().zip(&given) {
        if let Job::Device(drafts) = job {
            event_store::insert_device_ids(tx, id, drafts.node, &given.fresh).await?;
        }
    }
    tracing::debug!(
        tenant.id = %id, batch.jobs = jobs.len(), batch.records = decider.rows.len(),
        batch.locked_us = micros(begun, locked), batch.loaded_us = micros(locked, loaded),
        batch.decided_us = micros(loaded, judged), batch.written_us = micros(judged, Instant::now()),
        "took {} records", decider.rows.len()
    );
    for (job, answer) in jobs.iter().zip(&mut answers) {
        if let (Job::Push(push), JobOutcome::Pushed { head, .. }) = (job, answer) {
            let held = raised.get(&(push.node, push.epoch.number));
            *head = *held.or_else(|| context.logs.get(&push.node)?.epochs.get(&push.epoch.number)).unwrap_or(head);
        }
    }
    Ok(answers)
}

fn micros(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.duration_since(from).as_micros()).unwrap_or(u64::MAX)
}

async fn decide_job<'a>(
    decider: &mut BatchDecider<'a>,
    job: &'a Job,
    plan: JobPlan,
    held: &[StoredRecord],
    given: &mut DeviceIdMap,
    changes: &mut PlannedChanges<'_>,
    judged: &mpsc::UnboundedSender<RowGroup<'a>>,
) -> Result<JobOutcome, IngestError> {
    let first_row = decider.rows.len();
    let (answer, node, epoch, clock_offset_micros) = match (job, plan) {
        (_, JobPlan::Refused(problem)) => return Ok(JobOutcome::Refused(problem)),
        (Job::Push(push), JobPlan::Push { known, until, strange_opening }) => {
            let answer = judge_push(decider, push, known..until, strange_opening, held, judged).await?;
            (answer, push.node, push.epoch.number, push.clock_offset_micros)
        }
        (Job::Drafts(drafts), _) => {
            let answer = JobOutcome::Drafted(drafts.take(decider)?);
            (answer, decider.central_node(), decider.central.epoch.number, 0)
        }
        (Job::Device(drafts), _) => {
            let answer = JobOutcome::OfDevice(drafts.take(decider, given)?);
            let epoch = decider.devices().get(&drafts.node).map_or(1, |log| log.epoch.number);
            (answer, drafts.node, epoch, drafts.clock_offset_micros)
        }
        (Job::Push(_), JobPlan::Drafts) => unreachable!("a push is planned as a push"),
    };
    if let (Some(first), Some(last)) = (decider.rows.get(first_row), decider.rows.last()) {
        changes.batches.push(AppendedBatch {
            first: first.position,
            last: last.position,
            node,
            epoch,
            clock_offset_micros,
            received_at: last.received_at,
            decision_chain: decider.head.decision_chain,
        });
    }
    Ok(answer)
}

async fn judge_push<'a>(
    decider: &mut BatchDecider<'a>,
    push: &'a PreparedPush,
    new: Range<usize>,
    mut strange_opening: Option<String>,
    held: &[StoredRecord],
    judged: &mpsc::UnboundedSender<RowGroup<'a>>,
) -> Result<JobOutcome, IngestError> {
    let again = held.iter().take(new.start).map(|stored| stored_result(&stored.decision, stored.seq));
    let mut results: Vec<RecordResult> = again.collect::<Result<_, _>>()?;
    let mut before = None;
    for (seq, record) in (push.first_seq.0..).map(Seq).zip(&push.records).take(new.end).skip(new.start) {
        let body = match &record.body {
            Body::Known(known) => match strange_opening.take() {
                // The first record of the push, which opens the epoch.
                Some(detail) => {
                    tracing::warn!(node.id = %push.node, epoch = push.epoch.number, detail, "an epoch does not follow from the one before");
                    let objection = Some(Objection { code: Code::PreviousHeadMismatch, detail });
                    IncomingBody::Owned(Box::new(ParsedEvent { objection, ..(**known).clone() }))
                }
                None => IncomingBody::Known(known),
            },
            Body::Unfit { event, code, detail } => IncomingBody::Unfit { event: event.as_deref(), code: *code, detail },
        };
        let at = record.taken_in.map(|at| push.clock.corrected(seq, at).at);
        let known = IntakeTime { at, before };
        let timing = record.event().map(|event| Timing::new(event, &push.clock, known, decider.next_receipt()));
        before = timing.map(|timing| timing.effective_at).or(before);
        let row = decider.take(Incoming {
            node: push.node,
            epoch: push.epoch,
            seq,
            chain: record.chain,
            record: Cow::Borrowed(&record.record),
            event_id: record.event_id,
            body,
            timing,
            promise: record.promise.as_ref(),
        })?;
        results.push(result(&decider.decisions[row], seq));
        if decider.waiting() >= PIECE_ROWS {
            hand_over(decider, judged);
            // The writer sends them off; then judging goes on while the database works.
            tokio::task::yield_now().await;
        }
    }
    Ok(JobOutcome::Pushed { results, head: push.head_at(new.end) })
}

/// Passes on to the log what was judged since the last time.
fn hand_over<'a>(decider: &mut BatchDecider<'a>, judged: &mpsc::UnboundedSender<RowGroup<'a>>) {
    if decider.waiting() > 0 {
        // A writer that failed no longer listens; its error ends the turn.
        let _ = judged.send(decider.hand_over());
    }
}

/// Everything but the log.
async fn write(
    tx: &Transaction<'_>,
    context: &BatchContext,
    decider: &BatchDecider<'_>,
    central: NodeHead,
    changes: &PlannedChanges<'_>,
    now: Timestamp,
) -> Result<HashMap<(NodeId, u32), NodeHead>, StoreError> {
    let id = context.tenant.id;
    let mut heads = changes.heads.clone();
    if decider.central != central {
        heads.push((context.tenant.central_node, decider.central));
    }
    let grown = |(node, head): &(&NodeId, &NodeHead)| context.devices.get(node) != Some(head);
    heads.extend(decider.devices().iter().filter(grown).map(|(node, head)| (*node, *head)));
    let raise = async { if decider.rows.is_empty() { Ok(()) } else { raise_tenant(tx, id, decider.head).await } };
    let rulebook = async {
        if !decider.written.rulebook {
            return Ok(());
        }
        state_store::save_rulebook(tx, id, &decider.decision_state.rulebook, decider.head.head).await
    };
    let pins = async {
        for (node, key) in &changes.pins {
            event_store::pin_key(tx, id, *node, *key).await?;
        }
        Ok(())
    };
    let (_, _, raised, ..) = tokio::try_join!(
        state_store::save(tx, id, &context.versions, &decider.decision_state, &decider.written, &decider.past),
        raise,
        raise_node(tx, id, &heads, now),
        insert_batches(tx, id, &changes.batches),
        insert_fork_records(tx, id, &changes.branches),
        rulebook,
        pins,
    )?;
    Ok(raised)
}
