//! A person decides: `CONFLICT_RESOLVED`, sealed by central's own node.
//!
//! Order: lock the tenant, read the conflict again, compare it with what the person saw, plan, seal, commit. Nobody comes in between.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_core::event::Fields;
use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::state::EntityKey;
use comptoir_proto::api_v1::Decided;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::payload;
use comptoir_proto::problem::Problem;
use deadpool_postgres::Transaction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::history::{self, Conflict, ResolvedConflict};
use super::sides::{EntitySide, ResolutionPlan};
use crate::central::Central;
use crate::database::{self, StoreError};
use crate::event_store::lock_tenant;
use crate::ingest::DraftBatch;
use crate::tenant::Tenant;

/// What a person may choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Choice {
    /// The server's version, as it is.
    Server,
    /// The node's edits, applied to the server's version.
    Local,
    /// The server's version with the fields that the person put together.
    Merged,
}

/// What a person saw who decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ResolutionBasis {
    /// The conflict at this ETag.
    Page(String),
    /// The entity at this version.
    Version(Position),
    /// What the edit that the order names was answered with, and what came to the writer's device since, up to here: its contract names no
    /// version.
    Held(Position),
}

/// A decision, as it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct ResolutionRequest {
    /// The id of the resolution: the same again is the same decision. Where its contract names none, a conflict has one: the same choice
    /// again, by whichever edit, is the same decision, and another one comes too late.
    pub(crate) id: Option<EventId>,
    /// What was chosen.
    pub(crate) choice: Choice,
    /// Of [`Choice::Merged`]: what is set, `None` removes a field.
    pub(crate) fields: Option<Fields>,
    /// Who decides.
    pub(crate) user: Option<Name>,
    /// What the person saw.
    pub(crate) seen: ResolutionBasis,
    /// Only a conflict of this node is found.
    pub(crate) of_node: Option<NodeId>,
}

/// A decision that was written.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The edit that had opened the conflict.
    pub(crate) conflict: EventId,
    /// The event that carries the decision.
    pub(crate) resolution: EventId,
    /// The resolution, then the deletion where the person chose one.
    pub(crate) results: Vec<Decided>,
    /// The entity now.
    pub(crate) entity: EntitySnapshot,
}

/// What a conflict is about, as it stands by now.
#[derive(Debug)]
pub(crate) struct EntitySnapshot {
    /// Which entity.
    pub(crate) key: EntityKey,
    /// Its version.
    pub(crate) version: Position,
    /// Its fields; nothing where it is deleted, or was never there.
    pub(crate) fields: Option<BTreeMap<String, String>>,
    /// Every field that an edit of the conflict named.
    pub(crate) edited: BTreeSet<String>,
}

/// The id of the choice about the conflict that an edit opened, where who chooses names none.
pub(crate) fn choice_about(opener: EventId) -> EventId {
    opener.derived("RESOLVED")
}

/// Decides the conflict that an event opened or joined.
pub(crate) async fn resolve(
    central: &Central,
    tenant: TenantId,
    event: EventId,
    order: &ResolutionRequest,
) -> Result<Resolved, Problem> {
    let problem = |error: StoreError| error.problem();
    let mut connection = central.database().ingest().await.map_err(problem)?;
    let tx = database::begin(&mut connection, tenant).await.map_err(problem)?;
    lock_tenant(&tx, tenant).await.map_err(problem)?;
    let conflict = found(&tx, tenant, event, order.of_node).await?;
    let id = order.id.unwrap_or_else(|| choice_about(conflict.event));
    match &conflict.settled {
        // The same request again, after its answer was lost.
        Some(settled) if settled.by.event().id == id => (),
        Some(settled) => return Err(already(&conflict, settled)),
        None => check_seen(&conflict, event, order)?,
    }
    let outcomes = central.ingest_queue().write_in(tx, tenant, drafts_of(&conflict, order, id)?).await?;
    let results = outcomes.into_iter().collect::<Result<Vec<_>, _>>();
    let results = results.map_err(|problem| as_asked(problem, &conflict, order))?;
    let mut connection = central.database().service().await.map_err(problem)?;
    let tx = database::begin(&mut connection, tenant).await.map_err(problem)?;
    let entity = as_it_stands(&tx, tenant, &conflict).await.map_err(problem)?;
    Ok(Resolved { conflict: conflict.event, resolution: id, results, entity })
}

/// What the conflict that an event opened or joined is about.
pub(crate) async fn stands(
    central: &Central,
    tenant: TenantId,
    event: EventId,
    of_node: Option<NodeId>,
) -> Result<EntitySnapshot, Problem> {
    let problem = |error: StoreError| error.problem();
    let mut connection = central.database().service().await.map_err(problem)?;
    let tx = database::begin(&mut connection, tenant).await.map_err(problem)?;
    let conflict = found(&tx, tenant, event, of_node).await?;
    as_it_stands(&tx, tenant, &conflict).await.map_err(problem)
}

/// A refusal of the draft, in the words of who asked: the request has fields where the draft has a payload, and an id only where it names one.
fn as_asked(problem: Problem, conflict: &Conflict, order: &ResolutionRequest) -> Problem {
    match (problem.error_code(), &conflict.settled) {
        (Some(ErrorCode::EntityTooLarge), _) => problem.at("/fields"),
        (Some(ErrorCode::EventIdReused), Some(settled)) if order.id.is_none() => already(conflict, settled),
        _ => problem,
    }
}

/// The conflict, or why there is none.
pub(super) async fn found(
    tx: &Transaction<'_>,
    tenant: TenantId,
    event: EventId,
    of_node: Option<NodeId>,
) -> Result<Conflict, Problem> {
    let conflict = history::find(tx, tenant, event, of_node).await.map_err(|error| error.problem())?;
    conflict
        .ok_or_else(|| Problem::new(ErrorCode::NotFound, format!("event {event} opened no conflict and joined none")))
}

/// Refuses a decision about what is no longer so. The server's version may be taken by whoever names none: nobody loses by it what they
/// had not seen.
pub(super) fn check_seen(conflict: &Conflict, event: EventId, order: &ResolutionRequest) -> Result<(), Problem> {
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
    let EntityKey { entity_type, entity_id } = &conflict.key;
    let detail = match &order.seen {
        ResolutionBasis::Page(_) => {
            format!(
                "{entity_type} {entity_id} or the edits that wait have changed since this was read: read the conflict again"
            )
        }
        ResolutionBasis::Version(_) | ResolutionBasis::Held(_) => {
            format!("{entity_type} {entity_id} is at version {version} by now: show it, and name it with the choice")
        }
    };
    let problem = Problem::new(ErrorCode::PreconditionFailed, detail);
    Err(problem.with("version", version.0).with("etag", etag))
}

/// Refuses a second decision, and says what the first was.
pub(super) fn already(conflict: &Conflict, settled: &ResolvedConflict) -> Problem {
    let event = settled.by.event();
    let by = event.content.user.as_ref().map_or("somebody", Name::as_str);
    let detail = format!("{by} decided it at position {}: see event {}", settled.by.position(), event.id);
    Problem::new(ErrorCode::AlreadyResolved, detail)
        .with("resolution_event_id", event.id.to_string())
        .with("etag", conflict.etag())
}

/// The resolution as a draft of central's own; behind it the deletion that it may bring.
fn drafts_of(conflict: &Conflict, order: &ResolutionRequest, id: EventId) -> Result<DraftBatch, Problem> {
    let plan = conflict.plan(order.choice, order.fields.as_ref())?;
    let resolution = content(conflict, order, "CONFLICT_RESOLVED", payload_of(conflict, order.choice, &plan)?)?;
    let mut drafts = vec![read(id, resolution)?];
    if plan.deletes {
        let deletion = Content { causation: Some(id), ..content(conflict, order, "DELETE", b"{}".to_vec())? };
        drafts.push(read(id.derived("DELETE"), deletion)?);
    }
    Ok(DraftBatch { drafts, atomic: true, by_central: true, opens_epoch: false })
}

fn content(conflict: &Conflict, order: &ResolutionRequest, action: &str, payload: Vec<u8>) -> Result<Content, Problem> {
    let action = Name::new(action).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    Ok(Content {
        user: order.user.clone(),
        base_version: Some(conflict.server.version.0),
        causation: Some(conflict.event),
        ..Content::new(conflict.key.entity_type.clone(), conflict.key.entity_id.clone(), action, payload)
    })
}

/// The fields in the texts that their writers used.
fn payload_of(conflict: &Conflict, choice: Choice, plan: &ResolutionPlan) -> Result<Vec<u8>, Problem> {
    #[derive(Serialize)]
    struct Payload<'a> {
        event_id: String,
        choice: Choice,
        #[serde(skip_serializing_if = "Option::is_none")]
        fields: Option<BTreeMap<&'a str, Box<RawValue>>>,
    }
    let internal = |error: serde_json::Error| Problem::new(ErrorCode::Internal, error.to_string());
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

/// Reads a draft's payload as anybody will who reads the log.
fn read(id: EventId, content: Content) -> Result<(Draft, Fact), Problem> {
    let (fact, _) = payload::read_fact(&content.entity_type, &content.action, 1, &content.payload)
        .map_err(|error| Problem::new(ErrorCode::InvalidPayload, error.to_string()).at("/fields"))?;
    Ok((Draft { id, occurred_at: None, content }, fact))
}

async fn as_it_stands(
    tx: &Transaction<'_>,
    tenant: TenantId,
    conflict: &Conflict,
) -> Result<EntitySnapshot, StoreError> {
    let about = Tenant::load(tx, tenant).await?;
    let about = about.ok_or_else(|| StoreError::Damaged(format!("there is no tenant {tenant}")))?;
    let entity = history::entity_now(tx, &about, &conflict.key).await?;
    let side = EntitySide::side_of(&entity);
    let fields = side.lives.then_some(side.fields);
    Ok(EntitySnapshot { key: conflict.key.clone(), version: entity.version, fields, edited: conflict.edited() })
}
