//! Loads what a batch needs before deciding: the tenant, under its lock; each node's head; and the state that the events
//! read.

use std::collections::{BTreeMap, HashMap};

use comptoir_core::decision::DecisionContext;
use comptoir_core::event::Event;
use comptoir_core::fact::ParsedEvent;
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rulebook::Rulebook;
use comptoir_core::rules::{PriorDecision, dependent_keys, keys_needed};
use comptoir_core::state::{DecisionState, StateKeys};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::decide::REFERENCE_ASSIGNED;
use super::device::DeviceIdMap;
use super::error::IngestError;
use super::job::{JobRun, RetryHints};
use super::prepare::Body;
use super::security_events::SecurityEvent;
use super::signals;
use crate::database::{self, StoreError};
use crate::event_store::{self, NodeHead, NodeLog, SeqRange, TenantHead, lock_tenant};
use crate::state_store::{self, Versions};
use crate::tenant::Tenant;

/// A tenant before the batch, read under its lock.
pub(super) struct BatchContext {
    pub(super) tenant: Tenant,
    pub(super) head: TenantHead,
    pub(super) versions: Versions,
    pub(super) rulebook: Rulebook,
    /// The logs of central's own node and of every node and device among the jobs.
    pub(super) logs: HashMap<NodeId, NodeLog>,
    /// The heads of the logs that central keeps for the devices among the jobs.
    pub(super) devices: BTreeMap<NodeId, NodeHead>,
    /// The head of central's own node.
    pub(super) central: NodeHead,
}

impl BatchContext {
    /// The position at which a node was revoked.
    pub(super) fn revoked(&self, node: NodeId) -> Option<Position> {
        self.logs.get(&node)?.revoked_position
    }
}

/// Locks the tenant, and loads its context and the stored records of each job.
pub(super) async fn load_context(
    tx: &Transaction<'_>,
    id: TenantId,
    runs: &mut [JobRun<'_>],
) -> Result<BatchContext, IngestError> {
    database::set_tenant(tx, id).await?;
    // Each statement sees what was committed before the statement began. So everything read from here on includes the changes
    // of the lock's last holder.
    let head = lock_tenant(tx, id).await?.ok_or(IngestError::NoTenant(id))?;
    let (mut nodes, mut devices, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs.iter() {
        match run {
            JobRun::Push(run) => {
                let (node, epoch) = (run.push.node, run.push.epoch.number);
                nodes.push(node);
                ranges.push(SeqRange { node, epoch, first: run.push.first_seq, last: run.push.last_seq() });
            }
            JobRun::Device(run) => {
                nodes.push(run.drafts.node);
                devices.push(run.drafts.node);
            }
            JobRun::Drafts(_) => {}
        }
    }
    let (tenant, versions, rulebook, logs, stored) = tokio::try_join!(
        Tenant::load(tx, id),
        Versions::active(tx, id),
        state_store::load_rulebook(tx, id),
        event_store::node_logs(tx, id, &nodes),
        event_store::stored_between(tx, id, &ranges),
    )?;
    let mut stored = stored.into_iter();
    for run in runs {
        match run {
            // One list per range, in order.
            JobRun::Push(run) => run.held = stored.next().unwrap_or_default(),
            JobRun::Device(run) => {
                run.ids = DeviceIdMap::new(event_store::device_ids(tx, id, run.drafts.node).await?);
            }
            JobRun::Drafts(_) => {}
        }
    }
    let tenant = tenant.ok_or(IngestError::NoTenant(id))?;
    let open = |node: &NodeId| logs.get(node).and_then(NodeLog::open).copied();
    let devices =
        devices.iter().map(|node| (*node, open(node).unwrap_or_else(|| NodeHead::unopened(id, *node)))).collect();
    let central = open(&tenant.central_node)
        .ok_or_else(|| StoreError::Damaged(format!("tenant {id}: central's own log has no epoch")))?;
    Ok(BatchContext { tenant, head, versions, rulebook, logs, devices, central })
}

/// The keys that a batch looks up before deciding.
pub(super) struct BatchKeys<'a> {
    /// Event ids that may be counted already.
    pub(super) ids: Vec<Uuid>,
    pub(super) known: Vec<&'a ParsedEvent>,
    prior_decisions: Vec<(&'a ParsedEvent, &'a PriorDecision)>,
}

impl<'a> BatchKeys<'a> {
    /// Collects the keys of the jobs that are not refused.
    pub(super) fn new(context: &BatchContext, runs: &'a mut [JobRun<'_>], hints: &RetryHints) -> BatchKeys<'a> {
        let mut keys = BatchKeys { ids: Vec::new(), known: Vec::new(), prior_decisions: Vec::new() };
        for run in runs.iter_mut().filter(|run| !run.is_refused()) {
            match run {
                JobRun::Push(run) => {
                    for record in &run.push.records[run.new.clone()] {
                        if hints.check_ids {
                            keys.look_up(record.event());
                            keys.look_up_security_events(record.event_id);
                        }
                        if let Body::Known(known) = &record.body {
                            keys.known.push(known);
                            keys.prior_decisions.extend(record.prior_decision.as_ref().map(|prior| (&**known, prior)));
                        }
                    }
                }
                JobRun::Drafts(run) => {
                    run.known = run.drafts.as_known(&context.tenant, &context.central);
                    keys.look_up_all(&run.known);
                }
                JobRun::Device(run) => {
                    run.known = run.drafts.as_known(&context.tenant, &run.ids);
                    keys.look_up_all(&run.known);
                    keys.ids.extend(run.drafts.event_ids().map(|id| id.uuid()));
                    if hints.check_ids {
                        run.drafts.event_ids().for_each(|id| keys.look_up_security_events(id));
                    }
                }
            }
        }
        keys
    }

    /// Adds the ids of drafts: a repeated draft is answered from the log.
    fn look_up_all(&mut self, drafts: &'a [ParsedEvent]) {
        drafts.iter().for_each(|known| self.look_up(Some(&known.event)));
        self.known.extend(drafts);
    }

    /// Adds the ids of the security events that a record could lead to: somebody may have used them.
    fn look_up_security_events(&mut self, record: EventId) {
        self.ids.extend(signals::KINDS.map(|kind| SecurityEvent::id_of(kind, record).uuid()));
    }

    /// Adds the event's id, and the id of the event that would assign its number.
    fn look_up(&mut self, event: Option<&Event>) {
        let Some(event) = event else { return };
        self.ids.push(event.id.uuid());
        if matches!(event.content.entity_type.as_str(), "INVOICE" | "QUARANTINE") {
            self.ids.push(event.id.derived(REFERENCE_ASSIGNED).uuid());
        }
    }
}

/// Loads the state that the events read. A stock count or a release leads to further rows, which are known only after it is
/// loaded, so loading takes one or more rounds.
pub(super) async fn load_state(
    tx: &Transaction<'_>,
    context: &BatchContext,
    keys: &BatchKeys<'_>,
    local_year: i16,
) -> Result<DecisionState, StoreError> {
    let mut decision_state = DecisionState { rulebook: context.rulebook.clone(), ..DecisionState::default() };
    // Of the decision's context, only the year affects which keys are needed.
    let decision_context = DecisionContext {
        position: Position::ZERO,
        received_at: Timestamp(0),
        effective_at: Timestamp(0),
        local_year,
        site_code: None,
        by_central: false,
    };
    let mut wanted = StateKeys::default();
    for known in &keys.known {
        keys_needed(known, &decision_context, &context.rulebook, &mut wanted);
    }
    for (known, prior) in &keys.prior_decisions {
        prior.keys_needed(known, &mut wanted);
    }
    let known_in_context: Vec<(&ParsedEvent, &DecisionContext)> =
        keys.known.iter().map(|known| (*known, &decision_context)).collect();
    let mut missing = wanted.clone();
    while !missing.is_empty() {
        state_store::load(tx, &context.tenant, &context.versions, &missing, &mut decision_state).await?;
        let loaded = wanted.clone();
        dependent_keys(&decision_state, &known_in_context, &mut wanted);
        missing = wanted.without(&loaded);
    }
    Ok(decision_state)
}
