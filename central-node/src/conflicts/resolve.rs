//! Resolves a conflict by a person's decision: `CONFLICT_RESOLVED`, sealed by central's own node.
//!
//! Order: lock the tenant, read the conflict again, compare it with what the person saw, plan, seal, commit. Nothing is
//! written in between.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_core::event::Fields;
use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::state::EntityKey;
use comptoir_proto::api_v1::Decided;
use comptoir_proto::payload::{self, PayloadError};
use deadpool_postgres::Transaction;
use serde::Serialize;
use serde_json::value::RawValue;

use super::history::{self, Conflict, ResolvedConflict};
use super::sides::{Choice, EntitySide, PlanError, ResolutionPlan};
use crate::database::{self, Database, StoreError};
use crate::event_store::{self, Resend, lock_tenant};
use crate::ingest::{DraftBatch, DraftRefusal, DraftsError, IngestQueue};
use crate::tenant::Tenant;

/// The state that the deciding person had seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ResolutionBasis {
    /// The conflict with this ETag.
    Page(String),
    /// The entity at this version.
    Version(Position),
    /// The answer to the edit named in the request, and what the writer's device received since, up to this position: the
    /// device's contract names no version.
    Held(Position),
}

/// A requested decision.
#[derive(Clone, Debug)]
pub(crate) struct ResolutionRequest {
    /// The id of the resolution; a retry with the same id is the same decision. If the contract has no such id, it is derived
    /// from the conflict: the same choice again, by any of its edits, is the same decision, and another choice comes too
    /// late.
    pub(crate) id: Option<EventId>,
    pub(crate) choice: Choice,
    /// For [`Choice::Merged`]: the fields to set; `None` removes a field.
    pub(crate) fields: Option<Fields>,
    pub(crate) user: Option<Name>,
    pub(crate) seen: ResolutionBasis,
    /// Limits the search to this node's conflicts.
    pub(crate) of_node: Option<NodeId>,
}

/// A stored decision.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The edit that opened the conflict.
    pub(crate) conflict: EventId,
    /// The event that contains the decision.
    pub(crate) resolution: EventId,
    /// The version of the entity that the person had certainly seen: in the request, or in the answer to the edit named there.
    pub(crate) seen: Position,
    /// The position at which the node receives the entity again: that of the resolution, or the next one if it is repeated.
    pub(crate) due: Position,
    /// The resolution, followed by the deletion if the person chose one.
    pub(crate) results: Vec<Decided>,
    pub(crate) entity: EntitySnapshot,
}

/// The current entity of a conflict.
#[derive(Debug)]
pub(crate) struct EntitySnapshot {
    pub(crate) key: EntityKey,
    pub(crate) version: Position,
    /// The fields; `None` if the entity is deleted or never existed.
    pub(crate) fields: Option<BTreeMap<String, String>>,
    /// The fields that the conflict's edits name.
    pub(crate) edited: BTreeSet<String>,
}

/// Why a conflict was not shown or resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("event {0} opened no conflict and joined none")]
    NotFound(EventId),
    /// A person has already decided the conflict.
    #[error("{by} decided it at position {position}: see event {resolution}")]
    AlreadyResolved { by: String, position: Position, resolution: EventId, etag: String },
    /// The conflict's ETag differs from the one in the request.
    #[error("{entity_type} {entity_id} or the edits that wait have changed since this was read: read the conflict again", entity_type = .key.entity_type, entity_id = .key.entity_id)]
    PageChanged { key: EntityKey, version: Position, etag: String },
    /// The entity's version differs from the one that the person saw.
    #[error("{entity_type} {entity_id} is now at version {version}: show it, and name it with the choice", entity_type = .key.entity_type, entity_id = .key.entity_id)]
    VersionChanged { key: EntityKey, version: Position, etag: String },
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The merged fields are not a valid payload.
    #[error("{0}")]
    Payload(PayloadError),
    #[error("the resolution makes no event: {0}")]
    Event(String),
    /// Nothing was written.
    #[error(transparent)]
    Write(#[from] DraftsError),
    /// The rules refuse the resolution.
    #[error(transparent)]
    Refused(DraftRefusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ResolveError {
    /// The error for a second decision about a conflict.
    pub(crate) fn already(conflict: &Conflict, settled: &ResolvedConflict) -> ResolveError {
        let event = settled.by.event();
        ResolveError::AlreadyResolved {
            by: event.content.user.as_ref().map_or("somebody", Name::as_str).to_owned(),
            position: settled.by.position(),
            resolution: event.id,
            etag: conflict.etag(),
        }
    }
}

/// The id of the choice about the conflict that an edit opened, for requests without an id.
fn choice_about(opener: EventId) -> EventId {
    opener.derived("RESOLVED")
}

/// Decides the conflict that an event opened or joined.
pub(crate) async fn resolve(
    database: &Database,
    queue: &IngestQueue,
    tenant: TenantId,
    event: EventId,
    order: &ResolutionRequest,
) -> Result<Resolved, ResolveError> {
    let mut connection = database.ingest().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let head = lock_tenant(&tx, tenant).await?;
    let next = head.map(|head| head.head.next()).unwrap_or_default();
    let conflict = found(&tx, tenant, event, order.of_node).await?;
    let id = order.id.unwrap_or_else(|| choice_about(conflict.event));
    match &conflict.settled {
        // A retry after a lost answer. Whatever the client's table has had since, the client now writes into it again.
        Some(settled) if settled.by.event().id == id => {
            let again = Resend { node: conflict.node, key: conflict.key.clone(), position: next };
            event_store::insert_resends(&tx, tenant, &[again]).await?;
        }
        Some(settled) => return Err(ResolveError::already(&conflict, settled)),
        None => check_seen(&conflict, event, order)?,
    }
    let outcomes = queue.write_in(tx, tenant, drafts_of(&conflict, order, id)?).await?;
    let results = outcomes.into_iter().collect::<Result<Vec<_>, _>>();
    let results = results.map_err(|refusal| match (&conflict.settled, refusal) {
        // A request without an id has the id derived from this conflict, whatever its choice.
        (Some(settled), DraftRefusal::IdReused(_)) if order.id.is_none() => ResolveError::already(&conflict, settled),
        (_, refusal) => ResolveError::Refused(refusal),
    })?;
    let entity = snapshot(database, tenant, &conflict).await?;
    let seen = match &order.seen {
        ResolutionBasis::Page(_) => conflict.server.version,
        ResolutionBasis::Version(version) => *version,
        ResolutionBasis::Held(_) => conflict.shown_to(event),
    };
    Ok(Resolved { conflict: conflict.event, resolution: id, seen, due: next, results, entity })
}

/// The current entity of the conflict that an event opened or joined.
pub(crate) async fn current_entity(
    database: &Database,
    tenant: TenantId,
    event: EventId,
    of_node: Option<NodeId>,
) -> Result<EntitySnapshot, ResolveError> {
    let conflict = find(database, tenant, event, of_node).await?;
    Ok(snapshot(database, tenant, &conflict).await?)
}

/// The conflict that an event opened or joined. `of_node` limits the search to a node's conflicts.
pub(crate) async fn find(
    database: &Database,
    tenant: TenantId,
    event: EventId,
    of_node: Option<NodeId>,
) -> Result<Conflict, ResolveError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    found(&tx, tenant, event, of_node).await
}

/// Returns what a choice would change about an open conflict. Nothing is written.
pub(crate) async fn preview(
    database: &Database,
    tenant: TenantId,
    event: EventId,
    order: &ResolutionRequest,
) -> Result<(Conflict, ResolutionPlan), ResolveError> {
    let conflict = find(database, tenant, event, order.of_node).await?;
    if let Some(settled) = &conflict.settled {
        return Err(ResolveError::already(&conflict, settled));
    }
    check_seen(&conflict, event, order)?;
    let plan = conflict.plan(order.choice, order.fields.as_ref())?;
    Ok((conflict, plan))
}

async fn found(
    tx: &Transaction<'_>,
    tenant: TenantId,
    event: EventId,
    of_node: Option<NodeId>,
) -> Result<Conflict, ResolveError> {
    history::find(tx, tenant, event, of_node).await?.ok_or(ResolveError::NotFound(event))
}

/// Refuses a decision about an older state of the conflict. A person who names no version may still choose the server's,
/// since nobody then loses values they had not seen.
fn check_seen(conflict: &Conflict, event: EventId, order: &ResolutionRequest) -> Result<(), ResolveError> {
    let (etag, version) = (conflict.etag(), conflict.server.version);
    let still_so = match &order.seen {
        ResolutionBasis::Page(seen) => *seen == etag,
        ResolutionBasis::Version(seen) => *seen == version,
        ResolutionBasis::Held(_) if order.choice == Choice::Server => true,
        ResolutionBasis::Held(held) => version <= conflict.shown_to(event).max(*held),
    };
    if still_so {
        return Ok(());
    }
    let key = conflict.key.clone();
    Err(match order.seen {
        ResolutionBasis::Page(_) => ResolveError::PageChanged { key, version, etag },
        ResolutionBasis::Version(_) | ResolutionBasis::Held(_) => ResolveError::VersionChanged { key, version, etag },
    })
}

/// The resolution as a draft of central's own node, followed by the deletion if the choice causes one.
fn drafts_of(conflict: &Conflict, order: &ResolutionRequest, id: EventId) -> Result<DraftBatch, ResolveError> {
    let plan = conflict.plan(order.choice, order.fields.as_ref())?;
    // Of the site of the edit that it decides about, so that lists of a site find it.
    let site = conflict.edits.first().and_then(|edit| edit.known.event.content.site);
    let resolution = content(conflict, order, "CONFLICT_RESOLVED", payload_of(conflict, order.choice, &plan)?)?;
    let resolution = Content { site, ..resolution };
    let mut drafts = vec![parse_draft(id, resolution)?];
    if plan.deletes {
        let deletion = Content { causation: Some(id), ..content(conflict, order, "DELETE", b"{}".to_vec())? };
        drafts.push(parse_draft(id.derived("DELETE"), deletion)?);
    }
    Ok(DraftBatch { drafts, atomic: true, by_central: true, opens_epoch: false })
}

fn content(
    conflict: &Conflict,
    order: &ResolutionRequest,
    action: &str,
    payload: Vec<u8>,
) -> Result<Content, ResolveError> {
    let action = Name::new(action).map_err(|error| ResolveError::Event(error.to_string()))?;
    Ok(Content {
        user: order.user.clone(),
        base_version: Some(conflict.server.version.0),
        causation: Some(conflict.event),
        ..Content::new(conflict.key.entity_type.clone(), conflict.key.entity_id.clone(), action, payload)
    })
}

/// The resolution's payload, with the fields in their writers' texts.
fn payload_of(conflict: &Conflict, choice: Choice, plan: &ResolutionPlan) -> Result<Vec<u8>, ResolveError> {
    #[derive(Serialize)]
    struct Payload<'a> {
        event_id: String,
        choice: Choice,
        #[serde(skip_serializing_if = "Option::is_none")]
        fields: Option<BTreeMap<&'a str, Box<RawValue>>>,
    }
    let internal = |error: serde_json::Error| ResolveError::Event(error.to_string());
    let raw = |(name, value): (&'_ String, &Option<String>)| {
        RawValue::from_string(value.clone().unwrap_or_else(|| "null".to_owned()))
            .map(|value| (name.clone(), value))
            .map_err(internal)
    };
    let fields: Option<Vec<(String, Box<RawValue>)>> =
        plan.fields.as_ref().map(|fields| fields.iter().map(raw).collect::<Result<_, _>>()).transpose()?;
    let fields =
        fields.as_ref().map(|fields| fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect());
    serde_json::to_vec(&Payload { event_id: conflict.event.to_string(), choice, fields }).map_err(internal)
}

/// Parses a draft's payload as every reader of the log does.
fn parse_draft(id: EventId, content: Content) -> Result<(Draft, Fact), ResolveError> {
    let (fact, _) = payload::read_fact(&content.entity_type, &content.action, 1, &content.payload)
        .map_err(ResolveError::Payload)?;
    Ok((Draft { id, occurred_at: None, content }, fact))
}

async fn snapshot(database: &Database, tenant: TenantId, conflict: &Conflict) -> Result<EntitySnapshot, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let about = Tenant::load(&tx, tenant).await?;
    let about = about.ok_or_else(|| StoreError::Damaged(format!("there is no tenant {tenant}")))?;
    let entity = history::entity_now(&tx, &about, &conflict.key).await?;
    let side = EntitySide::side_of(&entity);
    let fields = side.lives.then_some(side.fields);
    Ok(EntitySnapshot { key: conflict.key.clone(), version: entity.version, fields, edited: conflict.edited() })
}
