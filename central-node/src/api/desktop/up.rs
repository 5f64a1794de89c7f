//! `POST /api/sync/up`: the outbox of a desktop. Each event is acknowledged, in conflict or rejected on its own. The same
//! outbox gets the same answers again.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_core::decision::Verdict;
use comptoir_core::id::{Name, TenantId};
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, PUSH_RECORDS_MAX};
use comptoir_core::time::Timestamp;
use comptoir_http_edge::{ProblemResponse, RequestBody};
use comptoir_messages::{Language, Message};
use comptoir_proto::desktop_v1::{Acknowledged, Conflict, OutboxEvent, Rejected, SyncUpRequest, SyncUpResponse};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::security_v1::SecurityKind;
use comptoir_proto::sync_v1::RecordResult;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::api::auth::credential;
use crate::api::caller::CallerHeaders;
use crate::api::device_request::{body as read_body, date, event_label, session};
use crate::api::error::summary;
use crate::central::Central;
use crate::devices::desktop::base_version::BaseVersions;
use crate::devices::desktop::client_clock::ClockReading;
use crate::devices::desktop::entity_types::EntityTypes;
use crate::devices::device::{Contract, Device};
use crate::devices::seal::{self, DeviceEvent, DeviceOutcome};
use crate::devices::{offset, time_cursor};
use crate::identity::Credential;
use crate::ingest::{DeviceDraft, DeviceResult, SecurityEvent, record_security_event, server_id};
use crate::sync_log::{Direction, SyncCounts, SyncSession};

/// Characters of an entity's id on the client.
const CLIENT_ID_CHARS_MAX: usize = 512;

pub(super) async fn up(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<SyncUpResponse>, ProblemResponse> {
    let credential = credential(&headers);
    let bytes = body.json(PUSH_BODY_BYTES_MAX).await?;
    let request: SyncUpRequest =
        read_body(&central, credential.tenant, &bytes, Contract::Desktop, Direction::Up).await?;
    let mut sync = session(&central, credential.tenant, &request.client_id, Contract::Desktop, Direction::Up);
    let taken = ingest_events(&central, &credential, &headers, &request, &mut sync).await;
    let counts = taken.as_ref().map(|response| SyncCounts {
        events: request.events.len(),
        conflicts: response.conflicts.len(),
        failed: response.rejected.len(),
    });
    sync.end(counts.map_err(summary)).await;
    Ok(Json(taken?))
}

async fn ingest_events(
    central: &Central,
    credential: &Credential,
    headers: &CallerHeaders,
    request: &SyncUpRequest,
    sync: &mut SyncSession,
) -> Result<SyncUpResponse, Problem> {
    let count = request.events.len();
    if count > PUSH_RECORDS_MAX {
        let detail = format!("an outbox has at most {PUSH_RECORDS_MAX} events a request, got more");
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/events"));
    }
    let last_sync = time_cursor::parse("lastSyncTimestamp", request.last_sync_timestamp.as_deref())?;
    let device = central.devices().contact(credential, &request.client_id, Contract::Desktop).await?;
    sync.is_of(device.node);
    let types = EntityTypes::load(central.database(), device.tenant).await?;
    let mut response = SyncUpResponse::default();
    let mut events = Vec::with_capacity(count);
    for (index, text) in request.events.iter().enumerate() {
        match read(credential, &types, index, text) {
            Ok(event) => events.push(event),
            Err(rejected) => {
                if rejected.code == ErrorCode::WrongTenant.as_str() {
                    record_foreign_tenant(central, &device, &rejected).await;
                }
                response.rejected.push(rejected);
            }
        }
    }
    let now = central.clock().now();
    let stamps: Vec<Timestamp> = events.iter().flat_map(stamps_of).collect();
    let clock = ClockReading::of_request(date(headers), now, stamps.iter().copied());
    let bases = BaseVersions::load(central.database(), &device, &events, last_sync, (clock, now)).await?;
    let mut drafts: Vec<DeviceDraft> = Vec::with_capacity(events.len());
    let mut sent: Vec<OutboxEvent> = Vec::with_capacity(events.len());
    sync.clock_offset_micros = offset::of_request(date(headers), now, stamps.into_iter());
    let clock_offset_micros = sync.clock_offset_micros.unwrap_or(0);
    for event in events {
        match draft(&device, &event, &bases) {
            Ok(draft) => {
                drafts.push(draft);
                sent.push(event);
            }
            Err(problem) => response.rejected.push(rejected(event.id, &problem)),
        }
    }
    let outcomes = seal::submit(central.devices(), &device, drafts, clock_offset_micros).await?;
    for (event, outcome) in sent.into_iter().zip(outcomes) {
        answer(&mut response, event, outcome.map_err(Problem::from));
    }
    Ok(response)
}

fn read(credential: &Credential, types: &EntityTypes, index: usize, text: &RawValue) -> Result<OutboxEvent, Rejected> {
    let event: OutboxEvent = serde_json::from_str(text.get()).map_err(|error| {
        let problem = Problem::new(ErrorCode::MalformedBody, error.to_string());
        rejected(event_label(text, index), &problem)
    })?;
    if let Err((pointer, tenant)) = is_of_tenant(credential.tenant, &event) {
        let detail = format!("the credential is of tenant {}, the event of {tenant:?}", credential.tenant);
        tracing::warn!(tenant.id = %credential.tenant, key = credential.key_id, "{detail}");
        let problem = Problem::new(ErrorCode::WrongTenant, detail).at(pointer);
        return Err(rejected(event.id, &problem));
    }
    match types.check(&event.entity_type) {
        Ok(()) => Ok(event),
        Err(unknown) => Err(rejected(event.id, &Problem::from(unknown).at("/entityType"))),
    }
}

/// Checks the tenant that an event names: itself, and in its payload, where only a tenant's id can name another one.
fn is_of_tenant(tenant: TenantId, event: &OutboxEvent) -> Result<(), (&'static str, String)> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "tenantId")]
        tenant_id: Option<Uuid>,
    }
    if Uuid::parse_str(&event.tenant_id) != Ok(tenant.uuid()) {
        return Err(("/tenantId", event.tenant_id.clone()));
    }
    let named = serde_json::from_str::<Named>(event.payload.get()).ok().and_then(|named| named.tenant_id);
    match named.filter(|named| *named != tenant.uuid()) {
        Some(other) => Err(("/payload/tenantId", other.to_string())),
        None => Ok(()),
    }
}

/// Records that an event named another tenant; the same event again is the same cause.
async fn record_foreign_tenant(central: &Central, device: &Device, rejected: &Rejected) {
    let services = (central.database(), central.ingest_queue(), central.clock());
    let event_id = rejected.outbox_event_id.as_str();
    let cause = SecurityEvent::cause(device.tenant, &["tenant", &device.node.to_string(), event_id]);
    let event = SecurityEvent::new(SecurityKind::ForeignTenant, cause, ("EVENT", event_id)).in_log(device.node);
    let user = device.author().map(|user| user.to_string());
    let event = event.by(user.as_deref()).with("detail", rejected.reason.as_str());
    record_security_event(services, device.tenant, event).await;
}

/// The times by the client's clock in an event.
fn stamps_of(event: &OutboxEvent) -> impl Iterator<Item = Timestamp> {
    let attempt = event.last_attempt_at.as_ref().and_then(Value::as_str);
    [Some(event.created_at.as_str()), attempt].into_iter().flatten().filter_map(|text| seal::occurred_at(text).ok())
}

/// The event as a draft to decide.
fn draft(device: &Device, event: &OutboxEvent, bases: &BaseVersions) -> Result<DeviceDraft, Problem> {
    let client_id = &event.entity_id;
    let fits = (1..=CLIENT_ID_CHARS_MAX).contains(&client_id.chars().count()) && !client_id.contains('\0');
    if !fits {
        let detail = format!("an entity's id has 1 to {CLIENT_ID_CHARS_MAX} characters");
        return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/entityId"));
    }
    let entity_type = seal::name("entityType", &event.entity_type)?;
    // An id that is not valid at central is replaced.
    let entity_id = Name::new(client_id).unwrap_or_else(|_| server_id(device.node, &entity_type, client_id));
    let draft = seal::draft(
        device,
        DeviceEvent {
            id: &event.id,
            entity_type: &event.entity_type,
            entity_id,
            action: event.operation.as_str(),
            user: None,
            occurred_at: &event.created_at,
            payload: event.payload.get(),
            base_version: Some(bases.of(event)),
            client_id: Some(client_id.clone()),
        },
    )?;
    Ok(DeviceDraft {
        belongs_to_other: bases.belongs_to_other(event),
        others: bases.others(event),
        row_given_since: bases.row_given_since(event),
        ..draft
    })
}

fn answer(response: &mut SyncUpResponse, event: OutboxEvent, outcome: Result<DeviceResult, Problem>) {
    let decided = match outcome {
        Ok(decided) => decided,
        Err(problem) => return response.rejected.push(rejected(event.id, &problem)),
    };
    let DeviceResult { result, entity_id } = decided;
    match DeviceOutcome::of(&result) {
        DeviceOutcome::InEffect | DeviceOutcome::HandedOver => response.acknowledged.push(Acknowledged {
            outbox_event_id: event.id,
            server_event_id: result.event_id.to_string(),
            entity_id: entity_id.to_string(),
            server_version: server_version(&result),
        }),
        DeviceOutcome::Conflict => response.conflicts.push(Conflict {
            outbox_event_id: event.id,
            code: result.code.clone().unwrap_or_else(|| result.verdict.clone()),
            reason: reason(&result, &event.local_version),
            server_data: server_data(&result, &entity_id, &event.payload),
        }),
        DeviceOutcome::Refused => response.rejected.push(Rejected {
            outbox_event_id: event.id,
            reason: refusal(&result),
            code: result.code.unwrap_or(result.verdict),
        }),
    }
}

/// The entity's version: of a newer change, if one took the event's place.
fn server_version(result: &RecordResult) -> u64 {
    held_version(result).unwrap_or(result.position)
}

fn held_version(result: &RecordResult) -> Option<u64> {
    result.resolution.as_ref()?.get("data")?.get("version")?.as_u64()
}

/// The message for the user, in French as the customer document words it.
fn reason(result: &RecordResult, local_version: &serde_json::Number) -> String {
    let version = held_version(result).unwrap_or_default().to_string();
    let message = match result.code.as_deref() {
        Some("ENTITY_DELETED") => Message::new("device-entity-deleted"),
        Some("ENTITY_EXISTS") => Message::new("device-entity-exists"),
        Some("UNKNOWN_ENTITY") => Message::new("device-unknown-entity"),
        _ => Message::new("device-version-differs").with("local", local_version.to_string()),
    };
    message.with("version", version).text(Language::French)
}

/// Why an event has no effect, or none yet, in French.
fn refusal(result: &RecordResult) -> String {
    let message = match (Verdict::parse(&result.verdict), &result.detail) {
        (Some(Verdict::Quarantined), _) => Message::new("device-quarantined"),
        (Some(Verdict::Superseded), _) => Message::new("device-superseded"),
        (_, Some(detail)) => Message::new("device-refused-because").with("detail", detail.as_str()),
        (_, None) => Message::new("device-rejected"),
    };
    message.text(Language::French)
}

/// The entity as central holds it, in one object; null if it does not exist or was deleted. Fields that the event wrote and
/// central does not have are null, since a client that updates a row leaves unnamed fields unchanged.
fn server_data(result: &RecordResult, entity_id: &Name, payload: &RawValue) -> Box<RawValue> {
    let data = result.resolution.as_ref().and_then(|resolution| resolution.get("data"));
    let fields = data.and_then(|data| data.get("fields")?.as_object());
    let shown = match (fields, held_version(result)) {
        (Some(fields), Some(version)) if !fields.is_empty() => {
            let written: BTreeMap<String, IgnoredAny> = serde_json::from_str(payload.get()).unwrap_or_default();
            let mut shown: Map<String, Value> = written.into_keys().map(|name| (name, Value::Null)).collect();
            shown.extend(fields.clone());
            with_identity(shown, entity_id.as_str(), version)
        }
        _ => Value::Null,
    };
    // A value always has a text.
    serde_json::value::to_raw_value(&shown).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Fields with `id` and `serverVersion` among them, as the document shows an entity.
pub(super) fn with_identity(mut fields: Map<String, Value>, entity_id: &str, version: u64) -> Value {
    fields.insert("id".to_owned(), json!(entity_id));
    fields.insert("serverVersion".to_owned(), json!(version));
    Value::Object(fields)
}

fn rejected(outbox_event_id: String, problem: &Problem) -> Rejected {
    Rejected { outbox_event_id, code: problem.code.clone(), reason: problem.detail.clone() }
}
