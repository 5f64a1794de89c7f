//! `POST /api/sync/resolve`: the user's choice about a conflict of this desktop, made from what the user had on the screen. A choice that
//! would write over what they cannot have seen is refused with what is there now; the answer carries the result.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use comptoir_core::id::EventId;
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_core::position::Position;
use comptoir_core::state::EntityKey;
use comptoir_proto::desktop_v1::{ResolveRequest, ResolveResponse};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::payload::{fields_of, fields_value};
use comptoir_proto::problem::Problem;
use comptoir_proto::stored_v1;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::up::with_identity;
use crate::api::request::{body_bytes, expect_json};
use crate::api::{Refusal, credential};
use crate::central::Central;
use crate::conflicts::resolve::{Choice, Order, Seen, entity_now, resolve as decide};
use crate::database;
use crate::devices::device::{Contract, Device, contact};
use crate::devices::seal;
use crate::event_store;

/// Takes a choice.
pub(super) async fn resolve(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ResolveResponse>, Refusal> {
    let credential = credential(&central, &headers).await?;
    expect_json(&headers)?;
    let (bytes, _reserved) = body_bytes(&central, &headers, body, LIST_BODY_BYTES_MAX).await?;
    let bad = |error: serde_json::Error| Problem::new(ErrorCode::BadJson, error.to_string());
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
            return Err(Problem::new(ErrorCode::BadJson, detail).at("/merged").into());
        }
    };
    let device = contact(&central, &credential, &request.client_id, Contract::Desktop).await?;
    let event = seal::event_id(&device, &request.outbox_event_id)?;
    let order = Order {
        // The same choice sent twice is one choice; another one is refused.
        id: event.derived("RESOLVED"),
        choice,
        fields: merged.as_ref().map(fields_of),
        user: None,
        // A device that names no version has been shown what came with its edit, and since then what it says that it holds.
        seen: match request.server_version {
            Some(version) => Seen::Version(Position(version)),
            None => Seen::Held(device.pulled_to.unwrap_or_default()),
        },
        of_node: Some(device.node),
    };
    let resolved = match decide(&central, device.tenant, event, &order).await {
        Ok(resolved) => resolved,
        Err(problem) if problem.code == ErrorCode::PreconditionFailed.as_str() => {
            return Err(moved_on(&central, &device, event, problem).await?.into());
        }
        Err(problem) => return Err(decided_otherwise(problem, order.id).into()),
    };
    let entity_id = entity_of(&central, &device, event).await?.entity_id.to_string();
    let server_data = server_data(resolved.fields, &entity_id, resolved.version);
    Ok(Json(ResolveResponse {
        outbox_event_id: request.outbox_event_id,
        server_event_id: order.id.to_string(),
        server_version: resolved.version.0,
        server_data: to_raw_value(&server_data).map_err(bad)?,
        entity_id,
    }))
}

/// What `merged` sets. A client builds it from the `serverData` that it was given, whose `id` and `serverVersion` are no fields.
fn fields_to_keep(text: &RawValue) -> Result<Option<Map<String, Value>>, Problem> {
    let read: Option<Map<String, Value>> = serde_json::from_str(text.get())
        .map_err(|error| Problem::new(ErrorCode::BadJson, error.to_string()).at("/merged"))?;
    Ok(read.map(|mut fields| {
        fields.retain(|name, _| !matches!(name.as_str(), "id" | "serverVersion"));
        fields
    }))
}

/// The id of a choice is central's to give: where it stands for another choice, the user is told so, and not of an id.
fn decided_otherwise(problem: Problem, resolution: EventId) -> Problem {
    if problem.code != ErrorCode::EventIdReused.as_str() {
        return problem;
    }
    let detail = format!("the conflict was decided with another choice, by event {resolution}");
    Problem::new(ErrorCode::AlreadyResolved, detail).with("resolution_event_id", resolution.to_string())
}

/// What the user is to be shown before they choose again.
async fn moved_on(central: &Central, device: &Device, event: EventId, problem: Problem) -> Result<Problem, Refusal> {
    let key = entity_of(central, device, event).await?;
    let now = entity_now(central, device.tenant, &key).await.map_err(|error| error.problem())?;
    let version = now.version;
    let fields = (now.is_known() && !now.deleted).then_some(now.fields);
    let data = server_data(fields, key.entity_id.as_str(), version);
    // The entity as it was read last: it may be newer than what the choice was held to.
    Ok(problem.with("version", version.0).with("entityId", key.entity_id.to_string()).with("serverData", data))
}

/// The entity's fields with its id and version among them; null where there is none, or none any more.
fn server_data(fields: Option<BTreeMap<String, String>>, entity_id: &str, version: Position) -> Value {
    let fields =
        fields.map(|fields| fields_value(&fields.into_iter().map(|(name, value)| (name, Some(value))).collect()));
    match fields {
        Some(Value::Object(fields)) => with_identity(fields, entity_id, version.0),
        _ => Value::Null,
    }
}

/// The entity that the event is about, by its id at central.
async fn entity_of(central: &Central, device: &Device, event: EventId) -> Result<EntityKey, Refusal> {
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let row = event_store::by_event_id(&tx, device.tenant, event).await?;
    let sealed = row.and_then(|row| stored_v1::decode(&row.record).ok());
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no event {event}"));
    let content = sealed.ok_or_else(missing)?.content;
    Ok(EntityKey { entity_type: content.entity_type, entity_id: content.entity_id })
}
