//! `POST /api/sync/push`: each event of a batch is handled alone. A damaged or invalid event fails, and the others continue.
//! The same batch, whole or in part, gets the same answers again, since an event counts once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, PUSH_RECORDS_MAX};
use comptoir_http_edge::{ProblemResponse, RequestBody};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::mobile_v1::{PushRequest, PushResponse, SyncEvent, checksum_fits};
use comptoir_proto::problem::Problem;
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use super::outcome::{EventOutcome, event_outcome};
use crate::api::auth::credential;
use crate::api::device_request::{body as read_body, date, event_label, session};
use crate::api::error::summary;
use crate::central::Central;
use crate::devices::device::{Contract, Device};
use crate::devices::mobile::first_validator;
use crate::devices::seal::{self, DeviceEvent};
use crate::devices::{offset, time_cursor};
use crate::identity::Credential;
use crate::ingest::DeviceDraft;
use crate::sync_log::{Direction, SyncCounts, SyncSession};

pub(super) async fn push(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Json<PushResponse>, ProblemResponse> {
    let credential = credential(&central, &headers).await?;
    let bytes = body.json(PUSH_BODY_BYTES_MAX).await?;
    let request: PushRequest = read_body(&central, credential.tenant, &bytes, Contract::Mobile, Direction::Up).await?;
    let mut sync = session(&central, credential.tenant, &request.device_id, Contract::Mobile, Direction::Up);
    sync.batch_id = Some(request.batch_id.clone());
    let taken = ingest_events(&central, &credential, &headers, request, &mut sync).await;
    sync.end(taken.as_ref().map(|(_, counts)| *counts).map_err(summary)).await;
    Ok(Json(taken?.0))
}

/// An event of the batch: its id, and its draft or the reason why there is none.
struct ParsedDraft {
    event_id: String,
    draft: Result<DeviceDraft, Problem>,
}

async fn ingest_events(
    central: &Central,
    credential: &Credential,
    headers: &HeaderMap,
    request: PushRequest,
    sync: &mut SyncSession,
) -> Result<(PushResponse, SyncCounts), Problem> {
    let count = request.events.len();
    if count > PUSH_RECORDS_MAX {
        let detail = format!("a push has at most {PUSH_RECORDS_MAX} events, got more");
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/events"));
    }
    let device = central.devices().contact(credential, &request.device_id, Contract::Mobile).await?;
    sync.is_of(device.node);
    let reader = device.clone();
    let read = tokio::task::spawn_blocking(move || {
        request.events.iter().enumerate().map(|(index, event)| read(&reader, index, event)).collect::<Vec<_>>()
    });
    let read = read.await.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let now = central.clock().now();
    let stamps = read.iter().filter_map(|read| Some(read.draft.as_ref().ok()?.occurred_at));
    sync.clock_offset_micros = offset::of_request(date(headers), now, stamps);
    let drafts = read.iter().filter_map(|read| read.draft.as_ref().ok().cloned()).collect();
    let outcomes = seal::submit(central.devices(), &device, drafts, sync.clock_offset_micros.unwrap_or(0)).await?;
    let mut outcomes = outcomes.into_iter();
    let mut response = PushResponse {
        success: true,
        acked_event_ids: Vec::new(),
        failed_events: Vec::new(),
        without_effect: Vec::new(),
        server_time: time_cursor::in_milliseconds(now),
    };
    let mut counts = SyncCounts { events: count, ..SyncCounts::default() };
    for ParsedDraft { event_id, draft } in read {
        let outcome = match draft {
            Ok(_) => match outcomes.next() {
                Some(outcome) => outcome.map_err(Problem::from),
                None => Err(Problem::new(ErrorCode::Internal, "an event was not answered")),
            },
            Err(problem) => Err(problem),
        };
        match event_outcome(outcome, &event_id, &mut counts) {
            EventOutcome::Failed(failed) => {
                response.failed_events.push(failed);
                continue;
            }
            EventOutcome::WithoutEffect(event) => response.without_effect.push(event),
            EventOutcome::Acked => {}
        }
        response.acked_event_ids.push(event_id);
    }
    response.success = response.failed_events.is_empty();
    first_validator::name_who_was_first(central.database(), credential.tenant, &mut response.failed_events).await?;
    Ok((response, counts))
}

fn read(device: &Device, index: usize, text: &RawValue) -> ParsedDraft {
    let event = match event(text) {
        Ok(event) => event,
        Err(problem) => return ParsedDraft { event_id: event_label(text, index), draft: Err(problem) },
    };
    let draft = draft(device, &event);
    ParsedDraft { event_id: event.id, draft }
}

/// An error names the invalid field.
fn event(text: &RawValue) -> Result<SyncEvent, Problem> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text.get())).map_err(|error| {
        let problem = Problem::new(ErrorCode::MalformedBody, error.inner().to_string());
        match error.path().iter().next() {
            Some(Segment::Map { key }) => problem.at(format!("/{key}")),
            _ => problem,
        }
    })
}

fn draft(device: &Device, event: &SyncEvent) -> Result<DeviceDraft, Problem> {
    let payload = event.payload.get();
    if !checksum_fits(payload, &event.checksum) {
        let detail = format!("the payload of event {} is not the one of its checksum {:?}", event.id, event.checksum);
        tracing::warn!(tenant.id = %device.tenant, node.id = %device.node, event = event.id, "{detail}");
        return Err(Problem::new(ErrorCode::ChecksumMismatch, detail).at("/checksum"));
    }
    let draft = seal::draft(
        device,
        DeviceEvent {
            id: &event.id,
            entity_type: &event.entity_type,
            entity_id: seal::name("entity_id", &event.entity_id)?,
            action: &event.action,
            user: Some(seal::name("user_id", &event.user_id.to_string())?),
            occurred_at: &event.occurred_at,
            payload,
            base_version: None,
            client_id: None,
        },
    )?;
    Ok(draft)
}
