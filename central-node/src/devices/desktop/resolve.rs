//! `POST /api/sync/resolve`: the user's choice about a conflict of this desktop. The contract has no place for what the user had on the
//! screen, so the choice stands for whatever both sides are now; the answer carries the result.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use comptoir_core::id::EventId;
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
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
use crate::conflicts::resolve::{Choice, Order, resolve as decide};
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
        seen: None,
        of_node: Some(device.node),
    };
    let resolved = decide(&central, device.tenant, event, &order).await;
    let resolved = resolved.map_err(|problem| decided_otherwise(problem, order.id))?;
    let entity_id = entity_of(&central, &device, event).await?;
    let fields = resolved
        .fields
        .map(|fields| fields_value(&fields.into_iter().map(|(name, value)| (name, Some(value))).collect()));
    let server_data = match fields {
        Some(Value::Object(fields)) => with_identity(fields, &entity_id, resolved.version.0),
        _ => Value::Null,
    };
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

/// The entity that the event is about, by its id at central.
async fn entity_of(central: &Central, device: &Device, event: EventId) -> Result<String, Refusal> {
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let row = event_store::by_event_id(&tx, device.tenant, event).await?;
    let sealed = row.and_then(|row| stored_v1::decode(&row.record).ok());
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no event {event}"));
    Ok(sealed.ok_or_else(missing)?.content.entity_id.to_string())
}
