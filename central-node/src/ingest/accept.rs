//! Checks whether a push continues its node's log, by its chain and the stored records. Pure.
//!
//! - Records that central already holds, byte for byte, are answered from their stored decisions.
//! - The records after them get the next seqs, whatever their headers name.
//! - A gap is refused with the next expected seq. Other bytes at a stored seq are a fork: the epoch is frozen, and the
//!   branch that arrived second is stored in a table of its own.

use std::collections::HashSet;

use comptoir_core::chain::genesis;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::damage::Damage;
use comptoir_proto::opening::EpochEnd;
use comptoir_proto::store_check_v1::StoreFinding;

use super::error::{IngestError, PushError, PushRefusal};
use super::job::{JobRun, PushRun};
use super::load::BatchContext;
use super::prepare::PreparedPush;
use crate::database::StoreError;
use crate::event_store::{AppendedBatch, ForkRecord, NodeHead, NodeLog, StoredRecord};
use crate::restore_window::RestoreInProgress;

/// The changes of a batch other than the log and the decision state.
#[derive(Default)]
pub(super) struct BatchChanges<'a> {
    pub(super) heads: Vec<(NodeId, NodeHead)>,
    pub(super) pinned_keys: Vec<(NodeId, [u8; 32])>,
    pub(super) fork_records: Vec<ForkRecord<'a>>,
    pub(super) batches: Vec<AppendedBatch>,
}

/// Finds the new records of each push, or refuses a job as a whole.
pub(super) fn accept_jobs<'a>(context: &BatchContext, runs: &mut [JobRun<'a>], changes: &mut BatchChanges<'a>) {
    let mut nodes = HashSet::new();
    let restoring = context.head.restore_window_open;
    for run in runs {
        match run {
            JobRun::Push(run) => {
                assert!(nodes.insert(run.push.node), "the queue puts one push of a node into a batch");
                if let Err(error) = accept_push(context, run, changes) {
                    *run.result = Some(Err(error));
                }
            }
            JobRun::Drafts(run) if restoring && run.drafts.must_wait_for_restore() => {
                *run.result = Some(Err(RestoreInProgress.into()));
            }
            JobRun::Device(run) if restoring && run.drafts.must_wait_for_restore() => {
                *run.result = Some(Err(RestoreInProgress.into()));
            }
            JobRun::Drafts(_) | JobRun::Device(_) => {}
        }
    }
}

fn accept_push<'a>(
    context: &BatchContext,
    run: &mut PushRun<'a>,
    changes: &mut BatchChanges<'a>,
) -> Result<(), PushError> {
    let push = run.push;
    let log = context.logs.get(&push.node).filter(|_| push.node != context.tenant.central_node);
    let log = log.ok_or(PushError::NoLog(push.node))?;
    check_stored(context.tenant.id, push, log, &run.held).map_err(IngestError::from)?;
    let held = accept(context.tenant.id, push, log, &run.held).inspect_err(|refusal| {
        if let Some(from) = refusal.branch_from() {
            keep_branch(push, from, log, changes);
        }
    })?;
    let until = if context.head.restore_window_open { push.waits_from(held) } else { push.records.len() };
    if until == 0 {
        return Err(RestoreInProgress.into());
    }
    run.opening_objection = opening_objection(push, log);
    run.new = held..until;
    extend_log(push, held, until, log, changes);
    Ok(())
}

/// Checks that the records stored at the push's seqs reach up to the log's head without a gap.
fn check_stored(tenant: TenantId, push: &PreparedPush, log: &NodeLog, held: &[StoredRecord]) -> Result<(), StoreError> {
    let Some(head) = log.epochs.get(&push.epoch.number) else { return Ok(()) };
    let (first, last) = (push.first_seq, push.last_seq().min(head.last_seq));
    if held.iter().map(|record| record.seq.0).eq(first.0..=last.0) {
        return Ok(());
    }
    let (expected, found) =
        (format!("{} records", (last.0 + 1).saturating_sub(first.0)), format!("{} records", held.len()));
    let (log, range) = ((push.node.uuid(), push.epoch.number), (first.0, last.0));
    let finding = StoreFinding::about_log(Damage::MissingSeqs, tenant.uuid(), log, range, expected, found);
    Err(StoreError::DamagedLog(Box::new(finding)))
}

/// Adds the node's head after the push, and with its first push its key.
fn extend_log(push: &PreparedPush, held: usize, until: usize, log: &NodeLog, changes: &mut BatchChanges<'_>) {
    if held == until {
        return;
    }
    if let Some(head) = log.epochs.get(&push.epoch.number) {
        let before = push.head_at(held);
        assert_eq!(before.last_seq, head.last_seq, "node {}: the first new record has the next seq", push.node);
        assert_eq!(before.last_chain, head.last_chain, "node {}: it is linked to the last one", push.node);
    }
    changes.heads.push((push.node, push.head_at(until)));
    if let (None, Some(opening)) = (log.public_key, push.opening) {
        changes.pinned_keys.push((push.node, opening.public_key));
    }
}

/// Stores the branch that arrived second, and freezes the epoch. Only once: later records of a frozen epoch remain on that
/// node's disk.
fn keep_branch<'a>(push: &'a PreparedPush, from: usize, log: &NodeLog, changes: &mut BatchChanges<'a>) {
    let Some(head) = log.epochs.get(&push.epoch.number).filter(|head| !head.frozen) else { return };
    tracing::error!(
        node.id = %push.node, epoch = push.epoch.number, seq = push.first_seq.0 + from as u64,
        "node {} has forked; its epoch is frozen until an operator decides", push.node
    );
    changes.heads.push((push.node, NodeHead { frozen: true, ..*head }));
    let branch = (push.first_seq.0..).map(Seq).zip(&push.records).skip(from);
    changes.fork_records.extend(branch.map(|(seq, record)| ForkRecord {
        node: push.node,
        epoch: push.epoch,
        seq,
        chain: record.chain,
        record: &record.record,
    }));
}

/// Returns how many of the push's records central already holds; the rest are new. `held` are the records stored at the
/// push's seqs, in order. [`opening_objection`] checks the previous head that an epoch's first record names.
fn accept(tenant: TenantId, push: &PreparedPush, log: &NodeLog, held: &[StoredRecord]) -> Result<usize, PushRefusal> {
    let (node, epoch) = (push.node, push.epoch.number);
    let open = log.open();
    match log.epochs.get(&epoch) {
        Some(head) => continued(push, head, open.map(|open| open.epoch), held),
        None => match open {
            Some(open) if open.epoch.number > epoch => Err(PushRefusal::Frozen {
                node,
                epoch,
                why: format!("epoch {} is open", open.epoch.number),
                keep_from: None,
            }),
            _ => opened(tenant, push, log),
        },
    }
}

/// A push into an epoch that central does not know yet.
fn opened(tenant: TenantId, push: &PreparedPush, log: &NodeLog) -> Result<usize, PushRefusal> {
    let (node, epoch) = (push.node, push.epoch.number);
    if push.first_seq != Seq(1) {
        return Err(PushRefusal::Gap { node, epoch, got: push.first_seq, expected: Seq(1) });
    }
    let expected = genesis(tenant, node, push.epoch);
    if push.previous != expected {
        return Err(PushRefusal::Beginning { node, epoch, got: push.previous, expected });
    }
    match (log.public_key, push.opening.map(|opening| opening.public_key)) {
        (Some(pinned), Some(received)) if pinned != received => {
            Err(PushRefusal::KeyChanged { node, epoch, pinned: hex::encode(pinned), received: hex::encode(received) })
        }
        _ => Ok(0),
    }
}

/// The objection to a new epoch's first record if it names another end of the previous epoch than central holds. `log` is
/// the node's log without the push.
///
/// The push is not refused: its chain is valid, and the sales in it happened. There are two causes. A node that asked for its
/// head while one of its pushes was under way names an outdated end. A node that was restored from an older copy, or whose log
/// was rewritten, names another record. A person has to find out which, so this record is quarantined and the others count.
fn opening_objection(push: &PreparedPush, log: &NodeLog) -> Option<String> {
    if log.epochs.contains_key(&push.epoch.number) {
        return None;
    }
    let end = |head: &NodeHead| EpochEnd { epoch: head.epoch, seq: head.last_seq, chain: head.last_chain };
    push.opening?.objection(log.open().map(end))
}

/// A push into an epoch that central knows.
fn continued(
    push: &PreparedPush,
    head: &NodeHead,
    open: Option<Epoch>,
    held: &[StoredRecord],
) -> Result<usize, PushRefusal> {
    let (node, epoch) = (push.node, push.epoch.number);
    let fork = |seq, held: String, received: String, from| PushRefusal::Fork { node, epoch, seq, held, received, from };
    if head.epoch.id != push.epoch.id {
        // Two copies of one disk have each opened an epoch of this number.
        return Err(fork(push.first_seq, head.epoch.id.to_string(), push.epoch.id.to_string(), 0));
    }
    let expected = head.last_seq.next();
    if push.first_seq > expected {
        return Err(PushRefusal::Gap { node, epoch, got: push.first_seq, expected });
    }
    for (at, (stored, sent)) in held.iter().zip(&push.records).enumerate() {
        assert_eq!(stored.seq.0, push.first_seq.0 + at as u64, "stored records were checked to have no gap");
        if stored.chain != sent.chain {
            return Err(fork(stored.seq, stored.chain.to_string(), sent.chain.to_string(), at));
        }
    }
    let known = held.len();
    if known == push.records.len() {
        return Ok(known);
    }
    if known == 0 && push.previous != head.last_chain {
        // The branches differ before this push begins.
        return Err(fork(head.last_seq, head.last_chain.to_string(), push.previous.to_string(), 0));
    }
    if head.frozen {
        return Err(PushRefusal::Frozen { node, epoch, why: "a fork was seen".to_owned(), keep_from: None });
    }
    match open {
        Some(open) if open.number > epoch => Err(PushRefusal::Frozen {
            node,
            epoch,
            why: format!("epoch {} is open", open.number),
            // A copy of the node continues an epoch that the original has closed: its branch is stored.
            keep_from: Some(known),
        }),
        _ => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use comptoir_core::chain::ChainHash;
    use comptoir_core::clock::ClockHistory;
    use comptoir_core::decision::Code;
    use comptoir_core::id::EventId;
    use uuid::Uuid;

    use super::super::prepare::{Body, PreparedRecord};
    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([1; 16]);
    const NODE: NodeId = NodeId::from_bytes([2; 16]);
    const EPOCH: Epoch = Epoch { number: 1, id: Uuid::from_bytes([3; 16]) };

    /// Unreadable records with these seqs.
    fn push(seqs: std::ops::RangeInclusive<u64>) -> PreparedPush {
        let record = |_| PreparedRecord {
            record: Vec::new(),
            chain: ChainHash([0; 32]),
            event_id: EventId::from_bytes([4; 16]),
            body: Body::Unreadable { event: None, code: Code::Undecodable, detail: String::new() },
            prior_decision: None,
            taken_in: None,
        };
        PreparedPush {
            node: NODE,
            epoch: EPOCH,
            first_seq: Seq(*seqs.start()),
            previous: ChainHash([0; 32]),
            records: seqs.map(record).collect(),
            opening: None,
            clock_offset_micros: 0,
            clock: ClockHistory::default(),
        }
    }

    /// A push of `seqs` to a log whose head is at `head`, of which `stored` is stored at those seqs.
    fn check(seqs: std::ops::RangeInclusive<u64>, head: u64, stored: &[u64]) -> Result<(), StoreError> {
        let head = NodeHead { epoch: EPOCH, last_seq: Seq(head), last_chain: ChainHash([0; 32]), frozen: false };
        let log = NodeLog { public_key: None, revoked_position: None, epochs: [(1, head)].into() };
        let record = |seq: &u64| StoredRecord { seq: Seq(*seq), chain: ChainHash([0; 32]), decision: Vec::new() };
        check_stored(TENANT, &push(seqs), &log, &stored.iter().map(record).collect::<Vec<_>>())
    }

    #[test]
    fn records_that_a_log_s_head_counts_and_the_store_lacks_are_damage() {
        check(1..=3, 2, &[1, 2]).expect("an overlap");
        check(2..=3, 5, &[2, 3]).expect("the same records again");
        check(3..=4, 2, &[]).expect("the next records");
        check(9..=9, 2, &[]).expect("a gap of the node's is no damage");
        for (seqs, head, stored) in [(1..=3, 2, vec![1]), (1..=3, 3, vec![1, 3]), (2..=3, 2, vec![])] {
            let damage = check(seqs, head, &stored).expect_err("missing records");
            assert!(matches!(damage, StoreError::DamagedLog(_)), "{damage}");
        }
    }
}
