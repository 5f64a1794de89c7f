//! `POST /api/sync/resolve`: the user's choice about a conflict of this desktop. A choice that would overwrite values the
//! user cannot have seen is refused, with the current entity. The response contains the result.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_core::event::Fields;
use comptoir_core::id::EventId;
use comptoir_core::limits::NDJSON_LINE_BYTES_MAX;
use comptoir_core::position::Position;
use comptoir_http_edge::{ProblemResponse, RequestBody};
use comptoir_proto::desktop_v1::{ResolveRequest, ResolveResponse};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::payload::{fields_of, fields_value};
use comptoir_proto::problem::Problem;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::up::with_identity;
use crate::api::auth::credential;
use crate::api::caller::CallerHeaders;
use crate::central::Central;
use crate::conflicts::Choice;
use crate::conflicts::resolve::{
    EntitySnapshot, ResolutionBasis, ResolutionRequest, ResolveError, Resolved, current_entity, resolve as decide,
};
use crate::devices::desktop::answer_log::{self, ChoiceMade, HeldAfter};
use crate::devices::device::{Contract, Device};
use crate::devices::seal;

pub(super) async fn resolve(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<ResolveResponse>, ProblemResponse> {
    let credential = credential(&headers);
    let bytes = body.json(NDJSON_LINE_BYTES_MAX).await?;
    let bad = |error: serde_json::Error| Problem::new(ErrorCode::MalformedBody, error.to_string());
    let request: ResolveRequest = serde_json::from_slice(&bytes).map_err(bad)?;
    let merged = match &request.merged {
        Some(text) => fields_to_keep(text)?,
        None => None,
    };
    let choice = match (request.accept_server_version, &merged) {
        (true, None) => Choice::Server,
        (false, None) => Choice::Local,
        (false, Some(_)) => Choice::Merged,
        (true, Some(_)) => {
            let detail = "merged fields go with acceptServerVersion false";
            return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/merged").into());
        }
    };
    let device = central.devices().contact_of_active(&credential, &request.client_id, Contract::Desktop).await?;
    let event = seal::event_id(&device, &request.outbox_event_id)?;
    let order = ResolutionRequest {
        // The same choice sent twice, or for another edit that waits with this one, is one choice; another one is refused.
        id: None,
        choice,
        fields: merged.as_ref().map(fields_of),
        user: device.author().map(|user| seal::name("user", &user.to_string())).transpose()?,
        // A device that names no version has been shown what came with its edit, and since then what it says that it holds.
        seen: match request.server_version {
            Some(version) => ResolutionBasis::Version(Position(version)),
            None => ResolutionBasis::Held(device.pulled_to.unwrap_or_default()),
        },
        of_node: Some(device.node),
    };
    let resolved = match decide(central.database(), central.ingest_queue(), device.tenant, event, &order).await {
        Ok(resolved) => resolved,
        Err(error) => return Err(with_current_entity(&central, &device, event, error).await?.into()),
    };
    note_choice(&central, &device, &resolved, choice).await?;
    let (entity_id, version) = (resolved.entity.key.entity_id.to_string(), resolved.entity.version);
    Ok(Json(ResolveResponse {
        outbox_event_id: request.outbox_event_id,
        server_event_id: resolved.resolution.to_string(),
        server_version: version.0,
        server_data: to_raw_value(&server_data(resolved.entity)).map_err(bad)?,
        entity_id,
    }))
}

/// Notes what the client holds of the entity now, before it is answered: later edits may be based on it.
async fn note_choice(
    central: &Central,
    device: &Device,
    resolved: &Resolved,
    choice: Choice,
) -> Result<(), ResolveError> {
    let last = resolved.results.iter().map(|decided| decided.decision.position).max().unwrap_or_default();
    let held = match choice {
        Choice::Server => HeldAfter::AtMost(resolved.seen.0),
        Choice::Local | Choice::Merged => HeldAfter::AtLeast(last),
    };
    let key = &resolved.entity.key;
    let made = ChoiceMade {
        entity_type: key.entity_type.to_string(),
        entity_id: key.entity_id.to_string(),
        position: resolved.due.0,
        held,
    };
    Ok(answer_log::note_choice((central.database(), central.clock()), device, made).await?)
}

/// What `merged` sets. A client builds it from the `serverData` that it was given, whose `id` and `serverVersion` are no fields.
fn fields_to_keep(text: &RawValue) -> Result<Option<Map<String, Value>>, Problem> {
    let read: Option<Map<String, Value>> = serde_json::from_str(text.get())
        .map_err(|error| Problem::new(ErrorCode::MalformedBody, error.to_string()).at("/merged"))?;
    Ok(read.map(|mut fields| {
        fields.retain(|name, _| !matches!(name.as_str(), "id" | "serverVersion"));
        fields
    }))
}

/// A refusal, with the entity as it is now: to be shown to the user before they choose again, or kept where somebody has chosen.
async fn with_current_entity(
    central: &Central,
    device: &Device,
    event: EventId,
    error: ResolveError,
) -> Result<Problem, ResolveError> {
    let problem = Problem::from(error);
    if !matches!(problem.error_code(), Some(ErrorCode::PreconditionFailed | ErrorCode::AlreadyResolved)) {
        return Ok(problem);
    }
    // As it was read last: it may be newer than what the choice was held to.
    let now = current_entity(central.database(), device.tenant, event, Some(device.node)).await?;
    answer_log::note_rows_given((central.database(), central.clock()), device).await?;
    let problem = problem.with("version", now.version.0).with("entityId", now.key.entity_id.to_string());
    Ok(problem.with("serverData", server_data(now)))
}

/// The entity's fields with its id and version among them; null where there is none, or none any more. What the client wrote and
/// central has not is null: who updates a row keeps what is not named.
fn server_data(entity: EntitySnapshot) -> Value {
    let Some(fields) = entity.fields else { return Value::Null };
    let absent = entity.edited.into_iter().map(|name| (name, None));
    let fields: Fields = absent.chain(fields.into_iter().map(|(name, value)| (name, Some(value)))).collect();
    match fields_value(&fields) {
        Value::Object(fields) => with_identity(fields, entity.key.entity_id.as_str(), entity.version.0),
        _ => Value::Null,
    }
}
