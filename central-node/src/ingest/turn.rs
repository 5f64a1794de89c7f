//! One turn: the jobs of a tenant that waited together, in one transaction. Order of things:
//!
//! 1. lock the tenant's head: from here on nobody else gives positions in it;
//! 2. look where each push stands in its node's log ([`plan`]);
//! 3. one query per table for the state that the events touch, one for ids that may count already;
//! 4. judge in memory ([`Bench`]), and write to the log what was judged while the next records are judged;
//! 5. one statement per read model, the heads. The caller commits.
//!
//! Ids that a node pushes for the first time are new, unless it was put back or somebody reuses them. So they are not looked up: the
//! index over them fails the turn where one counts already, and the turn is taken again with [`Caution::ids_may_count`].
//!
//! Never here: a statement per event, the network, a lock that is not the tenant's.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use comptoir_core::clock::{TakenIn, Timing};
use comptoir_core::decision::Code;
use comptoir_core::fact::{Known, Objection};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::sync_v1::RecordResult;
use deadpool_postgres::Transaction;
use tokio::sync::mpsc;

use super::answer::{Answer, result, stored_result};
use super::device::{DeviceDrafts, GivenIds, Reading};
use super::drafts::Drafts;
use super::ground::{Ground, News, lay_ground, load_world};
use super::judge::{Bench, Incoming, IncomingBody, JudgeError, Receipt};
use super::plan::{Changes, Plan, plan};
use super::prepare::{Body, Push};
use crate::database::StoreError;
use crate::event_store::{
    self, Batch, NewEvent, NodeHead, NodeLog, StoredPlace, append_events, insert_batches, insert_fork_records,
    raise_node, raise_tenant,
};
use crate::hand_back;
use crate::world_store;

/// What waits to be written.
#[derive(Debug)]
pub(crate) enum Job {
    /// A node's records.
    Push(Push),
    /// Drafts posted at central.
    Drafts(Drafts),
    /// Events of a device that keeps no chain.
    Device(DeviceDrafts),
}

impl Job {
    /// Whether any of it has to wait, after a restore, for what others were promised.
    pub(crate) fn has_to_wait(&self) -> bool {
        match self {
            // It is taken up to what has to wait.
            Job::Push(_) => false,
            Job::Drafts(drafts) => drafts.drafts.iter().any(|(_, fact)| hand_back::has_to_wait(fact)),
            Job::Device(drafts) => drafts
                .drafts
                .iter()
                .any(|draft| matches!(&draft.reading, Reading::Fact(fact, _) if hand_back::has_to_wait(fact))),
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
pub(crate) enum TurnError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be judged or sealed.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The tenant is gone or was never there.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
}

/// What an earlier attempt at the same jobs has taught.
#[derive(Debug, Default)]
pub(crate) struct Caution {
    /// Events that failed when they took effect: they are set apart.
    pub(crate) defects: BTreeSet<EventId>,
    /// One of the ids counts already: all of them are looked up.
    pub(crate) ids_may_count: bool,
}

/// Rows that are written together, while the next ones are judged.
const PIECE_ROWS: usize = 1_000;

/// Rows on their way to the log.
type Rows<'a> = Vec<Arc<NewEvent<'a>>>;

/// Takes the jobs, each whole or not at all. At most one push of a node may be among them.
pub(crate) async fn run(
    tx: &Transaction<'_>,
    id: TenantId,
    jobs: &[Job],
    now: Timestamp,
    caution: &Caution,
) -> Result<Vec<Answer>, TurnError> {
    let begun = Instant::now();
    let mut ground = lay_ground(tx, id, jobs).await?;
    let locked = Instant::now();
    let mut changes = Changes::default();
    let plans = plan(&mut ground, jobs, &mut changes)?;
    let central = *ground
        .logs
        .get(&ground.tenant.central_node)
        .and_then(NodeLog::open)
        .ok_or_else(|| StoreError::Damaged(format!("tenant {id}: central's own log has no epoch")))?;
    let drafted: Vec<Vec<Known>> = jobs
        .iter()
        .zip(&plans)
        .zip(&ground.given)
        .map(|((job, plan), given)| match (job, plan) {
            (Job::Drafts(drafts), Plan::Drafts) => drafts.as_known(&ground.tenant, &central),
            (Job::Device(drafts), Plan::Drafts) => drafts.as_known(&ground.tenant, given),
            _ => Vec::new(),
        })
        .collect();
    let records = jobs.iter().map(Job::records).sum();
    let receipt = Receipt::of(&ground.tenant, &ground.head, now, records);
    let news = News::of(jobs, &plans, &drafted, caution);
    let (held, world) = tokio::try_join!(
        event_store::held_events(tx, id, &news.ids),
        load_world(tx, &ground, &news, receipt.local_year)
    )?;
    let loaded = Instant::now();
    let mut bench = Bench::new(&ground.tenant, ground.head, receipt, central, world, held, &caution.defects);
    bench.keep_for_devices(ground.devices.clone());
    let mut given = std::mem::take(&mut ground.given);
    let (rows, mut judged_rows) = mpsc::unbounded_channel();
    let judging = async {
        let mut answers = Vec::with_capacity(jobs.len());
        for (((job, plan), held), given) in jobs.iter().zip(plans).zip(&ground.held).zip(&mut given) {
            answers.push(judge(&mut bench, job, plan, held, given, &mut changes, &rows).await?);
        }
        hand_over(&mut bench, &rows);
        // Nothing more comes: the writer ends when it has written what waits.
        drop(rows);
        Ok::<_, TurnError>(answers)
    };
    let writing = async {
        while let Some(rows) = judged_rows.recv().await {
            append_events(tx, id, &rows).await?;
        }
        Ok(())
    };
    let (mut answers, ()) = tokio::try_join!(judging, writing)?;
    let judged = Instant::now();
    let raised = write(tx, &ground, &bench, central, &changes, now).await?;
    for (job, given) in jobs.iter().zip(&given) {
        if let Job::Device(drafts) = job {
            event_store::insert_given_ids(tx, id, drafts.node, &given.fresh).await?;
        }
    }
    tracing::debug!(
        tenant.id = %id, turn.jobs = jobs.len(), turn.records = bench.rows.len(),
        turn.locked_us = micros(begun, locked), turn.loaded_us = micros(locked, loaded),
        turn.judged_us = micros(loaded, judged), turn.written_us = micros(judged, Instant::now()),
        "took {} records", bench.rows.len()
    );
    for (job, answer) in jobs.iter().zip(&mut answers) {
        if let (Job::Push(push), Answer::Pushed { head, .. }) = (job, answer) {
            let held = raised.get(&(push.node, push.epoch.number));
            *head = *held.or_else(|| ground.logs.get(&push.node)?.epochs.get(&push.epoch.number)).unwrap_or(head);
        }
    }
    Ok(answers)
}

fn micros(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.duration_since(from).as_micros()).unwrap_or(u64::MAX)
}

async fn judge<'a>(
    bench: &mut Bench<'a>,
    job: &'a Job,
    plan: Plan,
    held: &[StoredPlace],
    given: &mut GivenIds,
    changes: &mut Changes<'_>,
    judged: &mpsc::UnboundedSender<Rows<'a>>,
) -> Result<Answer, TurnError> {
    let first_row = bench.rows.len();
    let (answer, node, epoch, clock_offset_micros) = match (job, plan) {
        (_, Plan::Refused(problem)) => return Ok(Answer::Refused(problem)),
        (Job::Push(push), Plan::Push { known, until, strange_opening }) => {
            let answer = judge_push(bench, push, known..until, strange_opening, held, judged).await?;
            (answer, push.node, push.epoch.number, push.clock_offset_micros)
        }
        (Job::Drafts(drafts), _) => {
            let answer = Answer::Drafted(drafts.take(bench)?);
            (answer, bench.central_node(), bench.central.epoch.number, 0)
        }
        (Job::Device(drafts), _) => {
            let answer = Answer::OfDevice(drafts.take(bench, given)?);
            let epoch = bench.devices().get(&drafts.node).map_or(1, |log| log.epoch.number);
            (answer, drafts.node, epoch, drafts.clock_offset_micros)
        }
        (Job::Push(_), Plan::Drafts) => unreachable!("a push is planned as a push"),
    };
    if let (Some(first), Some(last)) = (bench.rows.get(first_row), bench.rows.last()) {
        changes.batches.push(Batch {
            first: first.position,
            last: last.position,
            node,
            epoch,
            clock_offset_micros,
            received_at: last.received_at,
            decision_chain: bench.head.decision_chain,
        });
    }
    Ok(answer)
}

async fn judge_push<'a>(
    bench: &mut Bench<'a>,
    push: &'a Push,
    new: Range<usize>,
    mut strange_opening: Option<String>,
    held: &[StoredPlace],
    judged: &mpsc::UnboundedSender<Rows<'a>>,
) -> Result<Answer, TurnError> {
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
                    IncomingBody::Owned(Box::new(Known { objection, ..(**known).clone() }))
                }
                None => IncomingBody::Known(known),
            },
            Body::Unfit { event, code, detail } => IncomingBody::Unfit { event: event.as_deref(), code: *code, detail },
        };
        let at = record.taken_in.map(|at| push.clock.corrected(seq, at).at);
        let known = TakenIn { at, before };
        let timing = record.event().map(|event| Timing::new(event, &push.clock, known, bench.next_receipt()));
        before = timing.map(|timing| timing.effective_at).or(before);
        let row = bench.take(Incoming {
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
        results.push(result(&bench.decisions[row], seq));
        if bench.waiting() >= PIECE_ROWS {
            hand_over(bench, judged);
            // The writer sends them off; then judging goes on while the database works.
            tokio::task::yield_now().await;
        }
    }
    Ok(Answer::Pushed { results, head: push.head_at(new.end) })
}

/// Passes on to the log what was judged since the last time.
fn hand_over<'a>(bench: &mut Bench<'a>, judged: &mpsc::UnboundedSender<Rows<'a>>) {
    if bench.waiting() > 0 {
        // A writer that failed no longer listens; its error ends the turn.
        let _ = judged.send(bench.hand_over());
    }
}

/// Everything but the log.
async fn write(
    tx: &Transaction<'_>,
    ground: &Ground,
    bench: &Bench<'_>,
    central: NodeHead,
    changes: &Changes<'_>,
    now: Timestamp,
) -> Result<HashMap<(NodeId, u32), NodeHead>, StoreError> {
    let id = ground.tenant.id;
    let mut heads = changes.heads.clone();
    if bench.central != central {
        heads.push((ground.tenant.central_node, bench.central));
    }
    let grown = |(node, head): &(&NodeId, &NodeHead)| ground.devices.get(node) != Some(head);
    heads.extend(bench.devices().iter().filter(grown).map(|(node, head)| (*node, *head)));
    let raise = async { if bench.rows.is_empty() { Ok(()) } else { raise_tenant(tx, id, bench.head).await } };
    let rulebook = async {
        if !bench.written.rulebook {
            return Ok(());
        }
        world_store::save_rulebook(tx, id, &bench.world.rulebook, bench.head.head).await
    };
    let pins = async {
        for (node, key) in &changes.pins {
            event_store::pin_key(tx, id, *node, *key).await?;
        }
        Ok(())
    };
    let (_, _, raised, ..) = tokio::try_join!(
        world_store::save(tx, id, &ground.versions, &bench.world, &bench.written, &bench.past),
        raise,
        raise_node(tx, id, &heads, now),
        insert_batches(tx, id, &changes.batches),
        insert_fork_records(tx, id, &changes.branches),
        rulebook,
        pins,
    )?;
    Ok(raised)
}
