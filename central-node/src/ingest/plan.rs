//! What a turn does with each of its jobs: where a push stands in its node's log, and what changes beside the log and the read models.

use std::collections::HashSet;

use comptoir_core::id::NodeId;
use comptoir_core::position::Seq;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use super::accept::{accept, strange_opening};
use super::batch::{IngestError, Job};
use super::load::BatchContext;
use super::prepare::PreparedPush;
use crate::event_store::{AppendedBatch, ForkRecord, NodeHead, NodeLog};
use crate::restore_window;

/// What is to be done with a job.
pub(super) enum JobPlan {
    /// A push: so many of its records are held already, the others are new.
    Push {
        known: usize,
        /// Up to which record it is taken: all of them, or those before the first that has to wait.
        until: usize,
        /// What is wrong with the record that opens the epoch, where it names another end of the epoch before than is held.
        strange_opening: Option<String>,
    },
    Drafts,
    Refused(Problem),
}

/// What changes beside the log and the read models.
#[derive(Default)]
pub(super) struct PlannedChanges<'a> {
    pub(super) heads: Vec<(NodeId, NodeHead)>,
    pub(super) pins: Vec<(NodeId, [u8; 32])>,
    pub(super) branches: Vec<ForkRecord<'a>>,
    pub(super) batches: Vec<AppendedBatch>,
}

pub(super) fn plan<'a>(
    context: &mut BatchContext,
    jobs: &'a [Job],
    changes: &mut PlannedChanges<'a>,
) -> Result<Vec<JobPlan>, IngestError> {
    let mut seen = HashSet::new();
    let mut plans = Vec::with_capacity(jobs.len());
    for (job, held) in jobs.iter().zip(&context.held) {
        let Job::Push(push) = job else {
            let waits = context.head.restore_window_open && job.has_to_wait();
            plans.push(if waits { JobPlan::Refused(restore_window::restore_in_progress()) } else { JobPlan::Drafts });
            continue;
        };
        assert!(seen.insert(push.node), "the queue lets one push of a node into a turn");
        let log = context.logs.get_mut(&push.node).filter(|_| push.node != context.tenant.central_node);
        let Some(log) = log else {
            let detail = format!("node {} sends no log of its own to this tenant", push.node);
            plans.push(JobPlan::Refused(Problem::new(ErrorCode::WrongNode, detail)));
            continue;
        };
        plans.push(match accept(context.tenant.id, push, log, held) {
            Ok(known) => {
                let until =
                    if context.head.restore_window_open { push.until_it_waits(known) } else { push.records.len() };
                if until == 0 {
                    plans.push(JobPlan::Refused(restore_window::restore_in_progress()));
                    continue;
                }
                let strange_opening = strange_opening(push, log);
                follow(push, known, until, log, changes);
                JobPlan::Push { known, until, strange_opening }
            }
            Err(refusal) => {
                if let Some(from) = refusal.branch_from() {
                    park_record(push, from, log, changes);
                }
                JobPlan::Refused(refusal.problem())
            }
        });
    }
    Ok(plans)
}

/// The node's log as it stands once the push is in it.
fn follow(push: &PreparedPush, known: usize, until: usize, log: &mut NodeLog, changes: &mut PlannedChanges<'_>) {
    if known == until {
        return;
    }
    let head = push.head_at(until);
    log.epochs.insert(push.epoch.number, head);
    changes.heads.push((push.node, head));
    if let (None, Some(opening)) = (log.public_key, push.opening) {
        log.public_key = Some(opening.public_key);
        changes.pins.push((push.node, opening.public_key));
    }
}

/// Keeps the branch that came second, and freezes the epoch. Once: what a frozen epoch sends later is on that node's own disk.
fn park_record<'a>(push: &'a PreparedPush, from: usize, log: &mut NodeLog, changes: &mut PlannedChanges<'a>) {
    let Some(head) = log.epochs.get_mut(&push.epoch.number).filter(|head| !head.frozen) else { return };
    tracing::error!(
        node.id = %push.node, epoch = push.epoch.number, seq = push.first_seq.0 + from as u64,
        "node {} has forked; its epoch is frozen until an operator decides", push.node
    );
    head.frozen = true;
    changes.heads.push((push.node, *head));
    let branch = (push.first_seq.0..).map(Seq).zip(&push.records).skip(from);
    changes.branches.extend(branch.map(|(seq, record)| ForkRecord {
        node: push.node,
        epoch: push.epoch,
        seq,
        chain: record.chain,
        record: &record.record,
    }));
}
