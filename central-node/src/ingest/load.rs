//! What a turn knows before it judges: the tenant behind its lock, where each node's log stands, and the state that the events touch.

use std::collections::{BTreeMap, HashMap};

use comptoir_core::decision::DecisionContext;
use comptoir_core::event::Event;
use comptoir_core::fact::ParsedEvent;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rulebook::Rulebook;
use comptoir_core::rules::{PriorDecision, dependent_keys, keys_needed};
use comptoir_core::state::{DecisionState, StateKeys};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::batch::{IngestError, Job, RetryHints};
use super::decide::REFERENCE_ASSIGNED;
use super::device::DeviceIdMap;
use super::plan::JobPlan;
use super::prepare::Body;
use crate::database::{self, StoreError};
use crate::event_store::{self, NodeHead, NodeLog, SeqRange, StoredRecord, TenantHead, lock_tenant};
use crate::state_store::{self, Versions};
use crate::tenant::Tenant;

/// What is known before anything is judged.
pub(super) struct BatchContext {
    pub(super) tenant: Tenant,
    pub(super) head: TenantHead,
    pub(super) versions: Versions,
    pub(super) rulebook: Rulebook,
    pub(super) logs: HashMap<NodeId, NodeLog>,
    /// The logs that central keeps for the devices among the jobs.
    pub(super) devices: BTreeMap<NodeId, NodeHead>,
    /// Per job: the ids that central has given to a device's entities.
    pub(super) given: Vec<DeviceIdMap>,
    /// Per job: what is held at the places of its push.
    pub(super) held: Vec<Vec<StoredRecord>>,
}

pub(super) async fn load_context(
    tx: &Transaction<'_>,
    id: TenantId,
    jobs: &[Job],
) -> Result<BatchContext, IngestError> {
    database::set_tenant(tx, id).await?;
    // Whatever is read after this is as the last holder of the lock left it: each statement sees what was committed before it began.
    let head = lock_tenant(tx, id).await?.ok_or(IngestError::NoTenant(id))?;
    let pushes = || {
        jobs.iter().filter_map(|job| match job {
            Job::Push(push) => Some(push),
            Job::Drafts(_) | Job::Device(_) => None,
        })
    };
    let devices: Vec<NodeId> = jobs
        .iter()
        .filter_map(|job| match job {
            Job::Device(drafts) => Some(drafts.node),
            Job::Push(_) | Job::Drafts(_) => None,
        })
        .collect();
    let nodes: Vec<NodeId> = pushes().map(|push| push.node).chain(devices.iter().copied()).collect();
    let ranges: Vec<SeqRange> = pushes()
        .map(|push| SeqRange {
            node: push.node,
            epoch: push.epoch.number,
            first: push.first_seq,
            last: push.last_seq(),
        })
        .collect();
    let (tenant, versions, rulebook, logs, stored) = tokio::try_join!(
        Tenant::load(tx, id),
        Versions::active(tx, id),
        state_store::load_rulebook(tx, id),
        event_store::node_logs(tx, id, &nodes),
        event_store::stored_between(tx, id, &ranges),
    )?;
    let mut stored = stored.into_iter();
    let held = jobs.iter().map(|job| match job {
        Job::Push(_) => stored.next().unwrap_or_default(),
        Job::Drafts(_) | Job::Device(_) => Vec::new(),
    });
    let held = held.collect();
    let tenant = tenant.ok_or(IngestError::NoTenant(id))?;
    let open = |node: &NodeId| logs.get(node).and_then(NodeLog::open).copied();
    let devices =
        devices.iter().map(|node| (*node, open(node).unwrap_or_else(|| NodeHead::unopened(id, *node)))).collect();
    let mut given = Vec::with_capacity(jobs.len());
    for job in jobs {
        given.push(match job {
            Job::Device(drafts) => DeviceIdMap::new(event_store::device_ids(tx, id, drafts.node).await?),
            Job::Push(_) | Job::Drafts(_) => DeviceIdMap::default(),
        });
    }
    Ok(BatchContext { tenant, head, versions, rulebook, logs, devices, given, held })
}

/// The events that are new to the log, or may be.
pub(super) struct BatchKeys<'a> {
    pub(super) ids: Vec<Uuid>,
    pub(super) known: Vec<&'a ParsedEvent>,
    /// What comes with a promise.
    pub(super) promised: Vec<(&'a ParsedEvent, &'a PriorDecision)>,
}

impl<'a> BatchKeys<'a> {
    pub(super) fn of(
        jobs: &'a [Job],
        plans: &[JobPlan],
        drafted: &'a [Vec<ParsedEvent>],
        hints: &RetryHints,
    ) -> BatchKeys<'a> {
        let mut batch_keys = BatchKeys { ids: Vec::new(), known: Vec::new(), promised: Vec::new() };
        for ((job, plan), drafted) in jobs.iter().zip(plans).zip(drafted) {
            if let (Job::Push(push), JobPlan::Push { known, until, .. }) = (job, plan) {
                for record in &push.records[*known..*until] {
                    if hints.check_ids {
                        batch_keys.look_up(record.event());
                    }
                    if let Body::Known(known) = &record.body {
                        batch_keys.known.push(known);
                        batch_keys.promised.extend(record.promise.as_ref().map(|promise| (&**known, promise)));
                    }
                }
            }
            // A caller who tries a draft again is answered from the log.
            drafted.iter().for_each(|known| batch_keys.look_up(Some(&known.event)));
            if let Job::Device(drafts) = job {
                batch_keys.ids.extend(drafts.event_ids().map(|id| id.uuid()));
            }
            batch_keys.known.extend(drafted);
        }
        batch_keys
    }

    /// The event's id, and the one under which its number would come back.
    fn look_up(&mut self, event: Option<&Event>) {
        let Some(event) = event else { return };
        self.ids.push(event.id.uuid());
        if matches!(event.content.entity_type.as_str(), "INVOICE" | "QUARANTINE") {
            self.ids.push(event.id.derived(REFERENCE_ASSIGNED).uuid());
        }
    }
}

/// Loads what the events touch; what a count or a release leads to is known only once it is loaded.
pub(super) async fn load_state(
    tx: &Transaction<'_>,
    context: &BatchContext,
    batch_keys: &BatchKeys<'_>,
    local_year: i16,
) -> Result<DecisionState, StoreError> {
    let mut decision_state = DecisionState { rulebook: context.rulebook.clone(), ..DecisionState::default() };
    // Of a place, only the year decides what is touched.
    let place = DecisionContext {
        position: Position::ZERO,
        received_at: Timestamp(0),
        effective_at: Timestamp(0),
        local_year,
        site_code: None,
        by_central: false,
    };
    let mut wanted = StateKeys::default();
    for known in &batch_keys.known {
        keys_needed(known, &place, &context.rulebook, &mut wanted);
    }
    for (known, promise) in &batch_keys.promised {
        promise.touched(known, &mut wanted);
    }
    let placed: Vec<(&ParsedEvent, &DecisionContext)> = batch_keys.known.iter().map(|known| (*known, &place)).collect();
    let mut missing = wanted.clone();
    while !missing.is_empty() {
        state_store::load(tx, &context.tenant, &context.versions, &missing, &mut decision_state).await?;
        let loaded = wanted.clone();
        dependent_keys(&decision_state, &placed, &mut wanted);
        missing = wanted.without(&loaded);
    }
    Ok(decision_state)
}
