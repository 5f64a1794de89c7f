//! A conflict as JSON: both sides, their differences, the edits, and the decision once there is one.

use std::collections::BTreeMap;

use comptoir_core::decision::Code;
use comptoir_core::event::Fields;
use comptoir_core::id::Name;
use comptoir_core::state::Entity;
use comptoir_proto::api_v1::Decided;
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::history::{Conflict, DecidedEvent, ResolvedConflict};
use super::resolve::{EntitySnapshot, Resolved};
use super::sides::{EntitySide, FieldConflict, ResolutionPlan};
use crate::database::StoreError;

type Values = BTreeMap<String, Box<RawValue>>;

/// A conflict.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Conflict")]
pub(crate) struct ConflictDto {
    /// The edit that opened the conflict.
    event_id: Uuid,
    /// The ETag that a choice names in If-Match.
    pub(crate) etag: String,
    /// `open` or `resolved`.
    #[schemars(with = "words::ConflictState")]
    state: &'static str,
    entity_type: String,
    entity_id: String,
    /// The node whose edits wait.
    node: Uuid,
    /// The code of the conflict.
    #[schemars(with = "Option<words::DecisionCode>")]
    code: Option<&'static str>,
    /// The entity as the node had it.
    base: SideDto,
    /// The entity as central holds it, or held it when the person decided.
    server: SideDto,
    /// The server's version with the node's edits applied.
    local: SideDto,
    /// The fields in which the two sides differ.
    differences: Vec<DifferenceDto>,
    /// The edits, oldest first.
    edits: Vec<EditDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<ResolutionDto>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictSide")]
struct SideDto {
    /// The position of the last accepted change; absent for the local side, which has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// Whether the entity exists: false if it was deleted or never created.
    exists: bool,
    fields: Values,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictDifference")]
struct DifferenceDto {
    field: String,
    /// Absent if the side has no such field.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictEdit")]
struct EditDto {
    event_id: Uuid,
    position: u64,
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[schemars(with = "words::Instant")]
    occurred_at: String,
    #[schemars(with = "words::Instant")]
    received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_version: Option<u64>,
    /// The time as the writer sent it.
    fields: Box<RawValue>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictResolution")]
struct ResolutionDto {
    event_id: Uuid,
    position: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<super::sides::Choice>")]
    choice: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[schemars(with = "words::Instant")]
    decided_at: String,
    /// The fields set over the server's version; absent if the server's version stayed unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Values>,
}

/// The result that a choice would have.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictPreview")]
pub(crate) struct PreviewDto {
    exists: bool,
    fields: Values,
    /// The fields that would change in the server's version; empty if none. Null removes a field.
    changes: Values,
}

/// The decision.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictResolved")]
pub(crate) struct ResolvedDto {
    event_id: Uuid,
    /// The resolution, followed by the deletion if one was chosen.
    results: Vec<Decided>,
    /// The entity now.
    entity: EntityDto,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictEntity")]
struct EntityDto {
    version: u64,
    exists: bool,
    fields: Values,
}

/// Builds the JSON of a conflict.
pub(crate) fn conflict(conflict: &Conflict) -> Result<ConflictDto, StoreError> {
    let first = conflict.edits.first();
    Ok(ConflictDto {
        event_id: conflict.event.uuid(),
        etag: conflict.etag(),
        state: if conflict.settled.is_some() { "resolved" } else { "open" },
        entity_type: conflict.key.entity_type.to_string(),
        entity_id: conflict.key.entity_id.to_string(),
        node: conflict.node.uuid(),
        code: first.and_then(|edit| edit.decision.judgement.code).map(Code::as_str),
        base: stored_side(&conflict.base)?,
        server: stored_side(&conflict.server)?,
        local: side(&conflict.local_side(), None)?,
        differences: conflict.differences().iter().map(difference).collect::<Result<_, _>>()?,
        edits: conflict.edits.iter().map(edit).collect::<Result<_, _>>()?,
        resolution: conflict.settled.as_ref().map(resolution).transpose()?,
    })
}

/// Builds the JSON of a plan.
pub(crate) fn preview(conflict: &Conflict, plan: &ResolutionPlan) -> Result<PreviewDto, StoreError> {
    let server = conflict.server_side();
    let names = server.fields.keys().chain(plan.result.fields.keys());
    let changed = names.filter(|name| server.fields.get(*name) != plan.result.fields.get(*name));
    let change = |name: &String| (name.clone(), plan.result.fields.get(name).cloned());
    let changes: Fields = changed.map(change).collect();
    let fields = if plan.result.lives { values(&plan.result.fields)? } else { Values::new() };
    Ok(PreviewDto { exists: plan.result.lives, fields, changes: changed_values(&changes)? })
}

/// Builds the JSON of a decision.
pub(crate) fn resolved(resolved: Resolved) -> Result<ResolvedDto, StoreError> {
    let EntitySnapshot { version, fields, .. } = resolved.entity;
    let entity =
        EntityDto { version: version.0, exists: fields.is_some(), fields: values(&fields.unwrap_or_default())? };
    Ok(ResolvedDto { event_id: resolved.conflict.uuid(), results: resolved.results, entity })
}

fn stored_side(entity: &Entity) -> Result<SideDto, StoreError> {
    side(&EntitySide::side_of(entity), Some(entity.version.0))
}

fn side(side: &EntitySide, version: Option<u64>) -> Result<SideDto, StoreError> {
    Ok(SideDto { version, exists: side.lives, fields: values(&side.fields)? })
}

fn difference(difference: &FieldConflict) -> Result<DifferenceDto, StoreError> {
    let opt = |value: &Option<String>| value.as_deref().map(raw).transpose();
    Ok(DifferenceDto {
        field: difference.field.clone(),
        base: opt(&difference.base)?,
        server: opt(&difference.server)?,
        local: opt(&difference.local)?,
    })
}

fn edit(written: &DecidedEvent) -> Result<EditDto, StoreError> {
    let event = written.event();
    Ok(EditDto {
        event_id: event.id.uuid(),
        position: written.position().0,
        action: event.content.action.to_string(),
        user: event.content.user.as_ref().map(Name::to_string),
        occurred_at: instant::format(event.occurred_at),
        received_at: instant::format(written.decision.received_at),
        base_version: event.content.base_version,
        fields: raw(&String::from_utf8_lossy(&event.content.payload))?,
    })
}

fn resolution(settled: &ResolvedConflict) -> Result<ResolutionDto, StoreError> {
    let event = settled.by.event();
    let payload: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&event.content.payload)
        .map_err(|error| StoreError::Damaged(format!("event {}: {error}", event.id)))?;
    Ok(ResolutionDto {
        event_id: event.id.uuid(),
        position: settled.by.position().0,
        choice: payload.get("choice").cloned(),
        user: event.content.user.as_ref().map(Name::to_string),
        decided_at: instant::format(settled.by.decision.received_at),
        fields: settled.resolved.fields.as_ref().map(changed_values).transpose()?,
    })
}

fn values(fields: &BTreeMap<String, String>) -> Result<Values, StoreError> {
    fields.iter().map(|(name, text)| Ok((name.clone(), raw(text)?))).collect()
}

fn changed_values(fields: &Fields) -> Result<Values, StoreError> {
    fields.iter().map(|(name, text)| Ok((name.clone(), raw(text.as_deref().unwrap_or("null"))?))).collect()
}

/// A stored text as raw JSON.
fn raw(text: &str) -> Result<Box<RawValue>, StoreError> {
    RawValue::from_string(text.to_owned()).map_err(|error| StoreError::Damaged(format!("{text:?}: {error}")))
}
